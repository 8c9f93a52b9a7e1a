import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from 'node:crypto'
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, statSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import { CliError } from '../errors.ts'

/**
 * A key that signs in the command and never in the daemon: a root's, or a publisher's. One JSON file, 0600. The seed is 32 bytes, in the clear or
 * sealed with a passphrase (scrypt, then AES-256-GCM, with the public key as additional data).
 */
export interface KeyFile {
  readonly role: 'root' | 'publisher'
  /** Public key, hex. */
  readonly key: string
  readonly seed: Uint8Array
}

/** Cost of one guess: about 0.4 s and 128 MiB. Upper bounds keep a hostile file from taking all memory. */
const SCRYPT = { N: 2 ** 17, r: 8, p: 1 } as const
const SCRYPT_MEMORY = 512 * 1024 * 1024

const base64 = z
  .string()
  .max(256)
  .regex(/^[A-Za-z0-9+/]+=*$/)
const schema = z.strictObject({
  chorus: z.literal('key/1'),
  role: z.enum(['root', 'publisher']),
  key: z.string().regex(/^[0-9a-f]{64}$/),
  seed: base64.optional(),
  sealed: z
    .strictObject({
      kdf: z.literal('scrypt'),
      N: z.int().max(2 ** 18),
      r: z.int().max(16),
      p: z.int().max(4),
      salt: base64,
      nonce: base64,
      box: base64,
    })
    .optional(),
})

/** Key files are below 1 KiB; anything larger is something else. */
const FILE_BYTES = 16 * 1024

export function keyFileText(file: KeyFile, passphrase: string | undefined): string {
  const head = { chorus: 'key/1', role: file.role, key: file.key }
  if (passphrase === undefined)
    return `${JSON.stringify({ ...head, seed: Buffer.from(file.seed).toString('base64') }, undefined, 2)}\n`
  const salt = randomBytes(16)
  const nonce = randomBytes(12)
  const cipher = createCipheriv(
    'aes-256-gcm',
    scryptSync(passphrase, salt, 32, { ...SCRYPT, maxmem: SCRYPT_MEMORY }),
    nonce,
  )
  cipher.setAAD(Buffer.from(file.key, 'hex'))
  const box = Buffer.concat([cipher.update(file.seed), cipher.final(), cipher.getAuthTag()])
  const sealed = {
    kdf: 'scrypt',
    ...SCRYPT,
    salt: salt.toString('base64'),
    nonce: nonce.toString('base64'),
    box: box.toString('base64'),
  }
  return `${JSON.stringify({ ...head, sealed }, undefined, 2)}\n`
}

/**
 * Reads a key file. `passphrase` is asked for only when the file is sealed.
 * @throws CliError E_KEY_FILE if it is none, or others can read it; E_PASSPHRASE if the passphrase is wrong
 */
export async function readKeyFile(path: string, passphrase: () => Promise<string>): Promise<KeyFile> {
  const found = parse(path)
  // Windows has no such bits; elsewhere a key that others can read is no secret.
  if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) {
    throw new CliError('E_KEY_FILE', `${path} can be read by others: make it private`, `Run: chmod 600 ${path}`)
  }
  if (found.seed !== undefined) return checked(path, found, Buffer.from(found.seed, 'base64'))
  const sealed = found.sealed
  if (sealed === undefined)
    throw new CliError('E_KEY_FILE', `${path} has neither a seed nor a sealed one: restore it from a backup`)
  const box = Buffer.from(sealed.box, 'base64')
  const secret = scryptSync(await passphrase(), Buffer.from(sealed.salt, 'base64'), 32, {
    N: sealed.N,
    r: sealed.r,
    p: sealed.p,
    maxmem: SCRYPT_MEMORY,
  })
  try {
    const decipher = createDecipheriv('aes-256-gcm', secret, Buffer.from(sealed.nonce, 'base64'))
    decipher.setAAD(Buffer.from(found.key, 'hex'))
    decipher.setAuthTag(box.subarray(-16))
    return checked(path, found, Buffer.concat([decipher.update(box.subarray(0, -16)), decipher.final()]))
  } catch {
    throw new CliError('E_PASSPHRASE', `the passphrase does not open ${path}`)
  }
}

/** The public half, without any secret; undefined if the file is not a key file. */
export function publicKeyIn(path: string): string | undefined {
  try {
    return parse(path).key
  } catch {
    return undefined
  }
}

function parse(path: string): z.infer<typeof schema> {
  if (statSync(path).size > FILE_BYTES)
    throw new CliError('E_KEY_FILE', `${path} is no key file: it is larger than ${FILE_BYTES} bytes`)
  let json: unknown
  try {
    json = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new CliError('E_KEY_FILE', `${path} is no key file: it is not JSON`, 'Make one with "chorus keygen FILE".')
    throw error
  }
  const found = schema.safeParse(json)
  if (!found.success)
    throw new CliError('E_KEY_FILE', `${path} is no key file of this version`, 'Make one with "chorus keygen FILE".')
  return found.data
}

function checked(
  path: string,
  found: { readonly role: KeyFile['role']; readonly key: string },
  seed: Uint8Array,
): KeyFile {
  if (seed.length !== 32)
    throw new CliError('E_KEY_FILE', `${path} is damaged: its seed has ${seed.length} bytes instead of 32`)
  return { role: found.role, key: found.key, seed }
}

/** Writes a new private file (0600) and syncs it. @throws CliError E_FILE_EXISTS rather than overwrite a key */
export function writePrivate(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  let fd: number
  try {
    fd = openSync(path, 'wx', 0o600)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') {
      throw new CliError(
        'E_FILE_EXISTS',
        `${path} exists already, and a key is never overwritten`,
        'Choose another file, or move this one away.',
      )
    }
    throw error
  }
  try {
    writeSync(fd, text)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
