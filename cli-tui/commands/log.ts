import type { LogEntry } from '../../node/control/index.ts'
import type { Context, Invocation } from '../command.ts'
import { CliError, EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { didYouMean } from '../input/suggest.ts'
import { daemonOf } from '../mesh/daemon.ts'
import { grid } from '../out/grid.ts'
import type { Paint } from '../out/paint.ts'
import { bytes, safe, short, stamp } from '../out/text.ts'

/** `chorus log --json`: newest first. */
export interface LogOutput {
  readonly policy: string | null
  readonly entries: readonly LogEntryOutput[]
}
export interface LogEntryOutput {
  readonly id: string
  readonly type: string
  readonly policy: string | null
  readonly seq: number | null
  readonly action: string | null
  readonly author: { readonly name: string; readonly key: string }
  readonly at: number
  readonly by: string
  readonly message: string
  readonly parents: readonly string[]
  readonly bundle: { readonly cid: string; readonly size: number } | null
  readonly selector: string | null
  /** False: void. `code` and `reason` say why. */
  readonly counts: boolean
  readonly code: string | null
  readonly reason: string
  readonly winner: boolean
  readonly head: boolean
  /** A head beside others that count: another one wins, until somebody publishes again. */
  readonly forked: boolean
}

/** One screen and a bit; older entries are one --limit away. */
const LIMIT = 50

export async function run(context: Context, { args, options }: Invocation): Promise<Exit> {
  const limit = options.count('limit') ?? LIMIT
  const client = await daemonOf(context)
  const [policy] = args
  // One more than asked for, to know whether there are more; void entries are sifted here, so all are read for them.
  const { entries } = await client.log(policy, options.flag('void') ? undefined : limit + 1)
  if (policy !== undefined && entries.length === 0) {
    const known = [...new Set((await client.log()).entries.flatMap((entry) => entry.policy ?? []))]
    throw new CliError(
      'E_NOT_FOUND',
      `no version of "${policy}" is known here${didYouMean(policy, known)}`,
      known.length === 0 ? 'Nothing was published yet.' : `Known policies: ${known.sort().join(', ')}.`,
    )
  }
  const chosen = options.flag('void') ? entries.filter((entry) => !entry.counts) : entries
  const heads = countingHeads(entries)
  const shown = chosen.slice(0, limit).map((entry) => entryOutput(entry, heads))
  context.out.result<LogOutput>('log', { policy: policy ?? null, entries: shown }, (data, paint) =>
    logText(data.entries, paint, context.io.stdout.isTTY),
  )
  if (!context.out.json && shown.length === 0)
    context.out.note(options.flag('void') ? 'every entry counts' : 'nothing was published yet')
  if (!context.out.json && chosen.length > limit)
    context.out.note(`older entries are left out; see more with --limit ${limit * 2}`)
  return EXIT.done
}

/** How many heads of each policy count: more than one is a fork. */
export function countingHeads(entries: readonly LogEntry[]): ReadonlyMap<string, number> {
  const heads = new Map<string, number>()
  for (const { policy, head, counts } of entries)
    if (policy !== null && head && counts) heads.set(policy, (heads.get(policy) ?? 0) + 1)
  return heads
}

export function entryOutput(entry: LogEntry, heads: ReadonlyMap<string, number>): LogEntryOutput {
  const {
    id,
    type,
    policy,
    seq,
    action,
    author,
    at,
    by,
    message,
    parents,
    bundle,
    selector,
    counts,
    code,
    reason,
    winner,
    head,
  } = entry
  return {
    id,
    type,
    policy,
    seq,
    action,
    author: { name: author.name, key: author.key },
    at,
    by,
    message,
    parents,
    bundle,
    selector,
    counts,
    code,
    reason,
    winner,
    head,
    forked: head && counts && (heads.get(policy ?? '') ?? 0) > 1,
  }
}

/** A table on a terminal; elsewhere the same columns without titles, one line an entry, for grep and cut. */
function logText(entries: readonly LogEntryOutput[], paint: Paint, isTerminal: boolean): string {
  const rows = entries.map((entry) => entryCells(entry, paint))
  if (!isTerminal) return rows.map((cells) => `${cells.join('  ')}\n`).join('')
  const titles = ['WHAT', 'STANDING', 'WHEN', 'BY', 'ID', 'MESSAGE'].map((title) => ({ title }))
  return grid(paint, titles, rows)
}

function entryCells(entry: LogEntryOutput, paint: Paint): readonly string[] {
  const { policy, type, seq, action, author, by, bundle } = entry
  const what = policy === null ? type.replace(/^feed\//, '') : `${safe(policy)}@${seq ?? '?'}`
  const claimed = by !== '' && by !== author.name ? ` (as ${safe(by)})` : ''
  const why = entry.counts && entry.code === null ? '' : `${entry.code ?? 'void'} ${safe(entry.reason)}`
  return [
    `${paint('bold', what)}${action === 'retire' ? paint('magenta', ' retire') : ''}`,
    mark(entry, paint),
    stamp(entry.at),
    `${safe(author.name) || short(author.key)}${claimed}`,
    paint('dim', short(entry.id)),
    [
      safe(entry.message),
      bundle === null ? '' : paint('dim', bytes(bundle.size)),
      paint(entry.counts ? 'yellow' : 'red', why),
    ]
      .filter((part) => part !== '')
      .join('  '),
  ]
}

/** Void, in force here, lost a fork, not for this node: what a reader of a log looks for. */
function mark(entry: LogEntryOutput, paint: Paint): string {
  if (!entry.counts) return paint('red', '✗ void')
  if (entry.winner) return paint('green', `● in force${entry.forked ? paint('yellow', ' (forked)') : ''}`)
  if (entry.forked) return paint('yellow', '◐ forked: another head wins here')
  return entry.policy !== null && entry.head && entry.action !== 'retire'
    ? paint('dim', '○ newest, but not for this node')
    : paint('dim', entry.policy === null ? '·' : '· before')
}
