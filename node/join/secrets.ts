import { closeSync, constants, existsSync, fstatSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf, NodeError } from '../errors.ts'
import { fsyncFolder } from '../state/keyfile.ts'

const FILE = 'age.key'

/** A node's own age identity, for the secrets that policies carry. */
export interface AgeIdentity {
  readonly recipient: string
  /** @throws Error if it is not for this identity, or damaged */
  readonly decrypt: (bytes: Uint8Array) => Promise<Uint8Array>
}

/**
 * The node's age identity, for secrets that policies carry: made once, 0600, in the state folder.
 * @returns its recipient, which goes into the node's certificate
 */
export async function ageRecipient(stateDir: string): Promise<string> {
  const path = join(stateDir, FILE)
  if (!existsSync(path)) {
    const { generateX25519Identity } = await import('age-encryption')
    writeFileSync(path, `${await generateX25519Identity()}\n`, { mode: 0o600, flag: 'wx', flush: true })
    fsyncFolder(stateDir)
  }
  return (await readIdentity(path)).recipient
}

/** @throws NodeError E_STATE if it is missing, can be read by others, or is none */
export async function ageIdentity(stateDir: string): Promise<AgeIdentity> {
  return await readIdentity(join(stateDir, FILE))
}

/**
 * An age identity from a file in the form of `age-keygen`: lines that start with # are comments.
 * @throws NodeError E_STATE if it is missing, can be read by others, or is none
 */
export async function readIdentity(path: string): Promise<AgeIdentity> {
  const text = readPrivate(path)
  const identity = text.split('\n').find((line) => line.startsWith('AGE-SECRET-KEY-'))
  const { Decrypter, identityToRecipient } = await import('age-encryption')
  try {
    const decrypter = new Decrypter()
    decrypter.addIdentity(identity?.trim() ?? '')
    const recipient = await identityToRecipient(identity?.trim() ?? '')
    return { recipient, decrypt: async (bytes) => await decrypter.decrypt(bytes) }
  } catch {
    throw new NodeError('E_STATE', `${path} holds no age identity (AGE-SECRET-KEY-1...): restore it from a backup.`, {
      path,
    })
  }
}

function readPrivate(path: string): string {
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  } catch (error) {
    throw new NodeError('E_STATE', `The age identity ${path} cannot be read (${messageOf(error)}).`, { path }, error)
  }
  try {
    if ((fstatSync(fd).mode & 0o077) !== 0) {
      throw new NodeError(
        'E_STATE',
        `The age identity ${path} can be read by others: run chmod 600 on it, and replace the secrets if anyone did.`,
        { path },
      )
    }
    return readFileSync(fd, 'utf8')
  } finally {
    closeSync(fd)
  }
}
