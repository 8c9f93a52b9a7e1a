import { existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { formatPolicy, LIMITS, POLICY_FILE } from '../../policies/index.ts'
import type { Diagnostic } from '../../policies/index.ts'
import type { Context, Invocation } from '../command.ts'
import { CliError, EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import type { Paint } from '../out/paint.ts'
import { plural, safe } from '../out/text.ts'
import { diagnosticText } from '../source/compile.ts'
import { folderSource, noFolder } from '../source/folder.ts'

/** `chorus fmt --json`. */
export interface FmtOutput {
  /** False with --check if a file is not in its form. */
  readonly ok: boolean
  readonly files: readonly { readonly file: string; readonly result: 'kept' | 'formatted' | 'unformatted' | 'broken' }[]
}

type Result = FmtOutput['files'][number]['result']

export async function run(context: Context, { args, options }: Invocation): Promise<Exit> {
  const { io, out } = context
  const check = options.flag('check')
  const files: { file: string; result: Result }[] = []
  const broken: Diagnostic[] = []
  for (const path of filesOf(resolve(io.cwd, args[0] ?? '.'))) {
    const file = relative(io.cwd, path) || path
    const { result, diagnostics } = formatFile(path, file, check)
    files.push({ file, result })
    broken.push(...diagnostics)
  }
  for (const item of broken) out.note(diagnosticText('', item))
  const ok = files.every(({ result }) => result === 'kept' || result === 'formatted')
  out.result<FmtOutput>('fmt', { ok, files }, human)
  if (broken.length > 0)
    throw new CliError(
      'E_POLICY',
      `${plural(files.filter(({ result }) => result === 'broken').length, 'file')} cannot be read, as shown above; nothing of them was changed`,
    )
  return ok ? EXIT.done : EXIT.error
}

/** A file itself; of a folder its policies, components and data layers: every YAML file that is no content to install. */
function filesOf(path: string): readonly string[] {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) throw noFolder(path)
  if (!stat.isDirectory()) return [path]
  if (!existsSync(join(path, POLICY_FILE))) {
    // A folder of policies.
    const below = readdirSync(path, { withFileTypes: true }).filter(
      (entry) => entry.isDirectory() && !entry.name.startsWith('.'),
    )
    const inside = below.flatMap((entry) =>
      existsSync(join(path, entry.name, POLICY_FILE)) ? filesOf(join(path, entry.name)) : [],
    )
    if (inside.length === 0) throw new CliError('E_SOURCE', `${path} has no ${POLICY_FILE}, nor has a folder in it`)
    return inside
  }
  return folderSource(path)
    .files.filter((file) => isOurs(file.path))
    .map((file) => join(path, file.path))
}

const isOurs = (path: string): boolean =>
  path === POLICY_FILE || /^data\/.*\.ya?ml$/.test(path) || path.endsWith(`/${POLICY_FILE}`)

function formatFile(
  path: string,
  file: string,
  check: boolean,
): { readonly result: Result; readonly diagnostics: readonly Diagnostic[] } {
  if (statSync(path).size > LIMITS.yamlBytes) throw new CliError('E_SOURCE_SIZE', `${path} is too large for a policy`)
  const text = readFileSync(path, 'utf8')
  const formatted = formatPolicy(file, text)
  if ('diagnostics' in formatted) return { result: 'broken', diagnostics: formatted.diagnostics }
  if (formatted.text === text) return { result: 'kept', diagnostics: [] }
  if (check) return { result: 'unformatted', diagnostics: [] }
  const temporary = `${path}.${process.pid}.tmp`
  writeFileSync(temporary, formatted.text, { mode: statSync(path).mode & 0o777 })
  renameSync(temporary, path)
  return { result: 'formatted', diagnostics: [] }
}

const SAID: Readonly<Record<Result, readonly [colour: 'dim' | 'green' | 'yellow' | 'red', text: string]>> = {
  kept: ['dim', 'as it should be'],
  formatted: ['green', 'formatted'],
  unformatted: ['yellow', 'not formatted; chorus fmt does it'],
  broken: ['red', 'cannot be read'],
}

function human({ files }: FmtOutput, paint: Paint): string {
  const changed = files.filter(({ result }) => result !== 'kept')
  if (changed.length === 0) return `${plural(files.length, 'file')}, all as they should be\n`
  return changed.map(({ file, result }) => `${safe(file)}  ${paint(...SAID[result])}\n`).join('')
}
