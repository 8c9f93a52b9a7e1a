import type { PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { peerIdOf, toHex } from '../core/index.ts'
import type { Key } from '../core/index.ts'
import { NodeError } from '../errors.ts'

/** The public key (hex) inside a libp2p peer id. @throws NodeError E_PROTOCOL if it is not an Ed25519 key */
export function keyOf(peer: PeerId): Key {
  if (peer.type !== 'Ed25519') {
    throw new NodeError('E_PROTOCOL', `The peer ${peer.toString()} has no Ed25519 key: it is no chorus node.`)
  }
  return toHex(peer.publicKey.raw)
}

export function peerOf(key: Key): PeerId {
  return peerIdFromString(peerIdOf(key))
}
