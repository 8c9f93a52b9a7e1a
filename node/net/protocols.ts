import type { Libp2p } from '@libp2p/interface'
import { messageOf, NodeError } from '../errors.ts'
import { BLOB_LIMITS } from '../limits.ts'
import type { Counters } from './counters.ts'
import { frameStream } from './frames.ts'
import { keyOf, peerOf } from './peer-keys.ts'
import type { NetLimits, Network } from './types.ts'

/** Streams of other protocols (blobs) to and from members: connected is admitted. */
export function protocols(node: Libp2p, limits: NetLimits, counters: Counters): Pick<Network, 'open' | 'serve'> {
  const options = {
    frameBytes: BLOB_LIMITS.frameBytes,
    readQueueBytes: limits.readQueueBytes,
    stallMs: limits.stallMs,
    count: (direction: 'in' | 'out', bytes: number) => {
      if (direction === 'in') counters.blobIn += bytes
      else counters.blobOut += bytes
    },
  }
  return {
    async open(peer, protocol, signal) {
      const id = peerOf(peer)
      if (node.getConnections(id).length === 0) {
        throw new NodeError('E_DIAL', `There is no connection to ${peer.slice(0, 8)}.`, { peer })
      }
      try {
        const stream = await node.dialProtocol(id, protocol, {
          signal: signal ?? AbortSignal.timeout(limits.dialMs),
          runOnLimitedConnection: true,
        })
        return frameStream(stream, peer, options)
      } catch (error) {
        throw new NodeError(
          'E_DIAL',
          `No ${protocol} stream to ${peer.slice(0, 8)} could be opened (${messageOf(error)}).`,
          { peer },
          error,
        )
      }
    },
    async serve(protocol, onStream) {
      await node.handle(
        protocol,
        (stream, connection) => {
          const peer = keyOf(connection.remotePeer)
          onStream(peer, frameStream(stream, peer, options))
        },
        { force: true, maxInboundStreams: 4, maxOutboundStreams: 4, runOnLimitedConnection: true },
      )
    },
  }
}
