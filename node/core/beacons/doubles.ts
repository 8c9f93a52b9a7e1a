import type { EngineState } from '../engine/state.ts'
import { LIMITS } from '../limits.ts'
import type { Beacon, Key } from '../records/types.ts'

/** A key whose beacons came from more than one life of a daemon. */
export interface Double {
  /** The life before the newest. */
  before: string
  /** When a life that another had followed was heard again; null: never, so it was a restart. */
  backAt: number | null
}

/**
 * A restart is a new instance, after which the old one is never heard again: one that is means two daemons with one key. Whoever hears both sees
 * it, not only the two.
 */
export function noteInstance(state: EngineState, known: Beacon | undefined, next: Beacon, at: number): void {
  if (known === undefined || known.instance === next.instance || state.beacons === null) return
  const doubles = (state.beacons.doubles ??= new Map<Key, Double>())
  const double = doubles.get(next.key)
  if (double !== undefined) {
    if (double.before === next.instance) double.backAt = at
    double.before = known.instance
    return
  }
  const oldest = doubles.size >= LIMITS.beacons.doubles ? doubles.keys().next().value : undefined
  if (oldest !== undefined) doubles.delete(oldest)
  doubles.set(next.key, { before: known.instance, backAt: null })
}

/** Keys at work in two places, as far as it was heard here within the time after which a silent one counts as gone. */
export function doublesOf({ beacons, now, settings }: EngineState): readonly Key[] {
  const since = now - LIMITS.beacons.downIntervals * settings.timing.beaconMs
  return [...(beacons?.doubles ?? [])].flatMap(([key, { backAt }]) => (backAt !== null && backAt > since ? [key] : []))
}
