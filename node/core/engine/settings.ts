import type { Crypto } from '../crypto.ts'
import { LIMITS } from '../limits.ts'
import type { Added, Ledger, LedgerEnv } from '../ledger/types.ts'
import type { Beacon, Envelope, Key } from '../records/types.ts'
import type { Snapshot } from './port.ts'

/** What an engine is made of. Everything here is shared and never changed; a simulator gives one object to all. */
export interface EngineOptions {
  /** The node's own key; `crypto.sign` signs with it. */
  readonly identity: { readonly key: Key; readonly instance: string }
  readonly settings: EngineSettings
  readonly random: Random
  readonly crypto: Crypto
  readonly ledgerEnv: LedgerEnv
  readonly snapshot?: Snapshot
  /** Decodes and verifies records. A simulator gives one with a memo. @default by `crypto` */
  readonly reader?: RecordReader
  /** Adds to a ledger. A simulator gives one with a memo, so that equal ledgers are one object. @default ledger.add */
  readonly grow?: Grow
}

export type Grow = (ledger: Ledger, envelopes: readonly Envelope[]) => Added

/** Seeded; the same seed gives the same numbers on every machine. */
export interface Random {
  /** In [0, 1). */
  next(): number
}

export interface RecordReader {
  /** @throws CoreError E_TOO_LARGE, E_MALFORMED */
  read(bytes: Uint8Array): Envelope
  /** Are all signatures there and valid? */
  verify(envelope: Envelope): boolean
}

export interface EngineSettings {
  /** `chorus/1.2.3`, shown in beacons and handshakes; what follows the slash is compared with a charter's `minVersion`. */
  readonly agent: string
  readonly presence: Beacon['presence']
  /** Of `join`: what to present until the ledger holds it. */
  readonly credentials: { readonly certificate: Uint8Array; readonly invite: Uint8Array | null } | null
  /** Members named by the token, believed until the first sync is done. */
  readonly trusted: readonly Key[]
  /** False: records travel by sync alone. */
  readonly gossip: boolean
  /** False: this node tells nobody of its state. Simulations of more nodes than can all hear each other. */
  readonly beacons: boolean
  /** Fetch and keep bundles of heads that do not select this node, so that late comers find them anywhere. */
  readonly mirror: boolean
  /** The lowest level of events worth making. */
  readonly events: 'debug' | 'info' | 'warn' | 'error' | 'none'
  readonly timing: Timing
}

/** Intervals that tests and large meshes change. Milliseconds, except `staleQuorum`. */
export interface Timing {
  readonly syncMs: number
  readonly beaconMs: number
  readonly checkMs: number
  readonly staleAfterMs: number
  readonly staleQuorum: number
  readonly gapMs: number
  readonly holdsMs: number
  readonly firstPeerMs: number
}

export const DEFAULT_TIMING: Timing = {
  syncMs: LIMITS.sync.intervalMs,
  beaconMs: LIMITS.beacons.intervalMs,
  checkMs: LIMITS.converge.checkMs,
  staleAfterMs: LIMITS.stale.afterMs,
  staleQuorum: LIMITS.stale.quorum,
  gapMs: LIMITS.stale.gapMs,
  holdsMs: LIMITS.publish.holdsMs,
  firstPeerMs: LIMITS.publish.firstPeerMs,
}

export const DEFAULT_SETTINGS: EngineSettings = {
  agent: 'chorus/0.1.0',
  presence: 'always',
  credentials: null,
  trusted: [],
  gossip: true,
  beacons: true,
  mirror: true,
  events: 'info',
  timing: DEFAULT_TIMING,
}
