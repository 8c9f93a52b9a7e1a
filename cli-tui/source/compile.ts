import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'
import {
  buildBundle,
  compile,
  compileDocument,
  formatDiagnostic,
  POLICY_FILE,
  PROGRAM_FILE,
  RESOURCE_TYPES,
  usesOf,
} from '../../policies/index.ts'
import type { Bundle, Compiled, CompiledPolicy, Diagnostic, SourceFile } from '../../policies/index.ts'
import type { Context } from '../command.ts'
import { CliError } from '../errors.ts'
import { plural, safe } from '../out/text.ts'
import { folderSource } from './folder.ts'

export interface Built {
  readonly policy: CompiledPolicy
  /** Encoded and hashed when it is first asked for: a run on this machine alone seldom needs it. */
  readonly bundle: Bundle
  /** Files that the bundle carries, by path. */
  readonly sources: ReadonlyMap<string, SourceFile>
  /** Resource types that it uses. */
  readonly uses: readonly string[]
  /** Absolute path of the folder. */
  readonly dir: string
}

/**
 * Compiles a folder with `policy.yaml`, or with a program `policy.ts` that exports a policy. A program runs here, on the publisher's machine, as the user who
 * typed the command, and nowhere else.
 * @throws CliError E_SOURCE; E_POLICY if the program fails
 */
export async function compileFolder(
  context: Context,
  dir: string,
  set: Readonly<Record<string, string>>,
): Promise<Compiled> {
  const path = resolve(context.io.cwd, dir)
  const source = folderSource(path)
  const options = { types: RESOURCE_TYPES, set }
  const has = (name: string): boolean => source.files.some((file) => file.path === name)
  if (has(POLICY_FILE) || !has(PROGRAM_FILE)) return compile(source, options)
  return compileDocument(await (await import('./program.ts')).runProgram(join(path, PROGRAM_FILE)), source, options)
}

/**
 * Compiles a folder to its canonical bundle; every mistake goes to stderr with its place.
 * @throws CliError E_POLICY, E_SOURCE
 */
export async function buildFolder(
  context: Context,
  dir: string,
  set: Readonly<Record<string, string>>,
): Promise<Built> {
  const compiled = await compileFolder(context, dir, set)
  if (compiled.policy === undefined) {
    for (const item of compiled.diagnostics) context.out.note(diagnosticText(dir, item))
    const [count, them] = [compiled.diagnostics.length, compiled.diagnostics.length === 1 ? 'it' : 'them']
    throw new CliError('E_POLICY', `${dir} has ${plural(count, 'mistake')}, shown above; correct ${them} and try again`)
  }
  const { policy, files } = compiled
  let bundle: Bundle | undefined
  return {
    policy,
    get bundle() {
      bundle ??= buildBundle(policy, files, (bytes) => createHash('sha256').update(bytes).digest())
      return bundle
    },
    sources: files,
    uses: usesOf(policy),
    dir: resolve(context.io.cwd, dir),
  }
}

/** Places as typed, so that a terminal or an editor can open them. */
export function diagnosticText(dir: string, item: Diagnostic): string {
  const base = dir.replace(/\/+$/, '')
  return safe(
    formatDiagnostic({ ...item, file: base === '' || base === '.' ? item.file : `${base}/${item.file}` }),
    true,
  )
}
