import { aheadOfWall } from '../engine/state.ts'
import type { EngineState } from '../engine/state.ts'
import { LIMITS } from '../limits.ts'
import type { Beacon, Cid, Envelope, Key } from '../records/types.ts'
import type { Double } from './doubles.ts'

/** The newest beacon of each node, by the time when it was heard (here, or by the neighbour who handed it over). */
export interface Heard {
  readonly beacon: Envelope<Beacon>
  readonly at: number
}

export interface BeaconTable {
  /** In the order in which they came here: the first has most likely been silent longest. */
  readonly byKey: Map<Key, Heard>
  /** What else is live and was passed on: the last ones. */
  readonly passed: Set<Cid>
  /** Keys that were heard of several lives; null: none yet. */
  doubles: Map<Key, Double> | null
}

/** In one life of a daemon by its count, between two lives by its clock. */
export function isNewer(beacon: Beacon, than: Beacon, now: number): boolean {
  if (beacon.instance === than.instance) return beacon.seq > than.seq
  // A life whose clock was hours ahead would hide the next one for as long.
  return beacon.at > than.at || than.at > now + LIMITS.intake.futureMs
}

function tableOf(state: EngineState): BeaconTable {
  state.beacons ??= { byKey: new Map(), passed: new Set(), doubles: null }
  return state.beacons
}

/** False: it was here already. */
export function passOn(state: EngineState, id: Cid): boolean {
  const { passed } = tableOf(state)
  if (passed.has(id)) return false
  const oldest = passed.size >= LIMITS.beacons.passed ? passed.values().next().value : undefined
  if (oldest !== undefined) passed.delete(oldest)
  passed.add(id)
  return true
}

export function putBeacon(state: EngineState, beacon: Envelope<Beacon>, at: number): void {
  const { byKey } = tableOf(state)
  byKey.delete(beacon.body.key)
  const silent = byKey.size >= LIMITS.beacons.table ? byKey.keys().next().value : undefined
  if (silent !== undefined) byKey.delete(silent)
  byKey.set(beacon.body.key, { beacon, at })
}

/** Nothing was heard of it for so long that this says something. */
export function isSilent(state: EngineState, { at }: Heard): boolean {
  return state.now - at > LIMITS.beacons.downIntervals * state.settings.timing.beaconMs
}

/** How many others were heard since then. */
export function heardSince(state: EngineState, since: number): number {
  let count = 0
  for (const heard of state.beacons?.byKey.values() ?? []) if (heard.at >= since) count += 1
  return count
}

/**
 * The median of how far the clocks of others are ahead of ours (negative: behind), of those heard since then; null if
 * they are too few. A beacon's travel makes the others seem late by less than a second.
 */
export function medianAhead(state: EngineState, since: number): number | null {
  const ahead: number[] = []
  for (const heard of state.beacons?.byKey.values() ?? []) {
    if (heard.at >= since) ahead.push(heard.beacon.body.at - (heard.at - aheadOfWall(state)))
  }
  if (ahead.length < LIMITS.stale.clocks) return null
  ahead.sort((a, b) => a - b)
  const middle = ahead.length >> 1
  const [low = 0, high = 0] = [ahead[ahead.length % 2 === 1 ? middle : middle - 1], ahead[middle]]
  return (low + high) / 2
}
