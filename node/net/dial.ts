import type { Libp2p } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { peerIdOf } from '../core/index.ts'
import type { Key } from '../core/index.ts'
import { messageOf, NodeError } from '../errors.ts'
import { admissionError } from './admission.ts'
import { keyOf } from './peer-keys.ts'

/**
 * Connects to a peer at any of its addresses; a given key must be the one that answers.
 * @throws NodeError E_ADDRESS, E_DIAL, E_REFUSED, E_ADMISSION_TIMEOUT, E_PROTOCOL
 */
export async function dial(node: Libp2p, key: Key | null, addrs: readonly string[], signal: AbortSignal): Promise<Key> {
  const targets = addrs.map((addr) => {
    try {
      return multiaddr(key === null || addr.includes('/p2p/') ? addr : `${addr}/p2p/${peerIdOf(key)}`)
    } catch (error) {
      throw new NodeError(
        'E_ADDRESS',
        `"${addr}" is no address (${messageOf(error)}): write it like /ip4/10.0.0.1/tcp/7731.`,
        { addr },
        error,
      )
    }
  })
  try {
    const connection = await node.dial(targets, { signal })
    return keyOf(connection.remotePeer)
  } catch (error) {
    if (error instanceof NodeError) throw error
    throw (
      admissionError(error) ??
      new NodeError('E_DIAL', `Nobody could be reached at ${addrs.join(', ')}: ${reason(error)}`, { addrs }, error)
    )
  }
}

/** libp2p fails with a list of errors, and sometimes with a bare event that has no message at all. */
function reason(error: unknown): string {
  if (error instanceof AggregateError) {
    const texts = new Set(error.errors.map((each: unknown) => reason(each)))
    return [...texts].join('; ')
  }
  return messageOf(error) || 'the connection was closed while it was being set up'
}
