import { emit } from '../engine/emit.ts'
import { shownPolicies, targetHealth } from '../engine/converging.ts'
import { signedBy } from '../engine/sign.ts'
import type { EngineState } from '../engine/state.ts'
import { jittered, judgeNow } from '../engine/state.ts'
import { CoreError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { RECORD_LIMITS } from '../records/limits.ts'
import type { Beacon, Envelope, Health } from '../records/types.ts'
import { lostPeers, newlyLost } from './lost.ts'

/** This node's own beacon: on change, and at a slow jittered rate. */
export function sendBeacon(state: EngineState): void {
  state.timers.set('beacon', state.now + jittered(state, state.settings.timing.beaconMs, 0.25))
  if (!state.settings.gossip || !state.settings.beacons || !state.durable.isMember(state.self, judgeNow(state))) return
  state.beaconText = textOf(state)
  state.beaconAt = state.now
  state.beaconSeq += 1
  state.ownBeacon = makeBeacon(state).bytes
  emit(state, { type: 'gossip', bytes: state.ownBeacon })
}

/** The last one, for a neighbour who asks; the first one is sent now. Null while this node is no member. */
export function lastBeacon(state: EngineState): { readonly ageMs: number; readonly envelope: Uint8Array } | null {
  if (state.ownBeacon === null) sendBeacon(state)
  return state.ownBeacon && { ageMs: state.now - state.beaconAt, envelope: state.ownBeacon }
}

/** Soon after what it says has changed; changes of a moment go into one. */
export function beaconIfChanged(state: EngineState): void {
  state.beaconDirty = false
  if (!state.settings.beacons || textOf(state) === state.beaconText) return
  const earliest = state.beaconAt + LIMITS.beacons.spacingMs
  state.timers.soonest('beacon', Math.max(state.now + jittered(state, LIMITS.beacons.changeMs), earliest))
}

/** Facts are a convenience: they go first if it grows too long; then policies, half of the rest at a time. */
function makeBeacon(state: EngineState): Envelope<Beacon> {
  const policies = Object.entries(shownPolicies(state)).slice(0, RECORD_LIMITS.beaconPolicies)
  let facts = state.facts
  for (let count = policies.length; ;) {
    const beacon = trySeal(state, Object.fromEntries(policies.slice(0, count)), facts)
    if (beacon !== null) return beacon
    if (Object.keys(facts).length > 0) facts = {}
    else count = count >> 1
  }
}

function trySeal(state: EngineState, policies: Beacon['policies'], facts: Beacon['facts']): Envelope<Beacon> | null {
  try {
    const beacon = signedBy(state, bodyOf(state, policies, facts))
    const fits = beacon.bytes.length <= LIMITS.beacons.bytes || Object.keys(facts).length === 0
    return fits ? beacon : null
  } catch (error) {
    // Facts come from outside: they may be too many, or hold a float. An empty beacon always fits.
    if (error instanceof CoreError && (Object.keys(facts).length > 0 || Object.keys(policies).length > 0)) return null
    throw error
  }
}

function bodyOf(state: EngineState, policies: Beacon['policies'], facts: Beacon['facts']): Beacon {
  const lost = lostPeers(state)
  return {
    v: 1,
    type: 'live/beacon',
    mesh: state.ledger.env.mesh,
    key: state.self,
    crit: [],
    at: state.wall,
    instance: state.instance,
    seq: state.beaconSeq,
    agent: state.settings.agent,
    charters: state.durable.charters.inForce.map((charter) => charter.id),
    policies,
    health: healthOf(state),
    presence: state.settings.presence,
    addrs: state.addrs.slice(0, LIMITS.beacons.addrs),
    facts,
    ...(lost.length === 0 ? {} : { lost }),
  }
}

/** Worst first. */
const RANK: readonly Health[] = ['failed', 'held', 'drift', 'waiting', 'behind', 'stale', 'unknown', 'ok']

/** The worst of what its policies are in; STALE only if they are fine. */
export function healthOf(state: EngineState): Health {
  const states = new Set<Health>(Object.values(shownPolicies(state)).map((policy) => policy.state))
  for (const target of state.converging?.targets.values() ?? []) states.add(targetHealth(state, target))
  if (state.local.hold !== null) states.add('held')
  if (state.converging?.drifted === true) states.add('drift')
  if (state.stale !== null) states.add('stale')
  return RANK.find((health) => states.has(health)) ?? 'ok'
}

/** What others want to know at once when it changes: not the time, not facts. */
function textOf(state: EngineState): string {
  const tips = state.durable.charters.inForce.map((charter) => charter.id)
  return JSON.stringify([tips, shownPolicies(state), healthOf(state), state.addrs, newlyLost(state)])
}
