import type { AdmissionFrame, SyncFrame } from '../../node/core/index.ts'
import type { Verdict } from './gossip-model.ts'

/** What passes over the connection of two nodes beside gossip. */
export type Parcel =
  | { readonly type: 'sync'; readonly frame: SyncFrame }
  | { readonly type: 'admission'; readonly conn: number; readonly frame: AdmissionFrame }
  | { readonly type: 'admissionEnd'; readonly conn: number }
  /** The blocks of a bundle, to one who asked for them: all of them, or a piece. `fetch` is the receiver's. */
  | { readonly type: 'blocks'; readonly fetch: number; readonly junk: boolean; readonly piece?: number }

/** What a network needs of the world that it runs in. Nodes are numbers from 0, times are virtual microseconds. */
export interface NetworkHost {
  readonly nowUs: number
  readonly nodes: number
  /** Gives `(kind, a, b, payload)` back to `Network.handle` at that time. `kind` is the network's own, 0 to 15. */
  schedule(atUs: number, kind: number, a: number, b: number, payload?: unknown): void
  /** Whether bytes pass between two nodes now: both are up, and no partition lies between them. */
  connected(a: number, b: number): boolean
  /** An envelope came by gossip and was not seen before: the engine of `node` judges it at once. */
  hear(node: number, from: number, bytes: Uint8Array): Verdict
  /** A parcel came. Never called for a node that is down or cut off from its sender. */
  receive(node: number, from: number, parcel: Parcel): void
  /** For how long a node that misbehaves keeps an envelope that it should pass on: 0 for most, infinite: for ever. */
  keepsUs(node: number, bytes: Uint8Array): number
}

/**
 * How bytes travel. Two implementations: the compact model (`ModelNetwork`, to a million nodes) and the real GossipSub
 * class under virtual timers (`topology-sim/exact`). The world decides who is connected; the network decides who is in
 * whose mesh, what is sent, when it arrives and what it costs.
 */
export interface Network {
  readonly kind: 'model' | 'exact'
  readonly counters: NetworkCounters
  /** `node` publishes an envelope on the topic of records. */
  gossip(node: number, bytes: Uint8Array): void
  /** Over the connection from one node to another, `bytes` heavy; nothing arrives if it is cut on the way. */
  send(from: number, to: number, bytes: number, parcel: Parcel): void
  /** Both ends admitted each other, and have the topic. Before the first event: they have been connected for long. */
  connect(a: number, b: number): void
  disconnect(a: number, b: number): void
  /** The peers of this node's gossip mesh. */
  mesh(node: number): readonly number[]
  /** How far an envelope came by gossip, by the very bytes that were given to `gossip`. */
  figures(bytes: Uint8Array): MessageFigures | undefined
  /** What `NetworkHost.schedule` was given, when its time has come. */
  handle(kind: number, a: number, b: number, payload: unknown): void
  /**
   * Awaited by the world after each event of this network, before the next: for promises under way in a real class.
   * A network without it is synchronous.
   */
  settle?(): Promise<void>
}

/** Since the start. Bytes include framing. */
export interface NetworkCounters {
  readonly bytesIn: Float64Array
  readonly bytesOut: Float64Array
  /** Bytes from region to region: `regionBytes[from * regions + to]`. */
  readonly regionBytes: Float64Array
  readonly bytesBy: Record<Cargo, number>
  /** Copies of envelopes that were sent by gossip, duplicates included. */
  copies: number
  /** Frames on wires, those that the model only counts included. */
  frames: number
}

/** What bytes are spent on: envelopes by gossip, its control messages, sync, handshakes, bundles. */
export type Cargo = 'gossip' | 'control' | 'sync' | 'admission' | 'blobs'

/** How often one envelope was sent and how far it came. */
export interface MessageFigures {
  readonly bytes: number
  readonly copies: number
  readonly delivered: number
  /** Hops from its publisher to each node; 0 where it did not come by gossip. */
  readonly hops: Uint8Array
}
