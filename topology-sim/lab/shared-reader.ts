import { decodeEnvelope, verifyEnvelope } from '../../node/core/index.ts'
import type { Envelope, Hasher, RecordReader, Verifier } from '../../node/core/index.ts'

/** Reads and verifies each record once for all nodes of a lab: they are handed the same bytes, never copies of them. */
export class SharedReader implements RecordReader {
  readonly #crypto: Hasher & Verifier
  readonly #read = new WeakMap<Uint8Array, { readonly envelope: Envelope } | { readonly error: unknown }>()
  readonly #sound = new WeakMap<Envelope, boolean>()

  constructor(crypto: Hasher & Verifier) {
    this.#crypto = crypto
  }

  /** @throws CoreError E_TOO_LARGE, E_MALFORMED */
  read(bytes: Uint8Array): Envelope {
    let known = this.#read.get(bytes)
    if (known === undefined) {
      known = this.#decode(bytes)
      this.#read.set(bytes, known)
    }
    if ('error' in known) throw known.error
    return known.envelope
  }

  verify(envelope: Envelope): boolean {
    const known = this.#sound.get(envelope)
    if (known !== undefined) return known
    const sound = verifyEnvelope(envelope, this.#crypto)
    this.#sound.set(envelope, sound)
    return sound
  }

  #decode(bytes: Uint8Array): { readonly envelope: Envelope } | { readonly error: unknown } {
    try {
      return { envelope: decodeEnvelope(bytes, this.#crypto) }
    } catch (error) {
      return { error }
    }
  }
}
