import type { EventBus } from './bus.ts'
import type { RunReport } from './converger.ts'

/** Where hands are off nothing was done, and a log that says `changed` would be believed. */
const ONLY_SEEN: Readonly<Partial<Record<string, string>>> = {
  changed: 'would be changed',
  repaired: 'would be repaired',
}

/** A run as events: in the log if it changed or failed something. */
export function tellRun(
  bus: Pick<EventBus, 'emit'>,
  { why, outcomes, changed, converged, ms, handsOff }: RunReport,
): void {
  const level = converged ? (changed ? 'info' : 'debug') : 'warn'
  const said = (state: string): string => (handsOff === null ? state : (ONLY_SEEN[state] ?? state))
  const off = handsOff === null ? {} : { handsOff }
  const counts = Object.fromEntries(
    [...Map.groupBy(outcomes, ({ state }) => state)].map(([state, all]) => [state, all.length]),
  )
  const text = Object.entries(counts)
    .map(([state, n]) => `${n} ${said(state)}`)
    .join(', ')
  const message = `Run (${why}${handsOff === null ? '' : `, ${handsOff}: nothing changed`}): ${text || 'nothing to do'}.`
  bus.emit({ kind: 'run', level, message, fields: { why, ...counts, changed, converged, ms: Math.round(ms), ...off } })
  for (const { policy, key, state, reason, code } of outcomes) {
    if (state === 'kept') continue
    const bad = state === 'failed' || state === 'skipped' || state === 'waiting'
    const fields = { policy, key, state, ...(code === undefined ? {} : { code }), ...off }
    bus.emit({
      kind: 'resource',
      level: bad ? 'warn' : 'info',
      message: `${policy} ${key}: ${said(state)}: ${reason}`,
      fields,
    })
  }
}
