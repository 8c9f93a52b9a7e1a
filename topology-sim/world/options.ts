import type { Value } from '../../policies/index.ts'
import type { EngineSettings, Grant, Labels, Timing } from '../../node/core/index.ts'
import type { Graph } from '../network/graph.ts'
import type { Network, NetworkHost } from '../network/network.ts'
import type { HostModel } from './hosts.ts'

/** What a world is made of. */
export interface WorldOptions {
  readonly seed: number
  readonly fleet: Fleet
  readonly overlay?: OverlayOptions | Graph
  readonly links?: Partial<LinkOptions>
  /** Regions by name; a node's `region` is an index into it. @default one */
  readonly regions?: readonly string[]
  /** Makes the network. @default the model */
  readonly network?: NetworkFactory
  /** 'on' | 'off'; 'auto' turns them off above `SIM_LIMITS.beaconNodes`, as everybody hears everybody. @default 'auto' */
  readonly beacons?: 'on' | 'off' | 'auto'
  /** Milliseconds between two beacons of a node. */
  readonly beaconMs?: number
  readonly timing?: Partial<Timing>
  /** What applying takes, and how often it fails or drifts. */
  readonly hosts?: HostModel
  readonly disk?: DiskOptions
  /** Who may publish what, beside node 0, which may everything. */
  readonly grants?: readonly { readonly holder: number | string; readonly grant: Partial<Omit<Grant, 'key'>> }[]
  /**
   * 'ed25519': as the daemon. 'model': a keyed hash in its place, a hundredth of the cost; every check is still made.
   * @default ed25519 up to `SIM_LIMITS.realSignatureNodes`
   */
  readonly signatures?: 'ed25519' | 'model'
  /** Bundles that a node keeps for others, selected or not. @default the engine's: true */
  readonly mirror?: boolean
  readonly events?: EngineSettings['events']
  /** Virtual time at the start. Milliseconds since 1970. */
  readonly startMs?: number
  /** @default true */
  readonly invariants?: boolean
  /** Asked now and then while the nodes are made, which takes long of many: true ends it with E_SIM_STOPPED. */
  readonly stopped?: () => boolean
}

export interface Fleet {
  readonly size: number
  /** Must give equal answers to equal questions. Share label and fact objects between nodes: they are kept. */
  at(node: number): NodeSpec
}

export interface NodeSpec {
  readonly name: string
  readonly labels: Labels
  readonly facts: Readonly<Record<string, Value>>
  readonly region: number
  /** Nodes of one zone of a region are `LinkOptions.zoneLatencyMs` apart. @default '' */
  readonly zone?: string
  /** @default always */
  readonly presence?: 'always' | 'intermittent'
  /** False: behind NAT; it dials others, and two such nodes never connect. @default true */
  readonly dialable?: boolean
  /** Not there at the start: `World.join` lets it in. @default false */
  readonly absent?: boolean
  /** Off at the start (a laptop); `wake` turns it on. @default false */
  readonly asleep?: boolean
}

export type OverlayOptions =
  /** Every node dials `dials` others. @default random, 6 dials */
  | { readonly kind: 'random'; readonly dials?: number }
  /** Every node has this many neighbours, as near as can be. */
  | { readonly kind: 'regular'; readonly degree: number }
  | { readonly kind: 'smallWorld'; readonly near?: number; readonly rewire?: number }
  | { readonly kind: 'star' }
  | { readonly kind: 'full' }
  | { readonly kind: 'edges'; readonly edges: readonly (readonly [number, number])[] }

export interface LinkOptions {
  /** One way, from region to region, as the median. Milliseconds. */
  readonly latencyMs: readonly (readonly number[])[]
  /** One way within a zone. Milliseconds. @default the region's own */
  readonly zoneLatencyMs?: number
  /**
   * What a daemon takes from a frame's arrival to the next one that it causes: deciphering, decoding, checking, its turn of the event
   * loop. Milliseconds. @default as `npm run bench:fidelity` measured it
   */
  readonly nodeMs?: number
  /** Deviation of the logarithm of the factor on latency (log-normal), for all or from region to region; 0.1: a calm WAN. */
  readonly jitter: number | readonly (readonly number[])[]
  /** Share of messages that lose a packet, and so come late by a retransmission. */
  readonly loss: number | readonly (readonly number[])[]
  /** What a node of each region can send and receive. Bytes a second. */
  readonly uplink: number | readonly number[]
  readonly downlink: number | readonly number[]
}

export interface DiskOptions {
  /** One fsync, as the median of a log-normal distribution. Milliseconds. @default 2 */
  readonly fsyncMs?: number
  /** @default 0.5 */
  readonly jitter?: number
}

export type NetworkFactory = (host: NetworkHost, parts: NetworkParts) => Network

export interface NetworkParts {
  readonly seed: number
  /** Who dials whom. */
  readonly graph: Graph
  readonly links: LinkModel
  /** sha2-256 of these bytes, hex: the message id of gossip. */
  messageId(bytes: Uint8Array): string
}

/** When a message of `bytes` that is sent now arrives; takes its share of both ends' bandwidth. Microseconds. */
export interface LinkModel {
  readonly regions: number
  regionOf(node: number): number
  baseUs(from: number, to: number): number
  arrivalUs(nowUs: number, from: number, to: number, bytes: number): number
  /** Every line is free again: after a network has warmed up on a clock of its own. */
  rest?(): void
}
