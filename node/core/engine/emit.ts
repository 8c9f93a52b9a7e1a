import type { Effect, EngineEvent, Reply } from './port.ts'
import type { EngineState } from './state.ts'

/** The only places where effects are made up. */
export function emit(state: EngineState, effect: Effect): void {
  state.effects.push(effect)
}

const LEVELS = { debug: 0, info: 1, warn: 2, error: 3, none: 4 } as const

export function event(
  state: EngineState,
  level: EngineEvent['level'],
  kind: string,
  message: string,
  fields: EngineEvent['fields'] = {},
): void {
  if (LEVELS[level] < LEVELS[state.settings.events]) return
  state.effects.push({ type: 'event', event: { kind, level, message, fields } })
}

export function reply(state: EngineState, ref: number, answer: Reply): void {
  state.effects.push({ type: 'reply', ref, reply: answer })
}

export function refuse(state: EngineState, ref: number, code: string, message: string): void {
  reply(state, ref, { ok: false, code, message })
}
