import { createHash } from 'node:crypto'
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { arch, hostname, release, totalmem, availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import type { Context } from '../command.ts'
import type { Options } from '../input/options.ts'
import { writeWhole } from '../out/file.ts'
import type { OutcomeRow } from '../out/outcomes.ts'
import { agentVersion } from '../../node/control/index.ts'

/**
 * A run that finds everything as it left it says so by the state of the files alone, as the daemon does: what was compared
 * and has neither another inode nor another change time (which only a clock that is set back can repeat) is the same. It
 * costs an lstat a file instead of loading what can apply a policy. Only for policies of plain files; `--deep` reads everything.
 */

/** Device, inode, size, change time: what cannot stay equal when content, mode, owner or name change. */
type State = readonly [path: string, dev: number, ino: number, size: number, ctimeMs: number]

interface Stamp {
  readonly v: 1
  /** What the result depends on beside the files: this build, the policy, the machine, the options. */
  readonly key: string
  readonly policy: string
  readonly outcomes: readonly OutcomeRow[]
  readonly states: readonly State[]
}

/** More would make a stamp that costs as much as what it saves. */
const STATES_MAX = 50_000
/** The clock of a file system goes on every 4 ms, on slow kernels every 10: what is changed after that has another time. ms */
const TICK_MS = 10
export interface QuickResult {
  readonly policy: string
  readonly outcomes: readonly OutcomeRow[]
}

/** What the last run said, if nothing has changed since; undefined if it has to be found out. */
export function quickRun(context: Context, options: Options, path: string): QuickResult | undefined {
  const stamp = read(stampFile(context, path))
  if (stamp === undefined || stamp.key !== keyOf(path, options)) return undefined
  for (const state of stamp.states) if (!isSame(state)) return undefined
  return { policy: stamp.policy, outcomes: stamp.outcomes }
}

/**
 * Notes that everything is as it should be.
 *
 * @param states of every managed file, as they were when they were compared or written
 */
export async function noteQuick(
  context: Context,
  options: Options,
  path: string,
  result: QuickResult,
  states: ReadonlyMap<
    string,
    { readonly dev: number; readonly ino: number; readonly size: number; readonly ctimeMs: number }
  >,
): Promise<void> {
  const key = keyOf(path, options)
  if (key === undefined || states.size > STATES_MAX) return
  // As they were when this run compared or wrote them: whatever happens after the command has ended shows at the next run.
  const rows = Array.from(states, ([file, { dev, ino, size, ctimeMs }]): State => [file, dev, ino, size, ctimeMs])
  const newest = rows.reduce((max, [, , , , ctimeMs]) => Math.max(max, ctimeMs), 0)
  const left = newest + TICK_MS - Date.now()
  if (left > 0) await new Promise((resolve) => setTimeout(resolve, Math.min(left, TICK_MS)))
  const outcomes = result.outcomes.map(({ policy, key: name }) => ({
    policy,
    key: name,
    state: 'kept' as const,
    reason: 'as it should be',
  }))
  const stamp: Stamp = { v: 1, key, policy: result.policy, outcomes, states: rows }
  const file = stampFile(context, path)
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  writeWhole(file, JSON.stringify(stamp))
}

function isSame([path, dev, ino, size, ctimeMs]: State): boolean {
  const now = lstatSync(path, { throwIfNoEntry: false })
  return now !== undefined && now.ino === ino && now.ctimeMs === ctimeMs && now.size === size && now.dev === dev
}

/** One for each policy that is applied from this state folder. */
function stampFile(context: Context, path: string): string {
  return join(
    context.stateDir,
    'converge',
    'quick',
    `${createHash('sha256').update(path).digest('hex').slice(0, 32)}.json`,
  )
}

function read(file: string): Stamp | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
    // Written by `noteQuick` alone.
    return typeof value === 'object' && value !== null && 'v' in value && value.v === 1 ? (value as Stamp) : undefined
  } catch {
    return undefined
  }
}

/** Undefined: it depends on more than can be seen here. */
function keyOf(path: string, options: Options): string | undefined {
  const source = sourceState(path)
  if (source === undefined) return undefined
  const machine = [hostname(), release(), arch(), availableParallelism(), totalmem(), process.getuid?.()]
  const files = ['/etc/os-release', '/etc/passwd', '/etc/group'].map(stateText)
  const given = [options.text('name'), options.pairs('label'), options.pairs('set')]
  const all = JSON.stringify([agentVersion(), process.version, import.meta.url, path, source, machine, files, given])
  return createHash('sha256').update(all).digest('hex')
}

/** Of a bundle, or of every file in a policy folder; undefined for one with links in it. */
function sourceState(path: string): readonly string[] | undefined {
  const states = [stateText(path)]
  if (!existsSync(path)) return undefined
  if (!lstatSync(path).isDirectory()) return states
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) return undefined
    const full = join(entry.parentPath, entry.name)
    states.push(`${full} ${stateText(full)}`)
  }
  return states
}

function stateText(path: string): string {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  return stat === undefined ? 'absent' : [stat.dev, stat.ino, stat.size, stat.ctimeMs].join(' ')
}
