import { PolicyError } from '../errors.ts'
import { LIMITS } from '../limits.ts'

/** One member of an archive. Its content must be read, or left, before the next one is asked for. */
export interface ArchiveMember {
  readonly name: string
  readonly kind: 'file' | 'folder' | 'link' | 'hard link'
  /** Permission bits. */
  readonly mode: number
  readonly size: number
  /** Where a link leads. */
  readonly target: string
  content(): AsyncGenerator<Uint8Array>
}

const BLOCK = 512
const KINDS: Readonly<Record<string, ArchiveMember['kind']>> = {
  '\0': 'file',
  '0': 'file',
  '7': 'file',
  '5': 'folder',
  '2': 'link',
  '1': 'hard link',
}

/**
 * Members of a tar file in order: ustar, with the long names of GNU (types L and K) and pax (type x).
 *
 * @throws PolicyError E_MALFORMED, E_TOO_LARGE; E_UNSUPPORTED for devices, pipes and sparse files
 */
export async function* tarMembers(source: AsyncIterable<Uint8Array>): AsyncGenerator<ArchiveMember> {
  const reader = new Reader(source)
  let longName: string | undefined
  let longTarget: string | undefined
  let pax: ReadonlyMap<string, string> = new Map()
  for (let count = 0; ; count++) {
    const header = await reader.take(BLOCK)
    if (header === null || header.every((byte) => byte === 0)) return
    if (count >= LIMITS.archiveMembers)
      throw new PolicyError('E_TOO_LARGE', `the archive has more than ${LIMITS.archiveMembers} members`)
    checkSum(header)
    const type = String.fromCharCode(header[156] ?? 0)
    const size = Number(pax.get('size') ?? numberAt(header, 124, 12))
    if (!Number.isSafeInteger(size) || size < 0)
      throw new PolicyError('E_MALFORMED', 'a member of the archive has no valid size')
    if (type === 'L' || type === 'K' || type === 'x' || type === 'g') {
      if (size > LIMITS.archiveHeaderBytes) throw new PolicyError('E_TOO_LARGE', 'a name in the archive is too long')
      const bytes = await reader.need(size)
      await reader.skip(padding(size))
      if (type === 'L') longName = textOf(bytes)
      if (type === 'K') longTarget = textOf(bytes)
      if (type === 'x') pax = paxRecords(bytes)
      continue
    }
    const name = pax.get('path') ?? longName ?? ustarName(header)
    const kind = type !== '5' && name.endsWith('/') && KINDS[type] === 'file' ? 'folder' : KINDS[type]
    if (kind === undefined)
      throw new PolicyError('E_UNSUPPORTED', `${name} is a device, a pipe or a sparse file, which are not unpacked`)
    const body = kind === 'file' ? size : 0
    const stream = reader.piece(body)
    yield {
      name,
      kind,
      mode: numberAt(header, 100, 8) & 0o777,
      size: body,
      target: pax.get('linkpath') ?? longTarget ?? textOf(header.subarray(157, 257)),
      content: () => stream,
    }
    // What was not read is passed over.
    for await (const _ of stream) continue
    await reader.skip(padding(body))
    longName = undefined
    longTarget = undefined
    pax = new Map()
  }
}

function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK
}

function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end))
}

function ustarName(header: Uint8Array): string {
  const name = textOf(header.subarray(0, 100))
  const prefix = textOf(header.subarray(257, 262)) === 'ustar' ? textOf(header.subarray(345, 500)) : ''
  return prefix === '' ? name : `${prefix}/${name}`
}

/** Octal text, or a big number of GNU whose first bit is set. */
function numberAt(header: Uint8Array, at: number, length: number): number {
  const field = header.subarray(at, at + length)
  if (((field[0] ?? 0) & 0x80) !== 0) return field.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0)
  const text = textOf(field).trim()
  return text === '' ? 0 : Number.parseInt(text, 8)
}

function checkSum(header: Uint8Array): void {
  let sum = 0
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 32 : (header[i] ?? 0)
  if (sum !== numberAt(header, 148, 8)) throw new PolicyError('E_MALFORMED', 'this is no tar file, or a damaged one')
}

/** `LENGTH KEY=VALUE\n` each, where the length counts itself. */
function paxRecords(bytes: Uint8Array): ReadonlyMap<string, string> {
  const records = new Map<string, string>()
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(32, at)
    const length = Number(new TextDecoder().decode(bytes.subarray(at, Math.max(at, space))))
    if (space < 0 || !Number.isInteger(length) || length <= space - at)
      throw new PolicyError('E_MALFORMED', 'a header of the archive is damaged')
    const record = new TextDecoder().decode(bytes.subarray(space + 1, at + length - 1))
    const equals = record.indexOf('=')
    records.set(record.slice(0, equals), record.slice(equals + 1))
    at += length
  }
  return records
}

/** Pieces of any size, read in the sizes that are asked for. */
class Reader {
  readonly #source: AsyncIterator<Uint8Array>
  #left: Uint8Array = new Uint8Array(0)

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** null at the end. @throws PolicyError E_MALFORMED if it ends in the middle */
  async take(size: number): Promise<Uint8Array | null> {
    if (this.#left.length === 0 && !(await this.#more())) return null
    return await this.need(size)
  }

  async need(size: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(size)
    let at = 0
    for await (const part of this.piece(size)) {
      bytes.set(part, at)
      at += part.length
    }
    return bytes
  }

  async skip(size: number): Promise<void> {
    for await (const _ of this.piece(size)) continue
  }

  async *piece(size: number): AsyncGenerator<Uint8Array> {
    for (let left = size; left > 0;) {
      if (this.#left.length === 0 && !(await this.#more()))
        throw new PolicyError('E_MALFORMED', 'the archive ends in the middle')
      const part = this.#left.subarray(0, left)
      this.#left = this.#left.subarray(part.length)
      left -= part.length
      yield part
    }
  }

  async #more(): Promise<boolean> {
    for (;;) {
      const next = await this.#source.next()
      if (next.done === true) return false
      this.#left = next.value
      if (this.#left.length > 0) return true
    }
  }
}
