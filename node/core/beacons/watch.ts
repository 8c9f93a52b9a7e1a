import { event } from '../engine/emit.ts'
import { oldestGap } from '../engine/gaps.ts'
import type { EngineState } from '../engine/state.ts'
import { judgeNow } from '../engine/state.ts'
import { LIMITS } from '../limits.ts'
import { heardSince, medianAhead } from './table.ts'

/**
 * Does this node still know what goes on? STALE changes nothing in what it enforces; it is said on every screen
 * (RECORDS.md, section 7).
 */
export function watch(state: EngineState): void {
  compareClocks(state)
  const before = state.stale
  state.stale = staleness(state)
  if (state.stale !== before) state.beaconDirty = true
  if (state.stale !== null && before === null) {
    event(state, 'warn', 'stale', `This node is STALE: ${state.stale}. It keeps enforcing what it has.`, {})
  } else if (state.stale === null && before !== null) {
    event(state, 'info', 'fresh', 'This node is not stale any more.', {})
  }
  state.timers.soonest('watch', state.now + state.settings.timing.staleAfterMs / 4)
}

function staleness(state: EngineState): string | null {
  const { staleAfterMs, staleQuorum, gapMs } = state.settings.timing
  const gap = oldestGap(state)
  if (gap !== null && state.now - gap >= gapMs) return 'members know of records that sync does not bring here'
  if (state.now - state.startedAt < staleAfterMs) return null
  const heard = heardSince(state, state.now - staleAfterMs)
  if (heard >= staleQuorum) return null
  const others = state.durable.members(judgeNow(state)).filter((member) => {
    return member.state === 'member' && member.peer !== state.self
  })
  const quorum = Math.min(staleQuorum, others.length)
  if (heard >= quorum) return null
  return `it heard ${heard} of ${others.length} other nodes lately, and should hear at least ${quorum}`
}

/** Ten minutes off the median of at least three members: judge invites by theirs, and say so. */
function compareClocks(state: EngineState): void {
  const median = medianAhead(state, state.now - state.settings.timing.staleAfterMs)
  const before = state.skewMs
  state.skewMs = median !== null && Math.abs(median) > LIMITS.stale.skewMs ? median : 0
  if (state.skewMs === 0 || before !== 0) return
  const minutes = Math.round(Math.abs(state.skewMs) / 60_000)
  const side = state.skewMs > 0 ? 'behind' : 'ahead of'
  event(
    state,
    'warn',
    'clockSkew',
    `This node's clock is ${minutes} minutes ${side} that of the others: set it right.`,
    {
      code: 'E_CLOCK_SKEW',
      skewMs: state.skewMs,
    },
  )
}
