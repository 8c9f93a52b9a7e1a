import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Crypto, Hasher, Key, Signer, Verifier } from './core/index.ts'

/** The core's crypto port with node:crypto's Ed25519: the one verifier that everything here uses. */

/** Importing a key costs as much as half a verification; a busy node hears from a few hundred keys. */
const KEY_CACHE_MAX = 4096

export const hasher: Hasher = {
  sha256: (bytes) => createHash('sha256').update(bytes).digest(),
}

/** A verifier with a bounded cache of imported keys (the oldest falls out). */
export function createVerifier(cacheMax = KEY_CACHE_MAX): Verifier {
  const cache = new Map<Key, KeyObject>()
  function imported(key: Key): KeyObject {
    const known = cache.get(key)
    if (known !== undefined) return known
    const x = Buffer.from(key, 'hex').toString('base64url')
    const object = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
    const oldest = cache.size >= cacheMax ? cache.keys().next().value : undefined
    if (oldest !== undefined) cache.delete(oldest)
    cache.set(key, object)
    return object
  }
  return {
    verify(key, message, sig) {
      try {
        return sig.length === 64 && verify(null, message, imported(key), sig)
      } catch {
        // Not a point on the curve.
        return false
      }
    },
  }
}

/** DER of an Ed25519 private key in PKCS#8, up to the 32 bytes of the seed (RFC 8410, section 7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

/** A signer from a 32-byte seed (RFC 8032). The seed is not kept as such. @throws RangeError for another length */
export function createSigner(seed: Uint8Array): Signer {
  if (seed.length !== 32) throw new RangeError(`An Ed25519 seed has 32 bytes, not ${seed.length}.`)
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' })
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' })
  const key = Buffer.from(x ?? '', 'base64url').toString('hex')
  return { key, sign: (message) => sign(null, message, privateKey) }
}

/** Everything the engine of one node needs. */
export function createCrypto(signer: Signer, verifier: Verifier = createVerifier()): Crypto {
  return {
    sha256: (bytes) => hasher.sha256(bytes),
    verify: (key, message, sig) => verifier.verify(key, message, sig),
    sign: (message) => signer.sign(message),
  }
}
