import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { LIMITS, POLICY_FILE, PROGRAM_FILE, secretReaders } from '../../policies/index.ts'
import type { Compiled, NodeContext, SecretReaders } from '../../policies/index.ts'
import type { NodeRow } from '../../node/control/index.ts'
import type { Context } from '../command.ts'
import { CliError } from '../errors.ts'
import { contextOf } from '../mesh/select.ts'
import { compileFolder, diagnosticText } from '../source/compile.ts'

/** A node as secrets see it: what is certified of it, and the key to encrypt for, if its certificate names one. */
export interface Reader extends NodeContext {
  readonly recipient: string | undefined
}

/** A policy folder with the secrets that it declares. */
export interface SecretFolder {
  /** Absolute. */
  readonly dir: string
  readonly policy: string
  readonly secrets: NonNullable<Compiled['declared']>['secrets']
  readonly readers: readonly SecretReaders<Reader>[]
}

/**
 * Reads what a policy says of its secrets; other mistakes in it do not matter yet, since the files of its secrets may be
 * all that it lacks.
 * @throws CliError E_POLICY, E_SOURCE
 */
export async function secretFolder(context: Context, dir: string, nodes: readonly NodeRow[]): Promise<SecretFolder> {
  const { declared, diagnostics } = await compileFolder(context, dir, {})
  if (declared === undefined) {
    for (const item of diagnostics) context.out.note(diagnosticText(dir, item))
    throw new CliError('E_POLICY', `${dir} does not say which policy it is and for whom; correct what is shown above`)
  }
  const { policy, secrets } = declared
  const readers = secretReaders(declared, nodes.map(readerOf))
  return { dir: resolve(context.io.cwd, dir), policy, secrets, readers }
}

export function readerOf(row: NodeRow): Reader {
  return { ...contextOf(row), recipient: row.ageRecipient }
}

/** The folder of the policy that a file belongs to: the nearest above it. @throws CliError E_SOURCE */
export function folderAbove(path: string): string {
  for (let dir = dirname(path); ; dir = dirname(dir)) {
    if (existsSync(join(dir, POLICY_FILE)) || existsSync(join(dir, PROGRAM_FILE))) return dir
    if (dir === dirname(dir))
      throw new CliError(
        'E_SOURCE',
        `no folder above ${path} holds a ${POLICY_FILE}`,
        'Name the policy with --dir DIR.',
      )
  }
}

/** A path as the policy names its files: relative, with `/`. */
export function nameIn(dir: string, path: string): string {
  return relative(dir, path).split(sep).join('/')
}

/** The bytes of a secret's file, or undefined if there is none. */
export function secretFile(dir: string, file: string): Uint8Array | undefined {
  const path = join(dir, file)
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return undefined
  if (!stat.isFile() || stat.size > LIMITS.secretFileBytes)
    throw new CliError('E_SOURCE', `${path} is no secret: it is ${stat.isFile() ? 'too large' : 'no file'}`)
  return readFileSync(path)
}
