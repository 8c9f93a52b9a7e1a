import { createHash, createPrivateKey, createPublicKey, hash, sign, verify } from 'node:crypto'
import type { Hasher, Key, Signer, Tools, Verifier } from '../../node/core/index.ts'

/** Keys and signatures of a simulated mesh: the daemon's Ed25519, or a keyed hash in its place. */
export interface SimCrypto extends Tools, Verifier {
  readonly kind: 'ed25519' | 'model'
}

export const hasher: Hasher = { sha256: (bytes) => hash('sha256', bytes, 'buffer') }

/** Of text as UTF-8, without a copy of it in between. */
export function hashOfText(text: string): Uint8Array {
  return hash('sha256', text, 'buffer')
}

/** DER of an Ed25519 private and public key up to its 32 bytes (RFC 8410, sections 4 and 7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

const ed25519: SimCrypto = {
  kind: 'ed25519',
  hasher,
  signerOf(seed) {
    const der = Buffer.concat([PKCS8_PREFIX, seed])
    const secret = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    const key = createPublicKey(secret).export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex')
    return { key, sign: (message) => sign(null, message, secret) }
  },
  verify(key, message, sig) {
    try {
      const der = Buffer.concat([SPKI_PREFIX, Buffer.from(key, 'hex')])
      return sig.length === 64 && verify(null, message, createPublicKey({ key: der, format: 'der', type: 'spki' }), sig)
    } catch {
      // Not a point on the curve.
      return false
    }
  },
}

/**
 * A key is a hash, a signature two hashes of key and message. Whoever knows this could forge any, which nobody in a
 * simulation does: a forger has to sign with a key of its own, or with junk, and both are refused as by Ed25519.
 */
const model: SimCrypto = {
  kind: 'model',
  hasher,
  signerOf(seed): Signer {
    const key = hash('sha256', seed, 'hex')
    return { key, sign: (message) => modelSignature(key, message) }
  },
  verify: (key, message, sig) => Buffer.compare(modelSignature(key, message), sig) === 0,
}

function modelSignature(key: Key, message: Uint8Array): Uint8Array {
  const first = createHash('sha256').update(key).update(message).digest()
  return Buffer.concat([first, createHash('sha256').update(first).digest()])
}

export function simCrypto(kind: 'ed25519' | 'model'): SimCrypto {
  return kind === 'ed25519' ? ed25519 : model
}
