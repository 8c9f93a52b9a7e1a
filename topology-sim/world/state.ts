import type { Actor, Engine, Key, Ledger, LocalState } from '../../node/core/index.ts'
import type { Blobs } from './blobs.ts'
import type { Connections } from './connections.ts'
import type { SimCrypto } from './crypto.ts'
import type { Genesis } from './genesis.ts'
import type { Hosts } from './hosts.ts'
import type { Watch } from './invariants.ts'
import type { SharedLedgers, SharedReader } from './memo.ts'
import type { Minds } from './minds.ts'
import type { Publications } from './publications.ts'
import { EventQueue } from '../kernel/queue.ts'
import type { Random } from '../kernel/random.ts'
import type { Links } from '../network/links.ts'
import type { Network } from '../network/network.ts'
import { TraceHash } from './trace-hash.ts'
import type { Misbehaviour, Observer, WorldOptions } from './types.ts'

export const STATUS = { absent: 0, up: 1, crashed: 2, asleep: 3, left: 4 } as const

/** Kinds of events in the world's queue; 0 to 15 belong to the network. */
export const EVENT = {
  wake: 16,
  persisted: 17,
  stored: 18,
  applied: 19,
  peerUp: 20,
  peerDown: 21,
  dial: 22,
  cut: 23,
  action: 24,
  blobCheck: 25,
  tend: 26,
  drift: 27,
  probed: 28,
} as const

/**
 * Everything that a world knows of its nodes, by their numbers, in arrays. The parts (connections, blobs, hosts,
 * publications, watch) keep what is theirs, and act on each other through here.
 */
export class WorldState {
  readonly options: WorldOptions
  readonly size: number
  readonly startMs: number
  readonly queue: EventQueue
  readonly hash = new TraceHash()
  events = 0
  readonly crypto: SimCrypto
  readonly reader: SharedReader
  readonly ledgers: SharedLedgers
  readonly genesis: Genesis
  readonly minds: Minds
  readonly indexOf: ReadonlyMap<Key, number>
  readonly actors = new Map<string, Actor>()
  readonly links: Links
  readonly random: Random
  readonly beacons: boolean
  readonly observers: Observer[] = []

  readonly status: Uint8Array
  /** Counts a node's lives, so that what was under way in an earlier one is forgotten. */
  readonly life: Uint32Array
  readonly aheadMs: Float64Array
  /** When each engine's alarm rings; infinite: none is set. */
  readonly armedUs: Float64Array
  readonly engines: (Engine | null)[]
  /** What is on disk of a node: its local state always, its ledger while it is down. */
  readonly locals: (LocalState | null)[]
  readonly onDisk = new Map<number, Ledger>()
  /** Disk times are multiplied by this, where it is not 1. */
  readonly slowness = new Map<number, number>()
  readonly misbehaving = new Map<number, Misbehaviour>()
  /** What came for nodes that sleep, in order. */
  readonly inboxes = new Map<number, (() => void)[]>()
  /** Nodes that are not reached by what was said lately will be looked for. */
  rousing = false
  /** Which side of a partition each node is on; null: there is none. */
  groups: Int32Array | null = null

  network!: Network
  connections!: Connections
  blobs!: Blobs
  hosts!: Hosts
  publications!: Publications
  watch!: Watch

  constructor(parts: {
    options: WorldOptions
    startMs: number
    crypto: SimCrypto
    reader: SharedReader
    ledgers: SharedLedgers
    genesis: Genesis
    minds: Minds
    links: Links
    random: Random
    beacons: boolean
    indexOf: ReadonlyMap<Key, number>
  }) {
    const size = parts.options.fleet.size
    this.options = parts.options
    this.size = size
    this.startMs = parts.startMs
    this.queue = new EventQueue()
    this.crypto = parts.crypto
    this.reader = parts.reader
    this.ledgers = parts.ledgers
    this.genesis = parts.genesis
    this.minds = parts.minds
    this.indexOf = parts.indexOf
    this.links = parts.links
    this.random = parts.random
    this.beacons = parts.beacons
    this.status = new Uint8Array(size)
    this.life = new Uint32Array(size)
    this.aheadMs = new Float64Array(size)
    this.armedUs = new Float64Array(size).fill(Number.POSITIVE_INFINITY)
    this.engines = Array.from({ length: size }, () => null)
    this.locals = Array.from({ length: size }, () => null)
  }

  get nowUs(): number {
    return this.queue.time
  }

  get nowMs(): number {
    return this.queue.time / 1000
  }

  /** Wall time of the world at the start plus virtual time. Milliseconds since 1970. */
  get clockMs(): number {
    return this.startMs + Math.floor(this.queue.time / 1000)
  }

  isUp(node: number): boolean {
    return this.status[node] === STATUS.up
  }

  reachable(a: number, b: number): boolean {
    return this.groups === null || this.groups[a] === this.groups[b]
  }

  connected(a: number, b: number): boolean {
    return this.status[a] === STATUS.up && this.status[b] === STATUS.up && this.reachable(a, b)
  }

  /** An event of a node, unless its life ends before. */
  later(us: number, kind: number, node: number, payload?: unknown): void {
    this.queue.add(this.queue.time + us, kind, node, this.life[node] ?? 0, payload)
  }

  nameOf(node: number): string {
    return this.options.fleet.at(node).name
  }
}
