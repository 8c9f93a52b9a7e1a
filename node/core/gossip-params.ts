/**
 * GossipSub's parameters (github.com/libp2p/specs, pubsub/gossipsub), one table for the daemon, the exact network and the
 * model, so that what is simulated is what runs. Where the specification says 6, 4, 12 and 6, fewer are enough here: a
 * record is a small message, delivery is sync's work, and every copy costs each node a wake-up. In `chorus sim run lan-100`
 * degree 6 (up to 12) makes 4.3 copies of a record and 620 KB of traffic a node, 4 (up to 5) makes 3.2 and 480 KB.
 */
export const GOSSIP_PARAMS = {
  /** Wanted mesh degree, and the bounds within which it is left alone. */
  degree: 4,
  degreeLow: 3,
  degreeHigh: 5,
  /** Mesh members that score best are kept, and at least so many that this node dialled: both out of the specification. */
  degreeScore: 2,
  degreeOut: 1,
  /** Peers outside the mesh that hear IHAVE at every heartbeat: at least this many, or this share of them. */
  lazyDegree: 2,
  lazyShare: 0.25,
  heartbeatMs: 1000,
  /** A publisher sends to all its peers, not only to its mesh. */
  floodPublish: true,
  /**
   * Messages of at least this many bytes are announced by IDONTWANT before they are validated. A record is 300 to 600 bytes:
   * announcing each cost a fifth of the bytes and a quarter of the CPU and saved no copy, since all copies are under way at
   * the same time.
   */
  dontWantBytes: 4096,
} as const

/** The same under the names of `@libp2p/gossipsub`, for whoever runs the real class: the daemon, and the exact network. */
export const GOSSIPSUB_OPTIONS = {
  D: GOSSIP_PARAMS.degree,
  Dlo: GOSSIP_PARAMS.degreeLow,
  Dhi: GOSSIP_PARAMS.degreeHigh,
  Dscore: GOSSIP_PARAMS.degreeScore,
  Dout: GOSSIP_PARAMS.degreeOut,
  Dlazy: GOSSIP_PARAMS.lazyDegree,
  gossipFactor: GOSSIP_PARAMS.lazyShare,
  heartbeatInterval: GOSSIP_PARAMS.heartbeatMs,
  floodPublish: GOSSIP_PARAMS.floodPublish,
  idontwantMinDataSize: GOSSIP_PARAMS.dontWantBytes,
} as const
