import type { Key } from './records/types.ts'

/**
 * What records need of cryptography, given from outside: synchronous, deterministic, without state that shows. The
 * daemon gives node:crypto's Ed25519 (`node/crypto.ts`), a simulator the same behind a memo.
 */
export interface Hasher {
  /** 32 bytes. */
  sha256(bytes: Uint8Array): Uint8Array
}

export interface Verifier {
  /** False for a bad signature and for a key that is none; never throws. */
  verify(key: Key, message: Uint8Array, sig: Uint8Array): boolean
}

/** One private key's work; the key itself stays outside. */
export interface Signer {
  readonly key: Key
  /** 64 bytes, Ed25519. */
  sign(message: Uint8Array): Uint8Array
}

/** All three for one node: `sign` signs with the node's own key. */
export interface Crypto extends Hasher, Verifier {
  sign(message: Uint8Array): Uint8Array
}
