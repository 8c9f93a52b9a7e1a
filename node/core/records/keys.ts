import { base58btc } from 'multiformats/bases/base58'
import { CoreError } from '../errors.ts'
import type { Key } from './types.ts'

/** Keys in their three forms: 32 raw bytes on the wire, hex in memory, a libp2p peer id for people and sockets. */

const HEX = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'))
const HEX_64 = /^[0-9a-f]{64}$/

export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += HEX[byte] ?? ''
  return text
}

/** @throws CoreError E_MALFORMED for anything but an even number of lower-case hex digits */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) {
    throw new CoreError('E_MALFORMED', `"${text.slice(0, 80)}" is not hex: give lower-case digits, two for each byte.`)
  }
  const bytes = new Uint8Array(text.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16)
  return bytes
}

export function isKey(text: string): boolean {
  return HEX_64.test(text)
}

/**
 * Encodings of points of order 1, 2, 4 or 8 with the sign bit cleared, canonical or not: under such a key one signature
 * fits many messages. The list is libsodium's (ge25519_has_small_order); a test proves it.
 */
const SMALL_ORDER = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
])

/** True for the 8 points (in all their encodings) that no role, certificate or invite may name. */
export function isSmallOrder(key: Key): boolean {
  const top = Number.parseInt(key.slice(62), 16) & 0x7f
  return SMALL_ORDER.has(key.slice(0, 62) + (HEX[top] ?? ''))
}

/** Identity multihash (0x00, 36 bytes) of the protobuf {1: Ed25519, 2: key}: what libp2p calls the peer id. */
const PEER_ID_PREFIX = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20]

/** "12D3KooW...", 52 characters. */
export function peerIdOf(key: Key): string {
  const bytes = new Uint8Array(PEER_ID_PREFIX.length + 32)
  bytes.set(PEER_ID_PREFIX)
  bytes.set(fromHex(key), PEER_ID_PREFIX.length)
  return base58btc.baseEncode(bytes)
}

/** @throws CoreError E_MALFORMED if the text is not the peer id of an Ed25519 key */
export function keyOfPeerId(peerId: string): Key {
  const wrong = new CoreError('E_MALFORMED', `"${peerId.slice(0, 80)}" is not a peer id: it looks like 12D3KooW....`)
  if (peerId.length > 64) throw wrong
  let bytes: Uint8Array
  try {
    bytes = base58btc.baseDecode(peerId)
  } catch {
    throw wrong
  }
  if (bytes.length !== PEER_ID_PREFIX.length + 32 || PEER_ID_PREFIX.some((byte, i) => bytes[i] !== byte)) throw wrong
  return toHex(bytes.subarray(PEER_ID_PREFIX.length))
}

/** The part of a peer id that differs between peers, short: what `name~id` shows. 8 characters, 46 bits. */
export function shortId(key: Key): string {
  return peerIdOf(key).slice(8, 16)
}
