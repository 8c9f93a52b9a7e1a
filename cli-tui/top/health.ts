import type { Counts, Health } from './source.ts'
import type { Tone } from './line.ts'

interface Look {
  readonly sign: string
  readonly ascii: string
  readonly tone: Tone
  /** Whether `e` (problems only) shows it. */
  readonly problem: boolean
}

/** Worst first: the order of columns, of the default sort and of alarms. Each state has a sign and a word of its own. */
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

export const LOOKS: Readonly<Record<Health, Look>> = {
  failed: { sign: '✗', ascii: 'x', tone: 'bad', problem: true },
  down: { sign: '▽', ascii: 'v', tone: 'bad', problem: true },
  stale: { sign: '?', ascii: '?', tone: 'warn', problem: true },
  drift: { sign: '≠', ascii: '#', tone: 'warn', problem: true },
  behind: { sign: '◐', ascii: '<', tone: 'warn', problem: true },
  waiting: { sign: '…', ascii: '~', tone: 'warn', problem: true },
  unknown: { sign: '·', ascii: '.', tone: 'dim', problem: true },
  held: { sign: '‖', ascii: '=', tone: 'accent', problem: false },
  away: { sign: '○', ascii: 'o', tone: 'dim', problem: false },
  ok: { sign: '●', ascii: '*', tone: 'good', problem: false },
}

const SEVERITY = new Map(STATES.map((state, index) => [state, index]))

/** 0 is worst. */
export const severityOf = (state: Health): number => SEVERITY.get(state) ?? STATES.length

export const isProblem = (state: Health): boolean => LOOKS[state].problem

export const sumOf = (counts: Counts): number => STATES.reduce((sum, state) => sum + (counts[state] ?? 0), 0)

/** The worst state among those counted, or undefined if none is. */
export const worstOf = (counts: Counts): Health | undefined => STATES.find((state) => (counts[state] ?? 0) > 0)
