import type { PlanView } from '../../node/control/index.ts'
import { stateText } from './health.ts'
import type { Paint } from './paint.ts'
import { plural, safe } from './text.ts'

export type OutcomeRow = PlanView['outcomes'][number]

const ORDER = ['failed', 'waiting', 'changed', 'repaired', 'skipped', 'kept'] as const

/** A plan says what would be done, in the same words. */
const PLANNED: Readonly<Partial<Record<OutcomeRow['state'], string>>> = {
  changed: 'change',
  repaired: 'repair',
  failed: 'fail',
  skipped: 'skip',
}

/** Outcomes of a run or a plan: one line each, diffs below; what is as it should be only counts. */
export function outcomesText(
  paint: Paint,
  outcomes: readonly OutcomeRow[],
  options: { readonly planned: boolean; readonly all?: boolean },
): string {
  const lines: string[] = []
  for (const outcome of outcomes) {
    if (outcome.state === 'kept' && options.all !== true) continue
    const code = outcome.code === undefined ? '' : ` ${paint('red', outcome.code)}`
    lines.push(
      `${stateText(paint, outcome.state, options.planned ? PLANNED[outcome.state] : undefined)} ${paint('bold', safe(outcome.key))}${code} ${safe(outcome.reason)}\n`,
    )
    if (outcome.diff !== undefined && outcome.diff !== '') lines.push(diffText(paint, outcome.diff))
  }
  return `${lines.join('')}${summary(outcomes, options.planned)}\n`
}

const IN_PLAN: Partial<Record<OutcomeRow['state'], string>> = { changed: 'to change', repaired: 'to repair' }

function summary(outcomes: readonly OutcomeRow[], isPlan: boolean): string {
  const counts = ORDER.map(
    (state) => [state, outcomes.filter((outcome) => outcome.state === state).length] as const,
  ).filter(([, count]) => count > 0)
  if (counts.length === 0) return 'nothing to do: no resource is wanted here'
  const words = counts.map(([state, count]) => `${count} ${isPlan ? (IN_PLAN[state] ?? state) : state}`)
  return `${plural(outcomes.length, 'resource')}: ${words.join(', ')}`
}

/** Colours the lines of a unified diff. Indented, so that it reads as part of its resource. */
export function diffText(paint: Paint, diff: string): string {
  return diff
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => {
      const text = `    ${safe(line, true)}`
      if (line.startsWith('+')) return `${paint('green', text)}\n`
      if (line.startsWith('-')) return `${paint('red', text)}\n`
      return line.startsWith('@@') ? `${paint('cyan', text)}\n` : `${text}\n`
    })
    .join('')
}
