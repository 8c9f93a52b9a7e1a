import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const FILE = 'age.key'

/**
 * The node's age identity, for secrets that policies carry: made once, 0600, in the state folder.
 * @returns its recipient, which goes into the node's certificate
 */
export async function ageRecipient(stateDir: string): Promise<string> {
  const { generateX25519Identity, identityToRecipient } = await import('age-encryption')
  const path = join(stateDir, FILE)
  if (!existsSync(path))
    writeFileSync(path, `${await generateX25519Identity()}\n`, { mode: 0o600, flag: 'wx', flush: true })
  return await identityToRecipient(readFileSync(path, 'utf8').trim())
}
