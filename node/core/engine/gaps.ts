import { LIMITS } from '../limits.ts'
import type { Cid, Key } from '../records/types.ts'
import type { EngineState } from './state.ts'

/**
 * Ids that members showed and that are not here. Sync closes them; one that stays open makes the node STALE. An id of a
 * feed that is closed here is not missed: what of it belongs into the ledger is asked for by id.
 */
export function openGap(state: EngineState, id: Cid, key: Key | null): void {
  const known = state.gaps?.get(id)
  if (known !== undefined) {
    known.seen = state.now
    return
  }
  state.gaps ??= new Map()
  if (state.gaps.size >= LIMITS.stale.gaps) return
  state.gaps.set(id, { key, since: state.now, seen: state.now })
  state.timers.soonest('watch', state.now + state.settings.timing.gapMs)
}

/** Forgets gaps that closed, that do not matter any more, or that nobody has shown for long. */
export function closeGaps(state: EngineState): void {
  if (state.gaps === null) return
  for (const [id, gap] of state.gaps) {
    const pointless = gap.key !== null && !isOpenFeed(state, gap.key)
    const forgotten = state.now - gap.seen > LIMITS.stale.gapForgetMs
    if (pointless || forgotten || state.ledger.has(id)) state.gaps.delete(id)
  }
  if (state.gaps.size === 0) state.gaps = null
}

/** A key whose new entries the ledger takes. */
export function isOpenFeed(state: EngineState, key: Key): boolean {
  return state.ledger.roleOf(key) !== null
}

/** Since when the oldest gap is open; null if there is none. */
export function oldestGap(state: EngineState): number | null {
  if (state.gaps === null) return null
  let oldest = state.now
  for (const gap of state.gaps.values()) oldest = Math.min(oldest, gap.since)
  return oldest
}
