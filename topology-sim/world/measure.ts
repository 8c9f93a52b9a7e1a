import type { Cid } from '../../node/core/index.ts'

/** One version on its way through the fleet. Times are virtual milliseconds since the start; NaN: not yet, or never. */
export interface Publication {
  readonly index: number
  readonly policy: string
  readonly action: 'apply' | 'retire'
  readonly author: number
  readonly startedMs: number
  /** Null until its author has written it. */
  readonly version: Cid | null
  readonly seq: number | null
  /** When its author's engine gave it to gossip. */
  readonly publishedMs: number | null
  /** The answer to the publisher: acknowledged means that another peer holds it and its bundle. */
  readonly reply: { readonly ok: boolean; readonly code: string | null; readonly atMs: number } | null
  /** Nodes that it selects, 1 for each: as of when it was published, and those that joined while it was the newest. */
  readonly selects: Uint8Array
  readonly selected: number
  /** Nodes that joined later, and when. */
  readonly arrivals: ReadonlyMap<number, number>
  /** By node: it was admitted to the ledger, durable, its bundle held, it was in force. */
  readonly knownMs: Float64Array
  readonly durableMs: Float64Array
  readonly heldMs: Float64Array
  readonly appliedMs: Float64Array
  /** By node, 1: it could not be put in force when that was last tried. */
  readonly failed: Uint8Array
  readonly counts: { known: number; durable: number; held: number; applied: number; failed: number }
  /** By node: hops that gossip took; 0 if it came by sync. */
  readonly hops: Uint8Array
  /** Copies sent by gossip. */
  readonly copies: number
  /** Bytes of the record's envelope. */
  readonly bytes: number
}

export interface Quantiles {
  readonly count: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly last: number
  readonly mean: number
}

export interface Measurements {
  readonly nowMs: number
  readonly events: number
  readonly traceHash: string
  readonly nodes: number
  readonly up: number
  readonly network: 'model' | 'exact'
  readonly beacons: boolean
  /** Frames on wires, those that the model only counts included. */
  readonly frames: number
  readonly copies: number
  readonly bytesPerNode: Quantiles
  readonly bytesBy: Readonly<Record<string, number>>
  readonly regionBytes: readonly (readonly number[])[]
  /** Nodes without a way to node 0 over connections of nodes that are up. */
  readonly isolated: number
  /** `degrees[d]`: nodes with d connections. */
  readonly degrees: readonly number[]
  readonly publications: readonly PublicationFigures[]
  readonly hottest: readonly { readonly node: number; readonly bytes: number }[]
}

export interface PublicationFigures {
  readonly policy: string
  readonly version: Cid | null
  readonly acknowledgedMs: number | null
  readonly selected: number
  /** Share of all nodes that hold the record durably, and of the selected ones that have it in force. */
  readonly reliability: number
  readonly converged: number
  readonly failed: number
  /** Milliseconds after publishing. */
  readonly known: Quantiles
  readonly durable: Quantiles
  readonly held: Quantiles
  readonly applied: Quantiles
  readonly hops: Quantiles
  /** Copies by gossip for each node that got it. */
  readonly copiesPerNode: number
}
