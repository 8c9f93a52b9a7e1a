import type { Crypto } from '../crypto.ts'
import { decodeEnvelope, verifyEnvelope } from '../records/codec.ts'
import type { Envelope } from '../records/types.ts'
import type { RecordReader } from './settings.ts'

/** Decodes and verifies with nothing but the crypto that it is given. */
export class PlainReader implements RecordReader {
  readonly #crypto: Crypto

  constructor(crypto: Crypto) {
    this.#crypto = crypto
  }

  read(bytes: Uint8Array): Envelope {
    return decodeEnvelope(bytes, this.#crypto)
  }

  verify(envelope: Envelope): boolean {
    return verifyEnvelope(envelope, this.#crypto)
  }
}
