import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Key, KeySet, Signer } from '../../node/core/index.ts'
import type { Context } from '../command.ts'
import { CliError } from '../errors.ts'
import type { Options } from '../input/options.ts'
import { keyDir } from '../io.ts'
import { isSealed, publicKeyIn, readKeyFile } from './keyfile.ts'
import { passphraseFor } from './passphrase.ts'

/** In the state folder: the path of the root key that `init` wrote. The path, never the key. */
const POINTER = 'root-key.path'

export const rootKeyPath = (context: Context, mesh: string): string => join(keyDir(context.io.env), `${mesh}.root.key`)

export function rememberRootKey(stateDir: string, path: string): void {
  writeFileSync(join(stateDir, POINTER), `${path}\n`, { mode: 0o600 })
}

/**
 * Why the root key cannot be used without a word to anybody, as on a screen; null if it can. Only the file that `init` wrote or its usual place is
 * looked at; whether it is still a root of the mesh shows when it signs.
 */
export function rootKeyTrouble(context: Context, mesh: string): string | null {
  const pointer = join(context.stateDir, POINTER)
  const remembered = existsSync(pointer) ? [readFileSync(pointer, 'utf8').trim()] : []
  const path = [...remembered, rootKeyPath(context, mesh)].find((file) => existsSync(file))
  if (path === undefined) return 'the root key of this mesh is not on this machine'
  return isSealed(path) ? `the root key has a passphrase, which no screen asks for: use a shell` : null
}

/** Signs with the key of one file. @throws CliError E_KEY_FILE, E_PASSPHRASE */
export async function signerOf(context: Context, options: Options, file: string): Promise<Signer> {
  const path = resolve(context.io.cwd, file)
  if (!existsSync(path)) throw new CliError('E_KEY_FILE', `there is no key file ${path}`)
  const { seed, key } = await readKeyFile(path, () => passphraseFor(context.io, options, path))
  const { createSigner } = await import('../../node/index.ts')
  const signer = createSigner(seed)
  if (signer.key !== key)
    throw new CliError('E_KEY_FILE', `${path} is damaged: its public key does not belong to its seed`)
  return signer
}

/**
 * The root keys that are at hand: those of `--root-key`, else the one that `init` wrote, else any root of this mesh in the key folder.
 * @throws CliError E_KEY_FILE if a file is none of the mesh's roots, or no root key is found
 */
export async function rootSigners(context: Context, options: Options, roots: KeySet): Promise<readonly Signer[]> {
  const given = options.list('root-key')
  const files = given.length > 0 ? given.map((file) => resolve(context.io.cwd, file)) : knownRootFiles(context, roots)
  if (files.length === 0) {
    throw new CliError(
      'E_KEY_FILE',
      'the root key of this mesh is not on this machine',
      `Run the command where it is, or name it with --root-key FILE. Looked in ${keyDir(context.io.env)}.`,
    )
  }
  const signers: Signer[] = []
  for (const file of files) {
    const signer = await signerOf(context, options, file)
    if (!roots.keys.includes(signer.key))
      throw new CliError('E_KEY_FILE', `${file} is no root key of this mesh`, 'chorus charter lists the roots.')
    signers.push(signer)
  }
  return signers
}

function knownRootFiles(context: Context, roots: KeySet): readonly string[] {
  const pointer = join(context.stateDir, POINTER)
  const remembered = existsSync(pointer) ? [readFileSync(pointer, 'utf8').trim()] : []
  const dir = keyDir(context.io.env)
  const nearby = existsSync(dir)
    ? readdirSync(dir)
        .filter((name) => name.endsWith('.key'))
        .map((name) => join(dir, name))
    : []
  const byKey = new Map<Key, string>()
  for (const path of [...remembered, ...nearby]) {
    const key = existsSync(path) ? publicKeyIn(path) : undefined
    if (key !== undefined && roots.keys.includes(key) && !byKey.has(key)) byKey.set(key, path)
  }
  return [...byKey.values()]
}
