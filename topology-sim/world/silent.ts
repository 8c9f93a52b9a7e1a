import { DEFAULT_SETTINGS } from '../../node/core/index.ts'
import { engineOf, feed } from './drive.ts'
import { EVENT, type WorldState } from './state.ts'

/** Until then gossip has reached those that it reaches; the rest have engines made within another second. Microseconds. */
const AFTER_US = 2_000_000
const SPREAD_US = 1_000_000

/**
 * In a large fleet at rest nodes have no engine until something reaches them, and nothing is missed: their rounds of sync
 * would find nothing. Once something was said somewhere that no longer holds: whoever gossip does not reach has to ask.
 */
export function rouseSilent(state: WorldState): void {
  if (state.rousing) return
  state.rousing = true
  state.queue.add(state.nowUs + AFTER_US, EVENT.action, -1, 0, () => {
    state.rousing = false
    for (let node = 0; node < state.size; node++) {
      if (!state.isUp(node) || state.engines[node] !== null) continue
      state.later(SPREAD_US * state.random.next(), EVENT.action, node, () => rouse(state, node))
    }
  })
}

/** It has been up for long: its next round of sync comes at any time within the interval. */
function rouse(state: WorldState, node: number): void {
  if (state.engines[node] !== null) return
  const { syncMs } = { ...DEFAULT_SETTINGS.timing, ...state.options.timing }
  const sinceMs = syncMs * state.random.next()
  state.minds.node = node
  engineOf(state, node).handle({ type: 'wake' }, state.clockMs + (state.aheadMs[node] ?? 0) - sinceMs)
  feed(state, node, { type: 'wake' })
}
