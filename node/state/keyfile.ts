import { createPrivateKey, randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { createSigner } from '../crypto.ts'
import { messageOf, NodeError } from '../errors.ts'

/** Ed25519 keys in files: PKCS#8 PEM (what `openssl pkey` reads), mode 0600, optionally under a passphrase. */

const SEED_BYTES = 32
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
/** A PEM of an Ed25519 key is 119 bytes, encrypted about 300. */
const FILE_BYTES_MAX = 4096

export interface KeyFile {
  /** Public key, hex. */
  readonly key: string
  /** 32 bytes. */
  readonly seed: Uint8Array
}

export function newSeed(): Uint8Array {
  return randomBytes(SEED_BYTES)
}

/**
 * Writes a new key file: complete and fsynced before it has its name, never over another file.
 * @throws NodeError E_STATE if there is a file of that name or it cannot be written
 */
export function writeKeyFile(path: string, seed: Uint8Array, passphrase?: string): KeyFile {
  const object = privateKey(seed)
  const pem = object.export({
    format: 'pem',
    type: 'pkcs8',
    ...(passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase }),
  })
  const temporary = `${path}.${process.pid}.${randomBytes(6).toString('hex')}.tmp`
  try {
    const fd = openSync(temporary, 'wx', 0o600)
    try {
      writeSync(fd, pem.toString())
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    // link, unlike rename, fails if the name is taken.
    linkSync(temporary, path)
    fsyncFolder(dirname(path))
  } catch (error) {
    if (isCode(error, 'EEXIST')) {
      throw new NodeError(
        'E_STATE',
        `${path} exists already: move it away first, a key that is lost cannot be made again.`,
        { path },
        error,
      )
    }
    throw new NodeError('E_STATE', `The key file ${path} cannot be written (${messageOf(error)}).`, { path }, error)
  } finally {
    rmSync(temporary, { force: true })
  }
  return { key: createSigner(seed).key, seed }
}

/** @throws NodeError E_STATE: missing, readable for others, no Ed25519 key, or wrong passphrase */
export function readKeyFile(path: string, passphrase?: string): KeyFile {
  const pem = readPrivate(path)
  let object: KeyObject
  try {
    object = createPrivateKey({ key: pem, format: 'pem', ...(passphrase === undefined ? {} : { passphrase }) })
  } catch (error) {
    const locked = pem.includes('ENCRYPTED') ? 'is locked: its passphrase is missing or wrong' : 'is no key in PEM'
    throw new NodeError(
      'E_STATE',
      `The key file ${path} ${locked}.`,
      { path, encrypted: pem.includes('ENCRYPTED') },
      error,
    )
  }
  const { d } = object.asymmetricKeyType === 'ed25519' ? object.export({ format: 'jwk' }) : {}
  if (d === undefined)
    throw new NodeError(
      'E_STATE',
      `The key file ${path} holds a ${object.asymmetricKeyType} key: an Ed25519 key is needed.`,
      { path },
    )
  const seed = new Uint8Array(Buffer.from(d, 'base64url'))
  return { key: createSigner(seed).key, seed }
}

function readPrivate(path: string): string {
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  } catch (error) {
    const why = isCode(error, 'ENOENT') ? 'is missing' : `cannot be read (${messageOf(error)})`
    throw new NodeError('E_STATE', `The key file ${path} ${why}.`, { path, missing: isCode(error, 'ENOENT') }, error)
  }
  try {
    const info = fstatSync(fd)
    if (!info.isFile() || info.size > FILE_BYTES_MAX)
      throw new NodeError('E_STATE', `${path} is no key file.`, { path })
    if ((info.mode & 0o077) !== 0) {
      throw new NodeError(
        'E_STATE',
        `The key file ${path} can be read by others: run chmod 600 on it, and replace the key if anyone did.`,
        { path },
      )
    }
    return readFileSync(fd, 'utf8')
  } finally {
    closeSync(fd)
  }
}

function privateKey(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' })
}

/** Makes a new name in a folder durable. */
export function fsyncFolder(dir: string): void {
  const fd = openSync(dir, constants.O_RDONLY)
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

export function isCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code
}
