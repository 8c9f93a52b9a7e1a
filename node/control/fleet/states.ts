import type { Counts, Health } from './types.ts'

/** Worst first: the order of columns, of the default sort and of alarms. */
export const STATES: readonly Health[] = [
  'failed',
  'down',
  'stale',
  'drift',
  'behind',
  'waiting',
  'unknown',
  'held',
  'away',
  'ok',
]

/** Nobody has to do anything about these: they run what they should, or someone knows why not. */
const FINE: ReadonlySet<Health> = new Set(['held', 'away', 'ok'])

const SEVERITY = new Map(STATES.map((state, index) => [state, index]))

/** 0 is worst. */
export const severityOf = (state: Health): number => SEVERITY.get(state) ?? STATES.length

export const isProblem = (state: Health): boolean => !FINE.has(state)

export const sumOf = (counts: Counts): number => STATES.reduce((sum, state) => sum + (counts[state] ?? 0), 0)

/** The worst state among those counted, or undefined if none is. */
export const worstOf = (counts: Counts): Health | undefined => STATES.find((state) => (counts[state] ?? 0) > 0)
