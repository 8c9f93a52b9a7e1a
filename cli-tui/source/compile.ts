import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import { buildBundle, compile, formatDiagnostic, RESOURCE_TYPES, usesOf } from '../../policies/index.ts'
import type { Bundle, Compiled, CompiledPolicy, Diagnostic, SourceFile } from '../../policies/index.ts'
import type { Context } from '../command.ts'
import { CliError } from '../errors.ts'
import { plural, safe } from '../out/text.ts'
import { folderSource } from './folder.ts'

export interface Built {
  readonly policy: CompiledPolicy
  readonly bundle: Bundle
  /** Files that the bundle carries, by path. */
  readonly sources: ReadonlyMap<string, SourceFile>
  /** Resource types that it uses. */
  readonly uses: readonly string[]
  /** Absolute path of the folder. */
  readonly dir: string
}

export function compileFolder(context: Context, dir: string, set: Readonly<Record<string, string>>): Compiled {
  return compile(folderSource(resolve(context.io.cwd, dir)), { types: RESOURCE_TYPES, set })
}

/**
 * Compiles a folder to its canonical bundle; every mistake goes to stderr with its place.
 * @throws CliError E_POLICY, E_SOURCE
 */
export function buildFolder(context: Context, dir: string, set: Readonly<Record<string, string>>): Built {
  const compiled = compileFolder(context, dir, set)
  if (compiled.policy === undefined) {
    for (const item of compiled.diagnostics) context.out.note(diagnosticText(dir, item))
    throw new CliError(
      'E_POLICY',
      `${dir} has ${plural(compiled.diagnostics.length, 'mistake')}, shown above; correct ${compiled.diagnostics.length === 1 ? 'it' : 'them'} and try again`,
    )
  }
  const bundle = buildBundle(compiled.policy, compiled.files, (bytes) => createHash('sha256').update(bytes).digest())
  return {
    policy: compiled.policy,
    bundle,
    sources: compiled.files,
    uses: usesOf(compiled.policy),
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
