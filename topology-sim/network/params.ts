import { GOSSIP_PARAMS } from '../../node/core/index.ts'

/**
 * GossipSub's parameters as the daemon sets them (`@libp2p/gossipsub` 17 with its defaults but for those named), so that
 * the model and the real class are calibrated on the same numbers. Times in microseconds of virtual time.
 */
export interface GossipParams {
  /** Wanted mesh degree, and the bounds within which it is left alone. */
  readonly degree: number
  readonly degreeLow: number
  readonly degreeHigh: number
  /** Peers outside the mesh that hear IHAVE at every heartbeat: at least this many, or this share of them. */
  readonly lazyDegree: number
  readonly lazyShare: number
  readonly heartbeatUs: number
  /** Heartbeats for which a message is told of by IHAVE. */
  readonly gossipHeartbeats: number
  /** A publisher sends to all its peers, not only to its mesh. */
  readonly floodPublish: boolean
  /** Messages of at least this many bytes are announced by IDONTWANT before they are validated. */
  readonly dontWantBytes: number
  /** Bytes on the wire beside the payload: the topic's name (77), RPC framing, yamux 12, noise 18, TCP and IP headers 52. */
  readonly frameBytes: number
  /** A message id in IHAVE, IWANT and IDONTWANT. */
  readonly idBytes: number
}

export const GOSSIP_DEFAULTS: GossipParams = {
  degree: GOSSIP_PARAMS.degree,
  degreeLow: GOSSIP_PARAMS.degreeLow,
  degreeHigh: GOSSIP_PARAMS.degreeHigh,
  lazyDegree: GOSSIP_PARAMS.lazyDegree,
  lazyShare: GOSSIP_PARAMS.lazyShare,
  heartbeatUs: GOSSIP_PARAMS.heartbeatMs * 1000,
  gossipHeartbeats: 3,
  floodPublish: GOSSIP_PARAMS.floodPublish,
  dontWantBytes: GOSSIP_PARAMS.dontWantBytes,
  frameBytes: 170,
  idBytes: 34,
}
