import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import type { Key } from '../core/index.ts'
import { NodeError } from '../errors.ts'
import { peerOf } from './peer-keys.ts'

/**
 * Opens a stream on a connection that is there, a direct one before a relayed one. libp2p's own dialProtocol would dial
 * again where there is a relayed connection only.
 * @throws NodeError E_DIAL if the peer is not connected, and whatever libp2p throws
 */
export async function openStream(node: Libp2p, peer: Key, protocol: string, signal: AbortSignal): Promise<Stream> {
  const connection = bestConnection(node.getConnections(peerOf(peer)))
  if (!connection) throw new NodeError('E_DIAL', `There is no connection to ${peer.slice(0, 8)}.`, { peer })
  return await connection.newStream(protocol, { signal, runOnLimitedConnection: true })
}

function bestConnection(connections: readonly Connection[]): Connection | undefined {
  const open = connections.filter((connection) => connection.status === 'open')
  return open.find((connection) => connection.limits === undefined) ?? open[0]
}
