import { emit, event } from '../engine/emit.ts'
import type { EngineState } from '../engine/state.ts'
import { judgeNow } from '../engine/state.ts'
import { LIMITS } from '../limits.ts'
import { shortId } from '../records/keys.ts'
import type { Key, LostPeer } from '../records/types.ts'
import { isClaimed } from './claims.ts'

/**
 * Neighbours that are gone. A connection ends for many reasons, so its end alone says nothing: the driver asks at the
 * peer's addresses whether anybody answers, a few times, and one that nobody reaches is named in this node's beacon, for
 * those who never were connected with it. Whoever is named and lives says so with a beacon of its own (`claims.ts`), as
 * in SWIM (Das, Gupta, Motivala 2002, section 4.2); so a broken link alone makes nobody down.
 */
export interface Lost {
  readonly since: number
  /** When to ask next; Infinity while an answer is awaited or no more is asked. */
  due: number
  failures: number
  /** Since when it counts as gone; null: not yet. */
  goneAt: number | null
}

export function lostLink(state: EngineState, peer: Key): void {
  const { gossip, beacons } = state.settings
  if (!gossip || !beacons || !state.ledger.isMember(peer, judgeNow(state))) return
  state.lost ??= new Map()
  const { lost } = state
  lost.delete(peer)
  const oldest = lost.size >= LIMITS.lost.table ? lost.keys().next().value : undefined
  if (oldest !== undefined) lost.delete(oldest)
  lost.set(peer, { since: state.now, due: state.now + LIMITS.lost.firstMs, failures: 0, goneAt: null })
  state.timers.soonest('lost', state.now + LIMITS.lost.firstMs)
}

/** It is connected again, or otherwise known to live. */
export function foundAgain(state: EngineState, peer: Key): void {
  const entry = state.lost?.get(peer)
  if (entry === undefined) return
  state.lost?.delete(peer)
  if (state.lost?.size === 0) state.lost = null
  if (entry.goneAt === null) return
  state.beaconDirty = true
  event(state, 'info', 'found', `${nameFor(state, peer)}, which was gone, is back.`, { peer })
}

/**
 * The first connection after this node had none: it was cut off itself (a laptop that slept, a cable), and what it found
 * out about others meanwhile says nothing of them.
 */
export function askAnew(state: EngineState): void {
  if (state.lost === null) return
  const due = state.now + LIMITS.lost.firstMs
  for (const [peer, { goneAt }] of state.lost) {
    if (goneAt !== null) state.beaconDirty = true
    state.lost.set(peer, { since: state.now, due, failures: 0, goneAt: null })
  }
  state.timers.soonest('lost', due)
}

/** A new beacon: it lives, unless that was said before its connection ended and was only late. */
export function heardOfLost(state: EngineState, peer: Key, at: number): void {
  const entry = state.lost?.get(peer)
  if (entry !== undefined && at > entry.since + LIMITS.lost.lateMs) foundAgain(state, peer)
}

/** The alarm: asks for those whose time has come. */
export function askForLost(state: EngineState): void {
  for (const [peer, entry] of state.lost ?? []) {
    if (entry.goneAt !== null && state.now - entry.goneAt > forgetMs(state)) state.lost?.delete(peer)
    if (entry.due > state.now) continue
    entry.due = Number.POSITIVE_INFINITY
    emit(state, { type: 'probe', peer })
  }
  arm(state)
}

/** @param reachable null: no address of it is known, so that nobody can ask */
export function probed(state: EngineState, peer: Key, reachable: boolean | null): void {
  const entry = state.lost?.get(peer)
  if (entry === undefined || entry.goneAt !== null) return
  // The connection ended, and somebody is there: it let this node go, or comes back by itself.
  if (reachable === true) return foundAgain(state, peer)
  if (reachable === false) entry.failures += 1
  const { failures, goneMs, silentMs, againMs } = LIMITS.lost
  const forMs = state.now - entry.since
  const gone = entry.failures >= failures ? forMs >= goneMs : forMs >= silentMs
  if (!gone) {
    entry.due = state.now + againMs
    return arm(state)
  }
  entry.goneAt = state.now
  state.beaconDirty = true
  state.timers.soonest('lost', state.now + forgetMs(state) + 1)
  const name = nameFor(state, peer)
  event(state, 'info', 'lost', `${name} is gone: its connection ended, and nobody answers there.`, { peer })
}

function nameFor(state: EngineState, peer: Key): string {
  return state.ledger.nameOf(peer, judgeNow(state)) ?? shortId(peer)
}

/** By then its silence says it. */
function forgetMs(state: EngineState): number {
  return 2 * LIMITS.beacons.downIntervals * state.settings.timing.beaconMs
}

function arm(state: EngineState): void {
  for (const { due } of state.lost?.values() ?? [])
    if (due !== Number.POSITIVE_INFINITY) state.timers.soonest('lost', due)
  if (state.lost?.size === 0) state.lost = null
}

export function isGone(state: EngineState, peer: Key): boolean {
  const goneAt = state.lost?.get(peer)?.goneAt ?? null
  return goneAt !== null && state.now - goneAt >= LIMITS.lost.graceMs
}

/** This node or another one says that it is gone, believed or not. */
export function isMissing(state: EngineState, peer: Key): boolean {
  return (state.lost?.get(peer)?.goneAt ?? null) !== null || (state.claims?.has(peer) ?? false)
}

/** For this node's beacon: the last ones first. */
export function lostPeers(state: EngineState): readonly LostPeer[] {
  const gone = [...(state.lost ?? [])].filter(([peer, { goneAt }]) => {
    return goneAt !== null && state.ledger.isMember(peer, judgeNow(state))
  })
  return gone
    .toReversed()
    .slice(0, LIMITS.lost.named)
    .map(([key]) => ({ key, at: state.beacons?.byKey.get(key)?.beacon.body.at ?? 0 }))
}

/** Those of them that nobody else has named: worth a beacon at once. */
export function newlyLost(state: EngineState): readonly Key[] {
  return lostPeers(state).flatMap(({ key, at }) => (isClaimed(state, key, at) ? [] : key))
}
