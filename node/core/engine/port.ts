import type { Outcome } from '../../../policies/index.ts'
import type { Cid, Envelope, Health, Key, Labels, Millis, Version } from '../records/types.ts'
import type { AdmissionFrame } from '../admission/frames.ts'
import type { SyncFrame } from '../sync/frames.ts'
import type { Ledger } from '../ledger/types.ts'
import type { Rollout } from '../rollout/plan.ts'

/**
 * What a driver tells the engine and what the engine asks of its driver. Both are plain values. The daemon drives one
 * engine with sockets, SQLite and a host; the simulator drives a million with none of them.
 */

/** Everything that came from outside arrives as one of these; `nowMs` is given beside it. */
export type Input =
  /** An envelope heard by gossip, or signed elsewhere and handed in through the control socket. */
  | {
      readonly type: 'record'
      readonly via: 'gossip' | 'local'
      readonly from: Key | null
      readonly bytes: Uint8Array
      readonly ref: number
    }
  /** A connection wants to be admitted. The encrypter proved `peer`; `conn` is the driver's own handle. */
  | { readonly type: 'admitStart'; readonly conn: string; readonly peer: Key; readonly role: 'dialler' | 'listener' }
  | { readonly type: 'admitFrame'; readonly conn: string; readonly frame: AdmissionFrame }
  | { readonly type: 'admitEnd'; readonly conn: string }
  /** An admitted member's connection is ready for sync frames. */
  | { readonly type: 'peerUp'; readonly peer: Key }
  | { readonly type: 'peerDown'; readonly peer: Key }
  /** The answer to `probe`. Null: there is no address to ask at. */
  | { readonly type: 'probed'; readonly peer: Key; readonly reachable: boolean | null }
  /** The last frame to this peer had to be queued: send nothing more until `writable`. */
  | { readonly type: 'blocked'; readonly peer: Key }
  /** After `blocked`: the stream to this peer drained. */
  | { readonly type: 'writable'; readonly peer: Key }
  | { readonly type: 'syncFrame'; readonly peer: Key; readonly frame: SyncFrame }
  | { readonly type: 'persisted'; readonly batch: number }
  | { readonly type: 'persistFailed'; readonly batch: number; readonly code: string }
  /** The whole bundle (root and every chunk) is held, verified and durable, and its policy passed its schema. */
  | { readonly type: 'blobStored'; readonly cid: Cid; readonly size: number }
  /** `final`: the bytes themselves are wrong (schema, size, uses), so fetching again cannot help. */
  | {
      readonly type: 'blobFailed'
      readonly cid: Cid
      readonly peer: Key | null
      readonly code: string
      readonly final: boolean
    }
  | { readonly type: 'applied'; readonly run: number; readonly policies: readonly AppliedPolicy[] }
  /** Managed resources were seen to differ (file watch or another watch). */
  | { readonly type: 'drifted'; readonly resources: readonly string[] }
  | { readonly type: 'command'; readonly ref: number; readonly command: Command }
  /** What this node tells of itself in its beacons. */
  | { readonly type: 'self'; readonly addrs: readonly string[]; readonly facts: Readonly<Record<string, unknown>> }
  | { readonly type: 'wake' }

export interface AppliedPolicy {
  readonly policy: string
  readonly version: Cid
  readonly state: 'ok' | 'failed' | 'waiting' | 'held'
  readonly code?: string
  /** It failed its health check and stays all the same: its policy says so. */
  readonly stays?: boolean
  readonly outcomes: readonly Outcome[]
}

/** Commands that need the node's own key or its state; everything else is a read of `engine.view`. */
export type Command =
  | {
      readonly type: 'publish'
      readonly policy: string
      readonly action: 'apply' | 'retire'
      readonly selector: string
      readonly after: readonly string[]
      readonly onFork: 'newest' | 'hold'
      /** @default null: all nodes at once */
      readonly rollout?: Rollout | null
      readonly bundle: { readonly cid: Cid; readonly size: number } | null
      readonly uses: readonly string[]
      readonly meta: Version['meta']
      /** Publish although no other peer holds the bundle yet. */
      readonly local: boolean
    }
  | {
      readonly type: 'invite'
      readonly name?: string
      readonly labels: Labels
      readonly expiresMs: number
      readonly uses: number
      readonly inviteKey: Key
    }
  | { readonly type: 'certify'; readonly peer: Key; readonly name: string; readonly labels: Labels }
  | { readonly type: 'leave' }
  /** Answers when another peer holds this version and its bundle, whoever signed it. */
  | { readonly type: 'held'; readonly version: Cid }
  | { readonly type: 'hold'; readonly reason: string; readonly until: Millis | null }
  | { readonly type: 'unhold' }
  /** Check and apply now, whether or not anything is new. */
  | { readonly type: 'converge' }

export type Reply =
  /** `heldBy`: how many other peers said that they hold the record and its bundle. */
  | { readonly ok: true; readonly record?: Envelope; readonly note?: string; readonly heldBy?: number }
  /** With `record`: it is durable here and spreads, but what was asked for beyond that did not come about. */
  | { readonly ok: false; readonly code: string; readonly message: string; readonly record?: Envelope }

/** One policy that this node should run, handed to the host side in the order in which policies must be applied. */
export interface PolicyToApply {
  readonly policy: string
  readonly version: Cid
  readonly seq: number
  readonly bundle: { readonly cid: Cid; readonly size: number }
  readonly uses: readonly string[]
  /** From the author's grant: confinement that the host side enforces. */
  readonly types: readonly string[] | null
  readonly paths: readonly string[] | null
}

/** What the driver must do, in this order. Nothing that depends on a `persist` comes before its `persisted`. */
export type Effect =
  | {
      readonly type: 'verdict'
      readonly ref: number
      readonly result: 'accept' | 'ignore' | 'reject'
      readonly code: string | null
      readonly id: Cid | null
    }
  | { readonly type: 'gossip'; readonly bytes: Uint8Array }
  | { readonly type: 'send'; readonly peer: Key; readonly frame: SyncFrame }
  | { readonly type: 'admitSend'; readonly conn: string; readonly frame: AdmissionFrame }
  | {
      readonly type: 'admitResult'
      readonly conn: string
      readonly ok: boolean
      readonly code: string | null
      readonly reason: string
    }
  /**
   * Append records and replace local state in one transaction, fsynced; then answer persisted(batch). `drop`: ids to
   * forget. A verdict for a record handed in locally comes after its `persisted`.
   */
  | {
      readonly type: 'persist'
      readonly batch: number
      readonly records: readonly Envelope[]
      readonly drop: readonly Cid[]
      readonly local: LocalState | null
    }
  | { readonly type: 'blobWant'; readonly cid: Cid; readonly size: number; readonly from: readonly Key[] }
  | { readonly type: 'blobCancel'; readonly cid: Cid }
  /** The complete set of bundles worth keeping; the driver collects the rest at its leisure. */
  | { readonly type: 'blobKeep'; readonly cids: readonly Cid[] }
  | {
      readonly type: 'apply'
      readonly run: number
      readonly why: 'wanted' | 'corrective' | 'periodic'
      readonly policies: readonly PolicyToApply[]
      readonly removed: readonly string[]
      /** Wanted here, and no version of it can be run yet: what it will manage is not known. */
      readonly missing: readonly string[]
    }
  /** `hurry`: connect soon (few peers are left); else remember these addresses of a member. */
  | { readonly type: 'dial'; readonly peer: Key; readonly addrs: readonly string[]; readonly hurry: boolean }
  | { readonly type: 'hangup'; readonly peer: Key; readonly code: string }
  /** Does anybody answer at this member's addresses? Without connecting to it. */
  | { readonly type: 'probe'; readonly peer: Key }
  | { readonly type: 'reply'; readonly ref: number; readonly reply: Reply }
  | { readonly type: 'event'; readonly event: EngineEvent }

/** What happened, for logs, the event stream and metrics. `kind` is stable; `fields` are plain JSON values. */
export interface EngineEvent {
  readonly kind: string
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** What a node remembers beside its records: small, replaced whole. Plain JSON. */
export interface LocalState {
  readonly v: 1
  /** Last good version per policy, and what is in force. */
  readonly inForce: Readonly<
    Record<
      string,
      {
        readonly version: Cid
        readonly lastGood: Cid | null
        readonly state: Health
        readonly code: string | null
        /** Of a version with a rollout: since when it is in good health here, by this node's clock. */
        readonly since?: Millis
      }
    >
  >
  /** Of the versions above: what their authors' grants confine them to. */
  readonly confined?: Readonly<
    Record<Cid, { readonly types: readonly string[] | null; readonly paths: readonly string[] | null }>
  >
  /** Versions that were taken back here, with the code: E_HEALTH or E_CUT_OFF. They are not tried again. */
  readonly unhealthy?: Readonly<Record<Cid, string>>
  /** Bundles refused for good, with the code. */
  readonly refused: Readonly<Record<Cid, string>>
  readonly hold: { readonly reason: string; readonly until: Millis | null } | null
  /** This node's own highest feed entries, so that a restored backup is noticed. */
  readonly own: readonly Cid[]
  readonly left: boolean
}

/** Given at construction after a restart: every durable record in the order it was stored, and the local state. */
export interface Snapshot {
  readonly records: readonly Uint8Array[]
  readonly local: LocalState | null
  /** In place of `records`, of a driver that has them as a value: a simulator gives one to all that hold the same. */
  readonly ledger?: Ledger
  /** Members that are connected and in step already, so that a simulation can begin with a mesh at rest. */
  readonly peers?: readonly Key[]
}
