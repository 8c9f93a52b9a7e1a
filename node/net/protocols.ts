import type { Libp2p } from '@libp2p/interface'
import { messageOf, NodeError } from '../errors.ts'
import { BLOB_LIMITS } from '../limits.ts'
import type { Counters } from './counters.ts'
import { frameStream } from './frames.ts'
import { keyOf } from './peer-keys.ts'
import { openStream } from './streams.ts'
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
      try {
        const stream = await openStream(node, peer, protocol, signal ?? AbortSignal.timeout(limits.dialMs))
        return frameStream(stream, peer, options)
      } catch (error) {
        if (error instanceof NodeError) throw error
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
