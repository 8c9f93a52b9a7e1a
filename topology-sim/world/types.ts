import type { Value } from '../../policies/index.ts'
import type {
  Actor,
  CharterChanges,
  Cid,
  Engine,
  EngineEvent,
  Envelope,
  Grant,
  Health,
  Key,
  Labels,
  Rollout,
  Ledger,
  LocalState,
  Signer,
  Version,
} from '../../node/core/index.ts'
import type { Network } from '../network/network.ts'
import type { Measurements, Publication } from './measure.ts'
import type { Violation } from './invariants.ts'
import type { LinkOptions, NodeSpec } from './options.ts'

export type * from './options.ts'

/**
 * A world: N engines, one mesh, virtual time, one seed. A scenario driver makes one, schedules what happens with `at`,
 * lets time pass with `run`, and reads what came of it. The same options and the same calls give the same run, byte for
 * byte: compare `traceHash`.
 *
 * Nodes are numbers from 0. Times are virtual milliseconds since the start, unless a name says otherwise.
 */
export interface World {
  readonly nodes: number
  readonly nowMs: number
  /** Kernel events handled so far. */
  readonly events: number
  /** Of every event so far, 16 hex digits. */
  readonly traceHash: string
  readonly network: Network
  readonly publications: readonly Publication[]
  readonly violations: readonly Violation[]

  /** @throws SimError E_SIM_NODE for a name that is not there */
  nodeOf(name: string): number
  nameOf(node: number): string
  keyOf(node: number): Key
  /** With a node's own key: what a copy of its machine can sign. */
  signerOf(node: number): Signer
  /** Someone with a key file (an operator, a CI), by name: always the same key for the same name. */
  actor(name: string): Actor
  /** The node can act now: it exists, and neither crashed, slept nor left. */
  isUp(node: number): boolean

  // Time

  /** Calls `action` when virtual time is there; in the order of scheduling for equal times. */
  at(atMs: number, action: () => void): void
  /**
   * Lets time pass until `untilMs`, until the condition holds (asked at least every 10 virtual ms), or until nothing is
   * left to happen. Hands over to the event loop through `options.pause` between slices.
   */
  run(until: RunUntil, options?: RunOptions): Promise<RunEnd>

  // What people do

  /** The node itself publishes: its key must have a grant. */
  publish(node: number, bundle: PolicyBundle, options?: { readonly local?: boolean }): Publication
  /** Signed by a key file, handed in at a node. `knowing`: not what that node knows, but what a backup did. */
  publishAs(actor: string, via: number, bundle: PolicyBundle, knowing?: Ledger): Publication
  retire(node: number, policy: string): Publication
  /** A new charter, signed by the root key and handed in at `via` (by default node 0). */
  charter(changes: Omit<CharterChanges, 'issuedAt'>, options?: { readonly via?: number; readonly by?: string }): Cid
  /** A new charter that gives `holder` (a node, or the name of an actor) this grant besides what it has. */
  grant(holder: number | string, grant: Partial<Omit<Grant, 'key'>>, via?: number): Cid
  /** The root revokes a node's membership, its feed, or both, as of what `via` knows. */
  revoke(target: number | string, what: 'member' | 'feed', via?: number): Cid

  // What happens to them

  /** Nodes of different groups cannot reach each other. Those in no group are one more group. */
  partition(groups: readonly (readonly number[])[]): void
  heal(): void
  crash(node: number): void
  /** After `crash`. `disk: false`: the records, bundles and applied state are gone, the key is not. */
  restart(node: number, options?: { readonly disk?: boolean }): void
  /** A laptop's lid: as a crash without a loss, and without waiting for anything under way. */
  sleep(node: number): void
  wake(node: number): void
  /** A node that was in the fleet as `absent` joins by an invite (invite, provisional certificate, handshake). */
  join(node: number, via?: number): void
  leave(node: number): void
  /** Disk operations of this node take this many times as long; Infinity: they fail with E_STORE_IO. */
  slowDisk(node: number, factor: number): void
  /** Its clock is this far ahead of the world's from now on (negative: behind). */
  setClock(node: number, aheadMs: number): void
  /** Latency, jitter, loss and bandwidth from now on. */
  setLinks(change: Partial<LinkOptions>): void
  /** Someone changes managed resources behind the node's back. */
  drift(node: number, resources: readonly string[]): void
  /** From now on; undefined: it behaves again. */
  misbehave(node: number, how: Misbehaviour | undefined): void
  /** An envelope as gossip from `from` to one neighbour: what a thief or a fool may send. Nothing is checked here. */
  inject(from: number, to: number, bytes: Uint8Array): void
  /** Of a version that is injected: it may be applied if the roots gave its author's key the right, as `node` knows them. */
  vouch(node: number, version: Envelope<Version>): void

  // What can be seen

  inspect(node: number): NodeReport
  /** Copies nothing: read it, never feed it. Undefined while the node is down. */
  engine(node: number): Engine | undefined
  /** Every node that is up runs what its own ledger wants; of 1,000,000 nodes this takes a second. */
  converged(): ConvergedCount
  /** Whether all that are up have equal ledgers. */
  agree(): boolean
  measure(): Measurements
  /** @returns a function that ends it */
  observe(observer: Observer): () => void
  /** Checks every invariant now, also those too costly for every event. `quiet`: faults have ended, and time was given. */
  check(quiet: boolean): readonly Violation[]
}

export type RunUntil = number | { readonly untilMs: number; when(): boolean }

export interface RunOptions {
  /** Awaited between slices of some thousand events: progress bars, Ctrl-C. The command line gives one with a timer. */
  readonly pause?: () => Promise<void>
  readonly signal?: AbortSignal
}

export interface RunEnd {
  readonly why: 'time' | 'condition' | 'empty' | 'aborted'
  readonly nowMs: number
}

/** A compiled policy as nodes see it: what a version names, and what its host will have to do. */
export interface PolicyBundle {
  readonly policy: string
  readonly selector: string
  readonly after: readonly string[]
  readonly onFork: 'newest' | 'hold'
  /** @default null: all nodes at once */
  readonly rollout?: Rollout | null
  readonly uses: readonly string[]
  readonly cid: Cid
  /** Bytes of all its blocks. */
  readonly size: number
  /** Its resources may differ between nodes of equal labels and facts: it looks at names. */
  readonly byName: boolean
  /** The resources of one node, as the real resolver gives them. */
  resourcesOf(node: NodeFacts): readonly { readonly key: string; readonly type: string }[]
}

export interface NodeFacts {
  readonly name: string
  readonly id: string
  readonly labels: Labels
  readonly facts: Readonly<Record<string, Value>>
}

/** Each part is optional; without it the node behaves in that respect. Draw from `random` alone. */
export interface Misbehaviour {
  /** Envelopes that it should pass on by gossip. A number delays by that many milliseconds. */
  readonly relay?: (bytes: Uint8Array) => 'pass' | 'drop' | number
  /** Parcels that it sends: null drops one. */
  readonly frame?: (to: number, frame: unknown) => 'pass' | 'drop' | number
  /** What it answers when it is asked for a bundle. */
  readonly blob?: () => 'serve' | 'junk' | 'notFound' | 'silent'
}

export interface ConvergedCount {
  /** Nodes that are up and are members. */
  readonly nodes: number
  readonly converged: number
}

/** The whole state of one node, as plain JSON values but for the engine's own view. */
export interface NodeReport {
  readonly node: number
  readonly name: string
  readonly key: Key
  readonly spec: NodeSpec
  readonly status: 'up' | 'crashed' | 'asleep' | 'left' | 'absent'
  readonly clockAheadMs: number
  readonly neighbours: readonly string[]
  readonly mesh: readonly string[]
  readonly health: Health
  readonly stale: string | null
  readonly policies: readonly {
    readonly policy: string
    readonly winner: Cid | null
    readonly inForce: Cid | null
    readonly state: Health
    readonly code: string | null
    readonly reason: string
  }[]
  readonly bundles: readonly Cid[]
  readonly local: LocalState
  readonly pools: { readonly pending: number; readonly held: number; readonly gaps: number; readonly records: number }
  readonly ledger: string
  readonly bytesIn: number
  readonly bytesOut: number
}

/** A view into a run. Observing changes nothing: the trace hash stays the same. */
export interface Observer {
  /** Only what concerns this node. @default all */
  readonly node?: number
  /** Only what concerns this record. @default all */
  readonly record?: Cid
  see(line: TraceLine): void
}

export interface TraceLine {
  readonly atMs: number
  readonly node: number
  readonly kind:
    | 'heard'
    | 'persisted'
    | 'gossip'
    | 'sent'
    | 'received'
    | 'peerUp'
    | 'peerDown'
    | 'bundle'
    | 'apply'
    | 'applied'
    | 'event'
    | 'up'
    | 'down'
  /** The other node, where there is one. */
  readonly from?: number
  readonly record?: Cid
  readonly text: string
  readonly event?: EngineEvent
}
