/** Every bound of the simulator, with its reason. Units are in the names. */
export const SIM_LIMITS = {
  /**
   * Fleets up to this size have beacons by default. Everybody hears everybody, so they cost n squared deliveries a
   * minute: 65,536 at 256 nodes, which is what the rest of such a run costs.
   */
  beaconNodes: 256,
  /** Everybody hears everybody up to this size (RECORDS.md, section 7), and waves open by what nodes hear. */
  rolloutNodes: 2_000,
  /** Fleets up to this size sign with Ed25519 by default: a key and two signatures cost 0.15 ms for each node. */
  realSignatureNodes: 2_000,
  /** Above this, engines are made when something first reaches their node, unless beacons are on. */
  eagerNodes: 2_000,
  /** 32 bytes of state each in 20 arrays, and an engine of some 4 KB: more than this does not fit into 16 GB. */
  nodes: 1_500_000,
  /** Peers of one invite at genesis: the list that an invite keeps of its users is copied for each. */
  inviteUses: 64,
  /** Nodes that are made between two looks whether somebody wants it to stop: some 50 ms. */
  stopLookNodes: 4_096,
  /** Records added to the first ledger at once: enough that what is copied once for a step is shared by many. */
  genesisBatch: 8192,
  /** Neighbours a node has room for: the daemon keeps 6 to 12 that it dialled, and takes in some that others did. */
  places: 24,
  /** Events between two looks at the event loop: Ctrl-C must not wait for seconds where events are dear. */
  sliceEvents: 2_000,
  /** How often `RunUntil.when` is asked. Virtual milliseconds. */
  whenMs: 10,
  /** A broken connection is noticed after this, by pings every 30 s and by streams that stall: the bounds of a uniform draw. */
  noticeMinMs: 10_000,
  noticeMaxMs: 30_000,
  /** Redialling as the daemon does it: the pause doubles from the first to the last, each with full jitter. */
  redialMinMs: 500,
  redialMaxMs: 60_000,
  /** As `NET_LIMITS.probeMs` of the daemon: nobody accepts a connection at a peer's address within this. */
  probeMs: 2_000,
  /** Below this many connections a node dials members at random, as the daemon's tender does. */
  neighboursLow: 4,
  /** How often such a node looks. */
  tendMs: 5_000,
  /** As `BLOB_LIMITS.answerMs` of the daemon: a peer that does not answer is given up for this fetch. */
  blobAnswerMs: 15_000,
  /** A fetch without any source is reported to the engine this often (`BLOB_LIMITS.reportMs`). */
  blobReportMs: 30_000,
  /** Ledgers that are compared with new ones of equal digest, so that equal ones become one object again. */
  canonicalLedgers: 4096,
  /** Ledgers up to this many records are compared whole when they come about in two ways. */
  comparedRecords: 2_000,
  /** Violations kept; a run with more is broken in one way many times. */
  violations: 100,
  /** One event in so many looks at the pools of its node. */
  poolSample: 64,
} as const
