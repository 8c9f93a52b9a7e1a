const KiB = 1024
const MiB = 1024 * KiB

/** Bounds of the control API, with their reasons. Bytes and milliseconds. */
export const CONTROL_LIMITS = {
  /** A JSON request: the largest is a charter's envelope (256 KiB) in base64. */
  requestBytes: 1 * MiB,
  /** A JSON answer that the client takes: 10,000 nodes with facts are about 20 MiB. */
  answerBytes: 256 * MiB,
  /** A stream of blocks or records: a bundle of 1 GiB (RECORDS.md section 5) with the frames' headers. */
  streamBytes: 1024 * MiB + 64 * MiB,
  /** One block of a stream: a bundle's root is 2 MiB at most. */
  blockBytes: 2 * MiB,
  /** The id in front of a block: a CID of 36 bytes and room for longer hashes. */
  idBytes: 128,
  /** Streams of blocks taken in at once: each holds a few MiB. */
  importsMax: 4,
  /** Event streams at once. */
  watchersMax: 32,
  /** Events kept for one slow client; beyond it they are dropped and counted. */
  watcherBytes: 1 * MiB,
  /** Between heartbeats on a quiet event stream, so that either end notices the other's death. */
  heartbeatMs: 15_000,
  /** An answer that nobody works on for long: a read of the ledger. */
  answerMs: 30_000,
  /** How long `publish` waits for another peer to hold the bundle, unless asked otherwise; and at most. */
  heldMs: 60_000,
  heldMaxMs: 3_600_000,
  /** How long `converge` and `plan` wait for a run. */
  runMs: 600_000,
  /** How long a stopping daemon lets answers in progress finish. */
  closeMs: 1_000,
  /** Connections on the socket at once. */
  connectionsMax: 128,
} as const
