import { event } from '../engine/emit.ts'
import type { EngineState } from '../engine/state.ts'
import { aheadOfWall, jittered, judgeNow } from '../engine/state.ts'
import { LIMITS } from '../limits.ts'
import type { Beacon, Key } from '../records/types.ts'
import { isSilent } from './table.ts'
import type { Heard } from './table.ts'

/**
 * What members say of others in their beacons: "my connection with it ended, and nobody answers there; the last that I
 * heard of it was said at `at`, by its own clock". Any newer beacon of the one who is named ends the claim; it has
 * `graceMs` for that before anybody believes it.
 */
export interface Claim {
  readonly since: number
  /** Who says so, and after which beacon. */
  readonly by: Map<Key, number>
}

/** A beacon came in the place of another one of the same node. */
export function noteClaims(state: EngineState, before: Beacon | undefined, now: Beacon): void {
  endClaims(state, now)
  const named = new Set((now.lost ?? []).map(({ key }) => key))
  for (const { key } of before?.lost ?? []) if (!named.has(key)) withdraw(state, key, now.key)
  for (const { key, at } of now.lost ?? []) {
    if (at > judgeNow(state) + LIMITS.intake.futureMs) continue
    if (key === state.self) speakUp(state, at)
    else claim(state, key, at, now.key)
  }
}

/** The one who is named lives: it sends a beacon soon, unless one that says so is on its way already. */
function speakUp(state: EngineState, at: number): void {
  if (at < state.beaconAt - aheadOfWall(state) && state.now - state.beaconAt < LIMITS.beacons.spacingMs) return
  const earliest = state.beaconAt + LIMITS.beacons.spacingMs
  state.timers.soonest('beacon', Math.max(state.now + jittered(state, LIMITS.beacons.changeMs), earliest))
}

function claim(state: EngineState, key: Key, at: number, by: Key): void {
  const known = state.beacons?.byKey.get(key)?.beacon.body.at
  if (known !== undefined && known > at) return
  state.claims ??= new Map()
  let one = state.claims.get(key)
  if (one === undefined) {
    const oldest = state.claims.size >= LIMITS.lost.table ? state.claims.keys().next().value : undefined
    if (oldest !== undefined) state.claims.delete(oldest)
    one = { since: state.now, by: new Map() }
    state.claims.set(key, one)
    event(state, 'debug', 'claimed', 'A member says that another one is gone.', { peer: key, by })
  }
  if (one.by.has(by) || one.by.size < LIMITS.lost.named) one.by.set(by, at)
}

function withdraw(state: EngineState, key: Key, by: Key): void {
  const one = state.claims?.get(key)
  one?.by.delete(by)
  if (one?.by.size === 0) state.claims?.delete(key)
}

/** Its own word is newer than theirs. */
function endClaims(state: EngineState, { key, at }: Beacon): void {
  const one = state.claims?.get(key)
  if (one === undefined) return
  for (const [by, after] of one.by) if (after < at) withdraw(state, key, by)
}

/** Does somebody else say so already? */
export function isClaimed(state: EngineState, key: Key, at: number): boolean {
  return [...(state.claims?.get(key)?.by.values() ?? [])].some((after) => after >= at)
}

/** Long enough ago, by somebody who is heard, and not by this node's own experience. */
export function isBelievedGone(state: EngineState, { beacon }: Heard): boolean {
  const { key } = beacon.body
  const one = state.claims?.get(key)
  if (one === undefined || state.links.has(key) || state.now - one.since < LIMITS.lost.graceMs) return false
  for (const by of one.by.keys()) {
    const witness = state.beacons?.byKey.get(by)
    if (witness !== undefined && !isSilent(state, witness)) return true
  }
  return false
}
