import { CID } from 'multiformats/cid'
import type { Cid } from '../core/index.ts'
import { NodeError } from '../errors.ts'

/**
 * `/chorus/blob/1`. A frame is a type, the root's CID (36 bytes) and 32-bit numbers, or the bytes of one block. Blocks of a
 * bundle are numbered: 0 is the root, then its chunks as `chunksOf` lists them.
 */
export type BlobFrame =
  /** Send these blocks; and whatever they are, tell me from now on what you hold of this bundle and what you get. */
  | { readonly type: 'want'; readonly root: Cid; readonly indices: readonly number[] }
  /** These (too) are held here; `complete`: all are. */
  | { readonly type: 'have'; readonly root: Cid; readonly complete: boolean; readonly indices: readonly number[] }
  | { readonly type: 'block'; readonly root: Cid; readonly index: number; readonly bytes: Uint8Array }
  /** Not now: ask again after `retryMs`, or ask another. */
  | { readonly type: 'busy'; readonly root: Cid; readonly retryMs: number; readonly indices: readonly number[] }
  /** Not held here (no indices: nothing of this bundle). */
  | { readonly type: 'notFound'; readonly root: Cid; readonly indices: readonly number[] }

/**
 * In `want`: the root, and if the whole bundle is small also everything else, in one go. Whoever is fetching a small bundle
 * itself answers as soon as it has it.
 */
export const ALL = 0xffffffff

/** More than a bundle can have: 1 GiB in chunks of 256 KiB, and 10,000 files. */
const INDICES_MAX = 20_000

const TYPES = ['want', 'have', 'block', 'busy', 'notFound'] as const
/** CIDv1, dag-cbor, sha2-256, 32 bytes. */
const CID_PREFIX = Buffer.from([0x01, 0x71, 0x12, 0x20])
const CID_BYTES = 36
const HEADER = 1 + CID_BYTES

export function encodeBlobFrame(frame: BlobFrame): Uint8Array {
  return Buffer.concat([head(frame.type, frame.root), ...encodeBody(frame)])
}

/** A block's frame but for its bytes, which are sent as the tail. */
export function encodeBlockHead(root: Cid, index: number): Uint8Array {
  return Buffer.concat([head('block', root), numbers([index])])
}

function head(type: BlobFrame['type'], root: Cid): Uint8Array {
  return Buffer.concat([Buffer.from([TYPES.indexOf(type)]), CID.parse(root).bytes])
}

function encodeBody(frame: BlobFrame): Uint8Array[] {
  if (frame.type === 'block') return [numbers([frame.index]), frame.bytes]
  if (frame.type === 'have') return [numbers([frame.complete ? 1 : 0, ...frame.indices])]
  if (frame.type === 'busy') return [numbers([frame.retryMs, ...frame.indices])]
  return [numbers(frame.indices)]
}

/** @throws NodeError E_PROTOCOL for anything that `encodeBlobFrame` does not make */
export function decodeBlobFrame(bytes: Uint8Array): BlobFrame {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const type = TYPES[buffer[0] ?? TYPES.length]
  if (type === undefined || buffer.length < HEADER) throw wrong('it has an unknown type')
  if (!buffer.subarray(1, 1 + CID_PREFIX.length).equals(CID_PREFIX)) throw wrong('its CID is not that of a bundle')
  const root = CID.decode(buffer.subarray(1, HEADER)).toString()
  const body = buffer.subarray(HEADER)
  if (type === 'block') {
    if (body.length < 4) throw wrong('it is cut off')
    return { type, root, index: body.readUInt32BE(0), bytes: body.subarray(4) }
  }
  const list = readNumbers(body)
  if (type === 'want' || type === 'notFound') return { type, root, indices: list }
  const [first, ...indices] = list
  if (first === undefined) throw wrong('it is cut off')
  if (type === 'busy') return { type, root, retryMs: first, indices }
  if (first > 1) throw wrong('it has an unknown flag')
  return { type, root, complete: first === 1, indices }
}

function numbers(list: readonly number[]): Uint8Array {
  const buffer = Buffer.allocUnsafe(4 * list.length)
  list.forEach((value, i) => buffer.writeUInt32BE(value, 4 * i))
  return buffer
}

function readNumbers(body: Buffer): number[] {
  if (body.length % 4 !== 0 || body.length > 4 * INDICES_MAX) throw wrong('its list has a wrong length')
  return Array.from({ length: body.length / 4 }, (_, i) => body.readUInt32BE(4 * i))
}

function wrong(why: string): NodeError {
  return new NodeError('E_PROTOCOL', `A blob frame is malformed: ${why}.`)
}
