import { emit, event } from '../engine/emit.ts'
import { openGap } from '../engine/gaps.ts'
import { hold } from '../engine/holding.ts'
import type { Verdict } from '../engine/checks.ts'
import type { EngineState } from '../engine/state.ts'
import { judgeNow } from '../engine/state.ts'
import { LIMITS } from '../limits.ts'
import { isBeacon } from '../records/guards.ts'
import type { Beacon, Envelope, Key, LiveBody } from '../records/types.ts'
import { noteForRollouts } from '../rollout/gate.ts'
import { scheduleSync } from '../sync/schedule.ts'
import { tellChange } from './changes.ts'
import { noteClaims } from './claims.ts'
import { noteInstance } from './doubles.ts'
import { heardOfLost } from './lost.ts'
import { isNewer, passOn, putBeacon } from './table.ts'

/** What is live: relayed and kept while fresh, never stored. Its signature is checked. */
const IGNORE: Verdict = { result: 'ignore', code: null }
const ACCEPT: Verdict = { result: 'accept', code: null }

export function takeBeacon(state: EngineState, from: Key | null, envelope: Envelope<LiveBody>): Verdict {
  const { key } = envelope.body
  if (key === state.self) {
    if (isBeacon(envelope)) watchForClone(state, envelope.body)
    return IGNORE
  }
  if (!isKnownPeer(state, key)) {
    hold(state, envelope, from, [])
    scheduleSync(state, from)
    return { result: 'ignore', code: 'E_UNKNOWN_KEY' }
  }
  if (Math.abs(envelope.body.at - judgeNow(state)) > LIMITS.beacons.ageMs) return { result: 'ignore', code: 'E_FUTURE' }
  if (!isBeacon(envelope)) return passOn(state, envelope.id) ? ACCEPT : IGNORE
  return note(state, from, envelope, state.now) ? ACCEPT : IGNORE
}

/** One that a neighbour heard some time ago. It is not passed on, and counts as old as it is. */
export function takeHeard(state: EngineState, from: Key, envelope: Envelope<Beacon>, ageMs: number): void {
  const { key, at } = envelope.body
  if (key === state.self || !isKnownPeer(state, key)) return
  if (Math.abs(at - judgeNow(state)) <= LIMITS.beacons.ageMs) note(state, from, envelope, state.now - ageMs)
}

/** False: a newer one is here. */
function note(state: EngineState, from: Key | null, envelope: Envelope<Beacon>, at: number): boolean {
  const { key, addrs } = envelope.body
  const known = state.beacons?.byKey.get(key)
  if (known !== undefined && !isNewer(envelope.body, known.beacon.body, judgeNow(state))) return false
  putBeacon(state, envelope, at)
  noteInstance(state, known?.beacon.body, envelope.body, at)
  heardOfLost(state, key, at)
  noteClaims(state, known?.beacon.body, envelope.body)
  tellChange(state, known?.beacon.body ?? null, envelope.body)
  noteForRollouts(state, known?.beacon.body, envelope.body)
  noteCharters(state, from, envelope.body)
  if (known === undefined || known.beacon.body.addrs.join() !== addrs.join()) learnAddrs(state, envelope.body)
  return true
}

function isKnownPeer(state: EngineState, key: Key): boolean {
  return state.ledger.isMember(key, judgeNow(state)) || (state.presented?.has(key) ?? false)
}

/** Charters are announced here, and fetched by sync. */
function noteCharters(state: EngineState, from: Key | null, beacon: Beacon): void {
  const lacking = beacon.charters.filter((id) => !state.ledger.has(id))
  for (const id of lacking) openGap(state, id, null)
  if (lacking.length > 0) scheduleSync(state, from)
}

function learnAddrs(state: EngineState, { key, addrs }: Beacon): void {
  if (addrs.length === 0 || state.links.has(key)) return
  emit(state, { type: 'dial', peer: key, addrs, hurry: state.links.size < LIMITS.sync.neighbours })
}

/**
 * Another daemon speaks with our key. Beacons of our own last life may still be about, so only what was said after this
 * start counts, or (its clock may be wrong) what is still said a minute after it.
 */
function watchForClone(state: EngineState, beacon: Beacon): void {
  if (state.cloned || beacon.instance === state.instance) return
  const grace = state.startedAt + state.settings.timing.beaconMs
  if (beacon.at <= state.startedAt && state.now <= grace) return
  state.cloned = true
  event(
    state,
    'error',
    'cloned',
    'Another daemon works with the key of this node (a copied state folder?). Nothing is published from here any more: make a new key on one of the two with `chorus join` and a new invite.',
    { code: 'E_CLONED', instance: beacon.instance, addrs: beacon.addrs },
  )
}
