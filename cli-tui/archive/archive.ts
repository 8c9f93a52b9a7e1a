import { createHash } from 'node:crypto'
import { createReadStream, rmSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { CID } from 'multiformats/cid'
import { z } from 'zod'
import { CliError } from '../errors.ts'

/**
 * One file for what otherwise travels between nodes: a bundle (`chorus build`) or records and bundles (`chorus export`). First a line of
 * JSON, then frames `tag (1 byte), id length (1), id, length (4, big-endian), bytes`, and at the end a frame with tag `E` and the sha2-256 of all
 * bytes before it, so that a cut file is noticed. Blocks (tag `B`) are checked against their CID when read; records (tag `R`) are checked by whoever
 * takes them in.
 */
export interface Header {
  readonly chorus: 'archive/1'
  readonly kind: 'bundle' | 'export'
  /** Root and size of a bundle file's bundle. */
  readonly root?: string | undefined
  readonly size?: number | undefined
  /** The mesh of an export. */
  readonly mesh?: string | undefined
  readonly meshName?: string | undefined
}

export interface Entry {
  readonly tag: 'R' | 'B'
  readonly cid: string
  readonly bytes: Uint8Array
}

const header = z.strictObject({
  chorus: z.literal('archive/1'),
  kind: z.enum(['bundle', 'export']),
  root: z.string().max(128).optional(),
  size: z.int().nonnegative().optional(),
  mesh: z.string().max(128).optional(),
  meshName: z.string().max(256).optional(),
})

const HEADER_BYTES = 4096
/** A bundle's root is the largest thing inside: 2 MiB. */
const ENTRY_BYTES = 2 * 1024 * 1024
const END = 'E'

/** Writes beside the target and renames, so that a half-written file never has its name. @throws CliError E_FILE_EXISTS */
export async function writeArchive(
  path: string,
  head: Header,
  entries: AsyncIterable<Entry> | Iterable<Entry>,
  force: boolean,
): Promise<{ readonly entries: number; readonly bytes: number }> {
  if (!force) await refuseExisting(path)
  const temporary = `${path}.${process.pid}.tmp`
  const file = await open(temporary, 'wx', 0o600)
  const hash = createHash('sha256')
  let bytes = 0
  let count = 0
  const write = async (part: Uint8Array): Promise<void> => {
    hash.update(part)
    bytes += part.length
    await file.writeFile(part)
  }
  try {
    await write(Buffer.from(`${JSON.stringify(head)}\n`))
    for await (const entry of entries) {
      await write(frameHead(entry.tag, CID.parse(entry.cid).bytes, entry.bytes.length))
      await write(entry.bytes)
      count++
    }
    const sum = hash.copy().digest()
    await write(frameHead(END, new Uint8Array(), sum.length))
    await write(sum)
    await file.sync()
    await file.close()
    await rename(temporary, path)
  } catch (error) {
    await file.close().catch(() => undefined)
    rmSync(temporary, { force: true })
    throw error
  }
  return { entries: count, bytes }
}

/** Reads the header, then gives the entries one by one. @throws CliError E_ARCHIVE for anything that is not a whole archive */
export async function openArchive(
  path: string,
): Promise<{ readonly head: Header; readonly entries: AsyncGenerator<Entry> }> {
  const reader = new Reader(path)
  const line = await reader.line()
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch {
    throw notOne(path)
  }
  const found = header.safeParse(json)
  if (!found.success) throw notOne(path)
  return { head: found.data, entries: entriesOf(reader) }
}

/** Where the bytes of each block lie in the file, after it was verified whole. @throws CliError E_ARCHIVE */
export async function locateEntries(
  path: string,
): Promise<ReadonlyMap<string, { readonly offset: number; readonly length: number }>> {
  const reader = new Reader(path)
  await reader.line()
  const places = new Map<string, { readonly offset: number; readonly length: number }>()
  for await (const { cid, bytes } of entriesOf(reader))
    places.set(cid, { offset: reader.offset - bytes.length, length: bytes.length })
  return places
}

async function* entriesOf(reader: Reader): AsyncGenerator<Entry> {
  for (;;) {
    const sum = reader.sum()
    const [tagByte = 0, idLength = 0] = await reader.take(2)
    const id = await reader.take(idLength)
    const length = (await reader.take(4)).readUInt32BE(0)
    if (length > ENTRY_BYTES) throw reader.damaged(`an entry of ${length} bytes is too large`)
    const bytes = await reader.take(length)
    const tag = String.fromCharCode(tagByte)
    if (tag === END) {
      if (!bytes.equals(sum)) throw reader.damaged('its checksum is wrong')
      await reader.expectEnd()
      return
    }
    if (tag !== 'R' && tag !== 'B') throw reader.damaged('it has an entry of an unknown kind')
    yield { tag, cid: reader.checkedCid(id, tag, bytes), bytes }
  }
}

class Reader {
  readonly #path: string
  readonly #source: AsyncIterator<Buffer>
  readonly #hash = createHash('sha256')
  #rest: Buffer = Buffer.alloc(0)
  /** Of the next byte that is to be read. */
  offset = 0

  constructor(path: string) {
    this.#path = path
    const stream: AsyncIterable<Buffer> = createReadStream(path, { highWaterMark: 256 * 1024 })
    this.#source = stream[Symbol.asyncIterator]()
  }

  damaged(why: string): CliError {
    return new CliError('E_ARCHIVE', `${this.#path} is damaged: ${why}`, 'Copy it again, or make it again.')
  }

  async line(): Promise<string> {
    while (!this.#rest.includes(10)) {
      if (this.#rest.length > HEADER_BYTES || !(await this.#more())) throw notOne(this.#path)
    }
    return this.#consume(this.#rest.indexOf(10) + 1).toString('utf8')
  }

  async take(length: number): Promise<Buffer> {
    while (this.#rest.length < length) {
      if (!(await this.#more())) throw this.damaged('it ends too early')
    }
    return this.#consume(length)
  }

  async expectEnd(): Promise<void> {
    if (this.#rest.length > 0 || (await this.#more())) throw this.damaged('it goes on after its end')
  }

  sum(): Buffer {
    return this.#hash.copy().digest()
  }

  checkedCid(id: Buffer, tag: 'R' | 'B', bytes: Uint8Array): string {
    let cid: CID
    try {
      cid = CID.decode(id)
    } catch {
      throw this.damaged('an entry has no valid id')
    }
    if (tag === 'B' && !createHash('sha256').update(bytes).digest().equals(cid.multihash.digest))
      throw this.damaged(`block ${cid.toString()} has other content than its id says`)
    return cid.toString()
  }

  #consume(length: number): Buffer {
    const part = this.#rest.subarray(0, length)
    this.#hash.update(part)
    this.#rest = this.#rest.subarray(length)
    this.offset += length
    return part
  }

  async #more(): Promise<boolean> {
    const next = await this.#source.next()
    if (next.done === true) return false
    this.#rest = this.#rest.length === 0 ? next.value : Buffer.concat([this.#rest, next.value])
    return true
  }
}

function frameHead(tag: string, id: Uint8Array, length: number): Buffer {
  const head = Buffer.alloc(2 + id.length + 4)
  head.writeUInt8(tag.charCodeAt(0), 0)
  head.writeUInt8(id.length, 1)
  head.set(id, 2)
  head.writeUInt32BE(length, 2 + id.length)
  return head
}

const notOne = (path: string): CliError =>
  new CliError('E_ARCHIVE', `${path} is neither a bundle from "chorus build" nor a file from "chorus export"`)

async function refuseExisting(path: string): Promise<void> {
  const existing = await open(path, 'r').catch(() => undefined)
  await existing?.close()
  if (existing !== undefined)
    throw new CliError('E_FILE_EXISTS', `${path} exists already`, 'Say --force to replace it.')
}
