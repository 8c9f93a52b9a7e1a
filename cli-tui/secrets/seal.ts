import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { recipientMark, sealSecret } from '../../policies/index.ts'
import type { SecretBinding } from '../../policies/index.ts'
import { CliError } from '../errors.ts'

export interface Recipients {
  /** Of nodes: age1... */
  readonly nodes: readonly string[]
  /** Others, named whole in the file. */
  readonly also: readonly string[]
}

/**
 * Encrypts a value for its readers, and puts the file in its place, whole.
 * @throws CliError E_USAGE for a recipient that is none
 */
export async function writeSecret(
  dir: string,
  file: string,
  binding: SecretBinding,
  value: Uint8Array,
  { nodes, also }: Recipients,
): Promise<void> {
  const { Encrypter } = await import('age-encryption')
  const encrypter = new Encrypter()
  for (const recipient of new Set([...nodes, ...also])) {
    try {
      encrypter.addRecipient(recipient)
    } catch {
      throw new CliError(
        'E_USAGE',
        `"${recipient}" is no age recipient`,
        'It starts with age1, as age-keygen prints it.',
      )
    }
  }
  const named = { to: [...new Set(nodes.map(recipientMark))].sort(), also: [...new Set(also)].sort() }
  const bytes = await sealSecret(binding, value, async (plain) => await encrypter.encrypt(plain), named)
  const path = join(dir, file)
  mkdirSync(dirname(path), { recursive: true })
  const temporary = `${path}.${process.pid}.tmp`
  writeFileSync(temporary, bytes, { flush: true })
  renameSync(temporary, path)
}
