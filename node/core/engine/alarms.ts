import type { Alarm } from '../ledger/types.ts'
import { event } from './emit.ts'
import type { EngineState } from './state.ts'
import { judgeNow } from './state.ts'

/** The ledger's alarms but those about how few keys there are, which is how every small mesh begins: `doctor` says it. */
export function newsOf(state: EngineState): readonly Alarm[] {
  return state.durable.alarms(judgeNow(state)).filter(({ kind }) => kind !== 'weakRoots' && kind !== 'weakRecovery')
}

/** Says once that something needs a human, and once that it does not any more. Screens ask the view instead. */
export function raiseAlarms(state: EngineState): void {
  if (state.settings.events === 'none') return
  const alarms = newsOf(state)
  if (alarms.length === 0 && state.alarms === null) return
  const raised = new Map(alarms.map((alarm) => [nameOf(alarm), alarm]))
  for (const [name, alarm] of raised) {
    if (state.alarms?.has(name) === true) continue
    event(state, 'warn', 'alarm', alarm.message, { alarm: alarm.kind, subject: alarm.subject, ids: alarm.ids })
  }
  for (const [name, alarm] of state.alarms ?? []) {
    if (raised.has(name)) continue
    event(state, 'info', 'alarmOver', `Over: ${alarm.message}`, { alarm: alarm.kind, subject: alarm.subject })
  }
  state.alarms = raised.size > 0 ? raised : null
}

function nameOf({ kind, subject }: Alarm): string {
  return `${kind} ${subject}`
}
