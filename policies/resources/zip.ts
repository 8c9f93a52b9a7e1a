import { PolicyError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { ArchiveMember } from './tar.ts'

export type Inflate = (source: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>

const END = 0x06054b50
const ENTRY = 0x02014b50
const LOCAL = 0x04034b50
/** The end record, and the longest comment behind it. */
const END_BYTES = 22 + 65_535

/**
 * Members of a zip file in the order of its directory. Stored and deflated ones; others, encrypted ones and those of more
 * than 4 GiB are refused.
 *
 * @throws PolicyError E_MALFORMED, E_UNSUPPORTED, E_TOO_LARGE
 */
export async function* zipMembers(file: Uint8Array, inflate: Inflate): AsyncGenerator<ArchiveMember> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const end = endOf(view)
  const count = view.getUint16(end + 10, true)
  let at = view.getUint32(end + 16, true)
  if (count > LIMITS.archiveMembers)
    throw new PolicyError('E_TOO_LARGE', `the archive has more than ${LIMITS.archiveMembers} members`)
  for (let i = 0; i < count; i++) {
    if (at + 46 > file.length || view.getUint32(at, true) !== ENTRY)
      throw new PolicyError('E_MALFORMED', 'the directory of the archive is damaged')
    const nameBytes = view.getUint16(at + 28, true)
    const name = new TextDecoder().decode(file.subarray(at + 46, at + 46 + nameBytes))
    const unix = view.getUint8(at + 5) === 3 ? view.getUint32(at + 38, true) >>> 16 : 0
    const entry = {
      name,
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      packed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      offset: view.getUint32(at + 42, true),
    }
    if ((view.getUint16(at + 8, true) & 1) !== 0) throw new PolicyError('E_UNSUPPORTED', `${name} is encrypted`)
    if (entry.method !== 0 && entry.method !== 8)
      throw new PolicyError('E_UNSUPPORTED', `${name} is packed in a way (${entry.method}) that is not known`)
    if ([entry.packed, entry.size, entry.offset].includes(0xffff_ffff))
      throw new PolicyError('E_UNSUPPORTED', `${name} has more than 4 GiB`)
    const content = (): AsyncGenerator<Uint8Array> => contentOf(file, view, entry, inflate)
    const kind = name.endsWith('/') ? 'folder' : (unix & 0o170_000) === 0o120_000 ? 'link' : 'file'
    yield {
      name,
      kind,
      mode: unix & 0o777 || (kind === 'folder' ? 0o755 : 0o644),
      size: kind === 'file' ? entry.size : 0,
      target: kind === 'link' ? await textOf(content(), name) : '',
      content,
    }
    at += 46 + nameBytes + view.getUint16(at + 30, true) + view.getUint16(at + 32, true)
  }
}

function endOf(view: DataView): number {
  for (let at = view.byteLength - 22; at >= Math.max(0, view.byteLength - END_BYTES); at--)
    if (view.getUint32(at, true) === END) return at
  throw new PolicyError('E_MALFORMED', 'this is no zip file, or one that was cut off')
}

async function textOf(content: AsyncIterable<Uint8Array>, name: string): Promise<string> {
  let text = ''
  for await (const part of content) {
    text += new TextDecoder().decode(part)
    if (text.length > LIMITS.pathBytes) throw new PolicyError('E_TOO_LARGE', `the link ${name} is too long`)
  }
  return text
}

interface ZipEntry {
  readonly name: string
  readonly method: number
  readonly crc: number
  readonly packed: number
  readonly size: number
  readonly offset: number
}

/** Never more than the directory says, and with the sum that it says. */
async function* contentOf(
  file: Uint8Array,
  view: DataView,
  entry: ZipEntry,
  inflate: Inflate,
): AsyncGenerator<Uint8Array> {
  const { name, offset, packed, size } = entry
  const damaged = (): PolicyError => new PolicyError('E_MALFORMED', `${name} is damaged in the archive`)
  if (offset + 30 > file.length || view.getUint32(offset, true) !== LOCAL) throw damaged()
  const start = offset + 30 + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true)
  if (start + packed > file.length) throw damaged()
  const bytes = once(file.subarray(start, start + packed))
  let crc = 0xffff_ffff
  let left = size
  for await (const part of entry.method === 0 ? bytes : inflate(bytes)) {
    left -= part.length
    if (left < 0) throw damaged()
    crc = crcOf(crc, part)
    yield part
  }
  if (left !== 0 || (crc ^ 0xffff_ffff) >>> 0 !== entry.crc) throw damaged()
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes)
}

/** CRC-32 as zip and Ethernet use it, by a table for each byte. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 0 ? value >>> 1 : 0xedb8_8320 ^ (value >>> 1)
  return value
})

function crcOf(start: number, bytes: Uint8Array): number {
  let crc = start
  for (const byte of bytes) crc = (crc >>> 8) ^ (TABLE[(crc ^ byte) & 0xff] ?? 0)
  return crc
}
