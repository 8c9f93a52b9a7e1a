import { lastBeacon } from '../beacons/own.ts'
import { takeHeard } from '../beacons/intake.ts'
import { isMissing } from '../beacons/lost.ts'
import { isSilent } from '../beacons/table.ts'
import { checkBytes } from '../engine/checks.ts'
import type { Candidate } from '../engine/checks.ts'
import type { EngineState } from '../engine/state.ts'
import { judgeNow } from '../engine/state.ts'
import { LIMITS } from '../limits.ts'
import { isBeacon, isLive } from '../records/guards.ts'
import type { Key } from '../records/types.ts'
import type { SyncAnswer, SyncAsk } from './frames.ts'
import type { Link } from './links.ts'

/**
 * Beacons by sync: at the end of a round a node asks for those of members that it has not heard lately. So one that
 * starts, or that gossip passed by, sees the others at once and not with their next beacons. Nothing is passed on, and a
 * beacon comes with its age: silence stays silence, however often it is told.
 */
type LiveAsk = Extract<SyncAsk, { kind: 'live' }>
type LiveAnswer = Extract<SyncAnswer, { kind: 'live' }>

/** What this node lacks and asks nobody else for at the moment, in as many questions as it takes. */
export function askLive(state: EngineState, link: Link): readonly LiveAsk[] {
  const { gossip, beacons } = state.settings
  if (!gossip || !beacons || state.now < link.liveAt + LIMITS.beacons.handMs) return []
  const members = state.ledger.members(judgeNow(state))
  if (members.length > LIMITS.beacons.table) return []
  link.liveAt = state.now
  const asked = askedNow(state)
  const keys = members
    .filter(({ state: is, peer }) => is === 'member' && peer !== state.self && !asked.has(peer))
    .map(({ peer }) => peer)
    .filter((peer) => lacks(state, peer))
  const asks: LiveAsk[] = []
  for (let at = 0; at < keys.length; at += LIMITS.beacons.asked) {
    asks.push({ kind: 'live', keys: keys.slice(at, at + LIMITS.beacons.asked) })
  }
  return asks
}

/** Half an interval late: gossip lost its last one, or it is on its way to silence. Or gone, as far as is known here. */
function lacks(state: EngineState, peer: Key): boolean {
  if (isMissing(state, peer)) return true
  const heard = state.beacons?.byKey.get(peer)
  return heard === undefined || state.now - heard.at > LIMITS.beacons.lateIntervals * state.settings.timing.beaconMs
}

function askedNow(state: EngineState): ReadonlySet<Key> {
  const asked = new Set<Key>()
  for (const { round } of state.links.awake()) {
    const asks = [...(round?.questions ?? []), ...[...(round?.flying.values() ?? [])].map(({ ask }) => ask)]
    for (const ask of asks) if (ask.kind === 'live') for (const key of ask.keys) asked.add(key)
  }
  return asked
}

/** Its own, and those that it heard and that are not silent; as many as fit into one frame. */
export function answerLive(state: EngineState, { keys }: LiveAsk): LiveAnswer {
  const heard: { ageMs: number; envelope: Uint8Array }[] = []
  let bytes = 0
  for (const key of new Set(keys)) {
    const one = heardOf(state, key)
    if (one === null) continue
    bytes += one.envelope.length
    if (heard.length > 0 && bytes > LIMITS.sync.answerBytes) return { kind: 'live', heard, more: true }
    heard.push(one)
  }
  return { kind: 'live', heard, more: false }
}

function heardOf(state: EngineState, key: Key): { ageMs: number; envelope: Uint8Array } | null {
  if (key === state.self) return lastBeacon(state)
  const known = state.beacons?.byKey.get(key)
  if (known === undefined || isSilent(state, known)) return null
  return { ageMs: state.now - known.at, envelope: known.beacon.bytes }
}

/** @returns what to ask next (null: nothing), or why the round cannot go on */
export function takeLive(
  state: EngineState,
  link: Link,
  { keys }: LiveAsk,
  { heard, more }: LiveAnswer,
): LiveAsk | null | string {
  const open = new Set(keys)
  for (const { ageMs, envelope: bytes } of heard) {
    const candidate: Candidate = { via: 'live', from: link.peer, bytes, envelope: null, hash: '' }
    if (checkBytes(state, candidate)?.result === 'reject') return 'it sent a record that is refused'
    const { envelope } = candidate
    if (envelope === null || !isLive(envelope) || !isBeacon(envelope) || !open.delete(envelope.body.key))
      return 'it told of one that was not asked for'
    takeHeard(state, link.peer, envelope, ageMs)
  }
  return more && heard.length > 0 ? { kind: 'live', keys: [...open] } : null
}
