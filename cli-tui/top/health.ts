export { severityOf, STATES, worstOf } from '../../node/control/index.ts'
import type { Health } from './source.ts'
import type { Tone } from './line.ts'

interface Look {
  readonly sign: string
  readonly ascii: string
  readonly tone: Tone
}

/** Each state has a sign and a word of its own. */
export const LOOKS: Readonly<Record<Health, Look>> = {
  failed: { sign: '✗', ascii: 'x', tone: 'bad' },
  down: { sign: '▽', ascii: 'v', tone: 'bad' },
  stale: { sign: '?', ascii: '?', tone: 'warn' },
  drift: { sign: '≠', ascii: '#', tone: 'warn' },
  behind: { sign: '◐', ascii: '<', tone: 'warn' },
  waiting: { sign: '…', ascii: '~', tone: 'warn' },
  unknown: { sign: '·', ascii: '.', tone: 'dim' },
  held: { sign: '‖', ascii: '=', tone: 'accent' },
  away: { sign: '○', ascii: 'o', tone: 'dim' },
  ok: { sign: '●', ascii: '*', tone: 'good' },
}
