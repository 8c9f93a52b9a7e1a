import * as dagCbor from '@ipld/dag-cbor'
import { CoreError } from '../errors.ts'
import { RECORD_LIMITS } from './limits.ts'

/**
 * Canonical DAG-CBOR and nothing else. `@ipld/dag-cbor` alone accepts unsorted keys, bigints and floats, strips byte
 * order marks and overflows the stack on deep input, so: scan, decode, encode again, compare.
 */

/** @throws CoreError E_TOO_LARGE, E_MALFORMED */
export function decodeStrict(bytes: Uint8Array, maxBytes: number): unknown {
  if (bytes.length > maxBytes) {
    throw new CoreError('E_TOO_LARGE', `A record of ${bytes.length} bytes is over the limit of ${maxBytes}.`, {
      size: bytes.length,
      limit: maxBytes,
    })
  }
  const end = scan(bytes, 0, 0)
  if (end !== bytes.length) throw malformed(`${bytes.length - end} bytes follow the end of the record`)
  let value: unknown
  let again: Uint8Array
  try {
    value = dagCbor.decode(bytes)
    again = dagCbor.encode(value)
  } catch (cause) {
    throw malformed(cause instanceof Error ? cause.message : 'not DAG-CBOR')
  }
  if (!sameBytes(again, bytes)) throw malformed('not in canonical form')
  return value
}

/** Canonical bytes of a plain value that a shape has written (integers, text, bytes, links, lists, maps). */
export function encodeStrict(value: unknown): Uint8Array {
  // A copy of its own: the encoder may answer with a slice of a shared pool, which would live as long as the record.
  return new Uint8Array(dagCbor.encode(value))
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

function malformed(what: string): CoreError {
  return new CoreError('E_MALFORMED', `The record's bytes are refused: ${what}.`)
}

/** The canonical bytes of the text `__proto__`; another spelling of its length fails the comparison. */
const PROTO = new Uint8Array([0x69, 0x5f, 0x5f, 0x70, 0x72, 0x6f, 0x74, 0x6f, 0x5f, 0x5f])

/** Walks one item from `at`, gives the offset behind it. Recursion is bounded by the depth limit. */
function scan(bytes: Uint8Array, at: number, depth: number): number {
  if (depth > RECORD_LIMITS.depth) throw malformed(`nested deeper than ${RECORD_LIMITS.depth} levels`)
  const first = bytes[at]
  if (first === undefined) throw malformed('it ends in the middle')
  const major = first >> 5
  const info = first & 31
  if (major === 7) {
    if (info === 20 || info === 21 || info === 22) return at + 1
    throw malformed(info >= 25 && info <= 27 ? 'it holds a float' : 'it holds a value that DAG-CBOR does not have')
  }
  let size = info
  let next = at + 1
  if (info >= 24) {
    if (info > 27) throw malformed('it holds an item of indefinite length')
    const width = 1 << (info - 24)
    if (next + width > bytes.length) throw malformed('it ends in the middle')
    size = 0
    for (let i = 0; i < width; i++) size = size * 256 + (bytes[next + i] ?? 0)
    next += width
    // -1 - n of major 1 stays above -(2^53 - 1) only for n below 2^53 - 1.
    if (size > Number.MAX_SAFE_INTEGER - (major === 1 ? 1 : 0)) throw malformed('it holds a number beyond 2^53-1')
  }
  switch (major) {
    case 0:
    case 1:
      return next
    case 2:
    case 3:
      if (size > bytes.length - next) throw malformed('it ends in the middle')
      return next + size
    case 4:
      return scanMany(bytes, next, size, depth, false)
    case 5:
      return scanMany(bytes, next, size, depth, true)
    default:
      if (size !== 42) throw malformed(`it holds a tag (${size}) other than a link`)
      return scan(bytes, next, depth + 1)
  }
}

function scanMany(bytes: Uint8Array, from: number, count: number, depth: number, map: boolean): number {
  if (count > bytes.length - from) throw malformed('it ends in the middle')
  let at = from
  for (let i = 0; i < count; i++) {
    if (map) {
      if ((bytes[at] ?? 0) >> 5 !== 3) throw malformed('a map key is not text')
      const start = at
      const end = scan(bytes, start, depth + 1)
      if (end - start === PROTO.length && PROTO.every((byte, k) => bytes[start + k] === byte)) {
        throw malformed('it holds a key __proto__')
      }
      at = end
    }
    at = scan(bytes, at, depth + 1)
  }
  return at
}
