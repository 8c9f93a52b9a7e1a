import { convergingOf } from './converging.ts'
import { event, reply } from './emit.ts'
import type { EngineState } from './state.ts'
import { aheadOfWall } from './state.ts'
import { wantRun } from './runs.ts'

/** Hands off: a human's local wish, which works without a network, outlives a restart, and is shown everywhere. */
export function holdNode(state: EngineState, ref: number, reason: string, until: number | null): void {
  state.local = { ...state.local, hold: { reason, until } }
  state.localDirty = true
  state.beaconDirty = true
  armHold(state)
  event(state, 'warn', 'hold', `Hands off: ${reason}.`, { reason, until })
  reply(state, ref, { ok: true })
}

export function unholdNode(state: EngineState, ref: number | null): void {
  if (state.local.hold !== null) {
    state.local = { ...state.local, hold: null }
    state.localDirty = true
    state.beaconDirty = true
    event(state, 'info', 'unhold', 'Hands on again.', {})
    convergingOf(state).failures = 0
    wantRun(state, 'periodic')
  }
  if (ref !== null) reply(state, ref, { ok: true })
}

/** Also after a restart. */
export function armHold(state: EngineState): void {
  const until = state.local.hold?.until ?? null
  if (until === null) state.timers.clear('unhold')
  else state.timers.set('unhold', until + aheadOfWall(state))
}
