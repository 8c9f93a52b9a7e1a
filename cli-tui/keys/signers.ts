import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Key, KeySet, Signer } from '../../node/core/index.ts'
import type { Context } from '../command.ts'
import { CliError } from '../errors.ts'
import type { Options } from '../input/options.ts'
import { keyDir } from '../io.ts'
import { publicKeyIn, readKeyFile } from './keyfile.ts'
import { POINTER } from './root-here.ts'
import { passphraseFor } from './passphrase.ts'

export { rootKeyPath } from './root-here.ts'

export function rememberRootKey(stateDir: string, path: string): void {
  writeFileSync(join(stateDir, POINTER), `${path}\n`, { mode: 0o600 })
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
