import { CONTROL_LIMITS } from './limits.ts'
import { ControlError } from './errors.ts'

/** A block or a record with its id, as a stream of them carries it. */
export interface Framed {
  readonly id: Uint8Array
  readonly bytes: Uint8Array
}

/** A run of frames: 4-byte big-endian length of the id, id, 4-byte length, bytes. */
export async function* encodeFrames(items: AsyncIterable<Framed> | Iterable<Framed>): AsyncGenerator<Buffer> {
  for await (const { id, bytes } of items) {
    const head = Buffer.allocUnsafe(8 + id.byteLength)
    head.writeUInt32BE(id.byteLength, 0)
    head.set(id, 4)
    head.writeUInt32BE(bytes.byteLength, 4 + id.byteLength)
    yield head
    if (bytes.byteLength > 0) yield Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }
}

/**
 * Reads frames as they come, holding one at a time.
 * @throws ControlError E_TOO_LARGE for an id, a block or a stream over its limit; E_BAD_REQUEST if it ends in the middle
 */
export async function* decodeFrames(
  source: AsyncIterable<Uint8Array>,
  limits: { readonly blockBytes: number; readonly streamBytes: number } = CONTROL_LIMITS,
): AsyncGenerator<Framed> {
  const reader = new Reader(source, limits.streamBytes)
  for (;;) {
    const head = await reader.take(4, true)
    if (head === null) return
    const id = await reader.take(bounded(head.readUInt32BE(0), CONTROL_LIMITS.idBytes, 'id'))
    const length = await reader.take(4)
    const bytes = await reader.take(bounded(length.readUInt32BE(0), limits.blockBytes, 'block'))
    yield { id, bytes }
  }
}

function bounded(length: number, max: number, what: string): number {
  if (length > max) throw new ControlError('E_TOO_LARGE', `A frame's ${what} has ${length} bytes, ${max} are allowed.`)
  return length
}

class Reader {
  readonly #source: AsyncIterator<Uint8Array>
  readonly #max: number
  #parts: Buffer[] = []
  #held = 0
  #total = 0

  constructor(source: AsyncIterable<Uint8Array>, max: number) {
    this.#source = source[Symbol.asyncIterator]()
    this.#max = max
  }

  take(length: number): Promise<Buffer>
  take(length: number, orEnd: true): Promise<Buffer | null>
  async take(length: number, orEnd = false): Promise<Buffer | null> {
    while (this.#held < length) {
      const next = await this.#source.next()
      if (next.done === true) {
        if (orEnd && this.#held === 0) return null
        throw new ControlError('E_BAD_REQUEST', 'The stream of blocks ends in the middle of a frame.')
      }
      this.#total += next.value.byteLength
      if (this.#total > this.#max) {
        throw new ControlError('E_TOO_LARGE', `The stream of blocks is longer than ${this.#max} bytes.`)
      }
      this.#parts.push(Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength))
      this.#held += next.value.byteLength
    }
    const all = this.#parts.length === 1 ? (this.#parts[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#parts)
    this.#held -= length
    this.#parts = this.#held > 0 ? [all.subarray(length)] : []
    return all.subarray(0, length)
  }
}
