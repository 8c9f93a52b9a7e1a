import {
  encodeBody,
  idOf,
  seal,
  type Body,
  type Cid,
  type Envelope,
  type Family,
  type Key,
  type Provisional,
  type Signer,
} from '../../node/core/index.ts'
import { hasher } from './crypto.ts'

/** What records of one kind share. */
interface Makers {
  readonly reader: { know(envelope: Envelope, bytes: Uint8Array): void }
  readonly signers: (node: number) => readonly Signer[]
}

/**
 * A record whose id is known and that is signed when somebody asks for its bytes: of a million certificates at rest
 * nobody does. Its signatures are right by construction.
 */
export class LateRecord<B extends Body = Body> implements Envelope<B> {
  readonly id: Cid
  readonly family: Family = 'set'
  readonly body: B
  readonly #makers: Makers
  readonly #node: number
  #sealed: Envelope<B> | null = null

  /** @param bodyBytes canonical, as `encodeBody` gives them; not kept */
  constructor(body: B, bodyBytes: Uint8Array, makers: Makers, node: number) {
    this.body = body
    this.id = idOf(bodyBytes, hasher)
    this.#makers = makers
    this.#node = node
  }

  get bytes(): Uint8Array {
    return this.#seal().bytes
  }
  get bodyBytes(): Uint8Array {
    return this.#seal().bodyBytes
  }
  get sigs(): Envelope['sigs'] {
    return this.#seal().sigs
  }
  get envelopeHash(): string {
    return this.#seal().envelopeHash
  }

  #seal(): Envelope<B> {
    if (this.#sealed === null) {
      this.#sealed = seal(this.body, this.#makers.signers(this.#node), hasher)
      this.#makers.reader.know(this, this.#sealed.bytes)
    }
    return this.#sealed
  }
}

/** Canonical bytes of bodies that differ from a first one in `key` and `name` alone. */
export type BodyTemplate<B> = (body: B) => Uint8Array

/** Encodes once, and puts other keys and names into what came out: a fortieth of the cost. */
export function bodyTemplate(body: Provisional): BodyTemplate<Provisional> {
  const whole = Buffer.from(encodeBody(body))
  const keyAt = fieldAt(whole, 'key', Buffer.from([0x58, 0x20]))
  const nameAt = fieldAt(whole, 'name', textHead(Buffer.byteLength(body.name)))
  const nameEnd = nameAt + textHead(Buffer.byteLength(body.name)).length + Buffer.byteLength(body.name)
  const parts = [whole.subarray(0, keyAt + 2), whole.subarray(keyAt + 34, nameAt), whole.subarray(nameEnd)]
  const [before = whole, between = whole, after = whole] = parts
  return ({ key, name }) => {
    const text = Buffer.from(name)
    return Buffer.concat([before, keyBytes(key), between, textHead(text.length), text, after])
  }
}

function keyBytes(key: Key): Uint8Array {
  return Buffer.from(key, 'hex')
}

/** Where the value of a map's field begins: behind its name as CBOR text. The canonical order has `key` before `name`. */
function fieldAt(whole: Buffer, field: string, head: Uint8Array): number {
  const label = Buffer.concat([textHead(field.length), Buffer.from(field), head])
  const at = whole.indexOf(label)
  if (at < 0) throw new RangeError(`the field ${field} is not where it must be`)
  return at + label.length - head.length
}

/** CBOR's head of a text (RFC 8949, section 3): up to 255 bytes, as names are. */
function textHead(length: number): Buffer {
  return length < 24 ? Buffer.from([0x60 + length]) : Buffer.from([0x78, length])
}
