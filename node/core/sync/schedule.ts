import type { EngineState } from '../engine/state.ts'
import { jittered } from '../engine/state.ts'
import { LIMITS } from '../limits.ts'
import type { Key } from '../records/types.ts'

/** Wishes for rounds of sync; the rounds themselves begin at the end of the step (`rounds.ts`). */

/** At once, with the peer that showed the gap if it is connected, else with any. */
export function scheduleSync(state: EngineState, peer: Key | null): void {
  state.syncWanted ??= new Set()
  state.syncWanted.add(peer !== null && state.links.has(peer) ? peer : ANY)
}

/** Something new came by sync or was made here: two neighbours are told soon. */
export function scheduleNudge(state: EngineState): void {
  state.timers.soonest('nudge', state.now + jittered(state, LIMITS.sync.nudgeMs))
}

export function schedulePeriodic(state: EngineState): void {
  state.timers.set('sync', state.now + jittered(state, state.settings.timing.syncMs))
}

/** No key is empty. */
export const ANY = ''
