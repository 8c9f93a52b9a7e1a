import type { Effect, EngineEvent, Reply } from './port.ts'
import type { EngineState } from './state.ts'

/** The only places where effects are made up. */
export function emit(state: EngineState, effect: Effect): void {
  // Most steps have one effect; a list that begins empty makes room for seventeen.
  if (state.effects.length === 0) state.effects = [effect]
  else state.effects.push(effect)
}

const LEVELS = { debug: 0, info: 1, warn: 2, error: 3, none: 4 } as const

export function event(
  state: EngineState,
  level: EngineEvent['level'],
  kind: string,
  message: string,
  fields: EngineEvent['fields'] = {},
): void {
  if (isTold(state, level)) emit(state, { type: 'event', event: { kind, level, message, fields } })
}

/** Somebody listens: before a message is put together that nobody would hear. */
export function isTold(state: EngineState, level: EngineEvent['level']): boolean {
  return LEVELS[level] >= LEVELS[state.settings.events]
}

export function reply(state: EngineState, ref: number, answer: Reply): void {
  emit(state, { type: 'reply', ref, reply: answer })
}

export function refuse(state: EngineState, ref: number, code: string, message: string): void {
  reply(state, ref, { ok: false, code, message })
}
