import { decode, encode } from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { PolicyError } from '../errors.ts'

/** Canonical DAG-CBOR. Maps of equal content give equal bytes, whatever the order of their keys. */
export function encodeCanonical(value: unknown): Uint8Array {
  return encode(value)
}

/**
 * Decodes bytes that must be the canonical form of what they hold: depth is scanned first (the decoder recurses), and
 * the value is encoded again and compared (the decoder takes unsorted keys and other spellings of the same value).
 *
 * @throws PolicyError E_TOO_LARGE, E_MALFORMED
 */
export function decodeCanonical(bytes: Uint8Array, what: string, maxBytes: number, maxDepth: number): unknown {
  if (bytes.length > maxBytes) {
    throw new PolicyError('E_TOO_LARGE', `${what} has ${bytes.length} bytes, the limit is ${maxBytes}`)
  }
  if (!depthWithin(bytes, maxDepth))
    throw new PolicyError('E_MALFORMED', `${what} is not CBOR of at most ${maxDepth} levels`)
  let value: unknown
  let again: Uint8Array
  try {
    value = decode(bytes)
    again = encode(value)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new PolicyError('E_MALFORMED', `${what} is not DAG-CBOR: ${why}`)
  }
  if (!sameBytes(bytes, again)) throw new PolicyError('E_MALFORMED', `${what} is not in its canonical form`)
  if (namesPrototype(value)) throw new PolicyError('E_MALFORMED', `${what} has a key __proto__`)
  return value
}

/** Whether a map in it has the key `__proto__`: copies of such a map would change what it inherits. */
function namesPrototype(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || CID.asCID(value) !== null)
    return false
  return Object.hasOwn(value, '__proto__') || Object.values(value).some(namesPrototype)
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

/** Whether the bytes are one CBOR item of definite lengths that nests at most `max` arrays, maps and tags. */
function depthWithin(bytes: Uint8Array, max: number): boolean {
  /** Items still to come at each level. */
  const open: number[] = [1]
  let at = 0
  while (open.length > 0) {
    const left = open.at(-1) ?? 0
    if (left === 0) {
      open.pop()
      continue
    }
    open[open.length - 1] = left - 1
    const head = readHead(bytes, at)
    if (head === undefined) return false
    at = head.next
    if (head.major === 2 || head.major === 3) at += head.argument
    else if (head.major >= 4 && head.major <= 6) {
      if (open.length > max) return false
      open.push(head.major === 6 ? 1 : head.major === 5 ? head.argument * 2 : head.argument)
    }
    if (at > bytes.length) return false
  }
  return at === bytes.length
}

interface Head {
  readonly major: number
  readonly argument: number
  readonly next: number
}

function readHead(bytes: Uint8Array, at: number): Head | undefined {
  const first = bytes[at]
  if (first === undefined) return undefined
  const info = first & 31
  const major = first >> 5
  if (info < 24) return { major, argument: info, next: at + 1 }
  if (info > 27) return undefined
  const length = 1 << (info - 24)
  let argument = 0
  for (let i = 1; i <= length; i++) argument = argument * 256 + (bytes[at + i] ?? 0)
  return { major, argument, next: at + 1 + length }
}
