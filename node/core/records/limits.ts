/** Bounds of one record (wire version 1). Units are in the names or beside them. */
export const RECORD_LIMITS = {
  /** Gossip carries envelopes up to this; larger ones amplify badly when relayed. Bytes. */
  recordBytes: 32 * 1024,
  /** Charters go by sync only; some 1,500 grants fit. Bytes. */
  charterBytes: 256 * 1024,
  /** The deepest known type needs 6; dag-cbor itself overflows the stack at 60,000. Levels. */
  depth: 16,
  /** A rotation among 16 roots, signed by both old and new ones. */
  signatures: 32,
  /** Keys of one role set (roots, recovery). */
  keySet: 16,
  /** feedPrev, parents and prev: how many branches one entry can end. */
  parents: 8,
  enrollers: 512,
  grants: 2048,
  past: 4096,
  lifts: 2048,
  /** Of a past line or a revoke: a fork of more branches than this was an attack. */
  heads: 64,
  /** Confirmed-by-hand peers of a leaked invite. */
  keep: 256,
  labels: 64,
  labelValues: 256,
  /** Patterns, types, paths of a grant; resource types and `after` of a version. */
  list: 256,
  /** Names of nodes, labels, policies: a DNS name fits. Characters. */
  name: 253,
  /** Label values, crit names, agent strings. Characters. */
  word: 255,
  /** Commit messages, addresses. Characters. */
  text: 2048,
  /** One CEL selector. Characters. */
  selector: 4096,
  /** DESIGN.md, section 5. Bytes. */
  bundleBytes: 2 ** 30,
  /** Peers one invite may bring in; a fleet image is the largest honest use. */
  inviteUses: 10_000,
  /** Beacons: more policies than this on one host do not fit a record anyway. */
  beaconPolicies: 512,
} as const
