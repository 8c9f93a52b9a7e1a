import type { Outcome } from '../../../policies/index.ts'
import type { Beacon, Envelope, Health, Key, Ledger, LocalState, Millis, NodeIdentity } from '../../core/index.ts'
import type { PeerInfo } from '../../net/types.ts'

/** The node as its screens show it: what the engine knows, and what only the daemon does. */
export interface NodeWorld {
  readonly ledger: Ledger
  /** By this node's clock, or by the others' if this one is wrong. */
  readonly now: Millis
  readonly self: Key
  readonly identity: NodeIdentity
  readonly instance: string
  readonly health: Health
  /** Why this node cannot tell whether it is up to date, or null. */
  readonly stale: string | null
  readonly cloned: boolean
  readonly local: LocalState
  readonly pending: number
  readonly held: number
  readonly heard: ReadonlyMap<Key, HeardBeacon>
  /** What should run here, by policy. */
  readonly targets: ReadonlyMap<string, TargetView>
  readonly outcomes: ReadonlyMap<string, readonly Outcome[]>

  readonly agent: string
  readonly observe: boolean
  readonly presence: Beacon['presence']
  readonly startedAt: Millis
  readonly addrs: readonly string[]
  readonly peers: readonly PeerInfo[]
  readonly facts: Readonly<Record<string, unknown>>
  /** Milliseconds between beacons. */
  readonly beaconMs: number
}

export interface HeardBeacon {
  readonly beacon: Envelope<Beacon>
  /** By this node's clock. */
  readonly at: Millis
}

export interface TargetView {
  readonly policy: string
  readonly health: Health
  readonly code: string | null
  readonly reason: string
}
