import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import type { Context, Invocation } from '../command.ts'
import { EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { keyFileText, writePrivate } from '../keys/keyfile.ts'
import { newPassphrase } from '../keys/passphrase.ts'

/** `chorus keygen --json`. */
export interface KeygenOutput {
  readonly file: string
  /** Public key, hex: what a grant names. */
  readonly key: string
}

export async function run(context: Context, { args, options }: Invocation): Promise<Exit> {
  const file = resolve(context.io.cwd, args[0] ?? '')
  const { createSigner } = await import('../../node/index.ts')
  const seed = randomBytes(32)
  const { key } = createSigner(seed)
  writePrivate(file, keyFileText({ role: 'publisher', key, seed }, await newPassphrase(context.io, options)))
  context.out.result<KeygenOutput>('key', { file, key }, (data) => data.key)
  if (!context.out.json)
    context.out.note(
      `The private key is in ${file}. Let it publish with: chorus grant ${key} --as NAME --publish 'PATTERN'`,
    )
  return EXIT.done
}
