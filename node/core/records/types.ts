/**
 * Records as the engine sees them: decoded, immutable, shared between everyone who holds the same bytes.
 * The wire form (canonical DAG-CBOR) and its checks are in `codec.ts`. Wire version 1.
 */

/** CIDv1 as a base32 string: dag-cbor sha2-256 for records, raw or dag-cbor for blobs. */
export type Cid = string
/** An Ed25519 public key, 32 raw bytes on the wire, lower-case hex (64 characters) in memory. */
export type Key = string
/** Milliseconds since 1970, as claimed by whoever signed. */
export type Millis = number

export type Family = 'charter' | 'feed' | 'set' | 'live'

/** One decoded envelope. `id` names the body, `envelopeHash` (sha2-256, hex) the whole envelope with its signatures. */
export interface Envelope<B extends Body = Body> {
  readonly id: Cid
  readonly envelopeHash: string
  readonly bytes: Uint8Array
  readonly bodyBytes: Uint8Array
  readonly sigs: readonly { readonly key: Key; readonly sig: Uint8Array }[]
  readonly family: Family
  readonly body: B
}

interface Header {
  readonly v: 1
  readonly mesh: Cid | null
  readonly key: Key | null
  /** Names of fields that must be understood to act on this record. */
  readonly crit: readonly string[]
}

export interface KeySet {
  readonly keys: readonly Key[]
  readonly threshold: number
}

/** Label name to the values it may take; `*` allows any. */
export type LabelRule = Readonly<Record<string, readonly string[]>>
export type Labels = Readonly<Record<string, string>>

export interface Enroller {
  readonly key: Key
  readonly labels: LabelRule
}

export type Verb = 'publish' | 'retire' | 'rollout' | 'secret' | 'exec' | 'observe'

export interface Grant {
  readonly key: Key
  readonly name: string
  /** Patterns such as `web/*`; `*` covers every policy. */
  readonly policies: readonly string[]
  readonly verbs: readonly Verb[]
  /** CEL over `labels` and `node.name` only. */
  readonly selector: string
  readonly types?: readonly string[]
  readonly paths?: readonly string[]
  readonly maxBlob: number
  /** Versions in an hour that others relay; more travel by sync alone. Never voids. */
  readonly rate: number
  readonly expires?: Millis
}

/** What a removed or narrowed role said up to `heads` stays valid. `line` is the former enroller or grant line. */
export type Past =
  | { readonly key: Key; readonly was: 'root'; readonly heads: readonly Cid[] }
  | { readonly key: Key; readonly was: 'enroller'; readonly line: Enroller; readonly heads: readonly Cid[] }
  | { readonly key: Key; readonly was: 'grant'; readonly line: Grant; readonly heads: readonly Cid[] }

export interface Charter extends Header {
  readonly type: 'charter'
  readonly n: number
  readonly epoch: number
  readonly by: 'roots' | 'recovery'
  readonly prev: readonly Cid[]
  readonly name: string
  readonly nonce?: Uint8Array
  readonly roots: KeySet
  readonly recovery: KeySet
  readonly enrollers: readonly Enroller[]
  readonly grants: readonly Grant[]
  readonly past: readonly Past[]
  /** Revocations (ids) that this charter undoes. */
  readonly lifts: readonly Cid[]
  readonly minVersion: string
  readonly limits: Readonly<Record<string, number>>
  readonly issuedAt: Millis
  readonly refreshBy: Millis
}

interface FeedHeader extends Header {
  readonly mesh: Cid
  readonly key: Key
  readonly feedSeq: number
  readonly feedPrev: readonly Cid[]
  readonly charter: { readonly n: number; readonly cid: Cid }
  readonly at: Millis
}

export interface Version extends FeedHeader {
  readonly type: 'feed/version'
  readonly policy: string
  readonly seq: number
  readonly parents: readonly Cid[]
  readonly action: 'apply' | 'retire'
  readonly selector: string
  readonly after: readonly string[]
  /** The waves in which it reaches its nodes (`rollout/plan.ts` reads them); null: all at once. */
  readonly rollout: unknown
  readonly onFork: 'newest' | 'hold'
  readonly bundle: { readonly cid: Cid; readonly size: number } | null
  readonly uses: readonly string[]
  readonly requires: { readonly chorus: string }
  readonly meta: {
    readonly by: string
    readonly message: string
    readonly repo: string
    readonly commit: string
    readonly dirty: boolean
  }
}

export interface Revoke extends FeedHeader {
  readonly type: 'feed/revoke'
  readonly what: 'feed' | 'member' | 'invite'
  /** The revoked key: a feed's, a member's, or an invite's public key. */
  readonly target: Key
  readonly heads: readonly Cid[]
  readonly keep: readonly Cid[]
}

export interface Invite extends FeedHeader {
  readonly type: 'feed/invite'
  readonly invite: Key
  readonly name?: string
  readonly labels: Labels
  readonly expires: Millis
  readonly uses: number
}

export interface Certificate extends FeedHeader {
  readonly type: 'feed/certificate'
  readonly peer: Key
  readonly name: string
  readonly serial: number
  readonly replaces?: Cid
  readonly labels: Labels
  readonly ageRecipient: string
  readonly notAfter?: Millis
}

/** Signed by the invite's key and by the peer's. `key` is the peer. */
export interface Provisional extends Header {
  readonly type: 'set/provisional'
  readonly mesh: Cid
  readonly key: Key
  readonly invite: Key
  readonly inviteId: Cid
  readonly name: string
  readonly labels: Labels
  readonly serial: 0
  readonly ageRecipient: string
  readonly at: Millis
}

export interface Leave extends Header {
  readonly type: 'set/leave'
  readonly mesh: Cid
  readonly key: Key
  readonly serial: number
  readonly at: Millis
}

export type Health = 'ok' | 'behind' | 'drift' | 'failed' | 'held' | 'waiting' | 'stale' | 'unknown'

export interface Beacon extends Header {
  readonly type: 'live/beacon'
  readonly mesh: Cid
  readonly key: Key
  readonly at: Millis
  /** Random per start of the daemon: two at work under one key are a clone. */
  readonly instance: string
  readonly seq: number
  readonly agent: string
  readonly charters: readonly Cid[]
  /** Policy to the version in force here, with what became of it. */
  readonly policies: Readonly<Record<string, PolicyNews>>
  readonly health: Health
  readonly presence: 'always' | 'intermittent'
  readonly addrs: readonly string[]
  readonly facts: Readonly<Record<string, unknown>>
  /** Members whose connection with this node ended and that nobody reaches. */
  readonly lost?: readonly LostPeer[]
}

/** Of a version that comes in waves: since when it is in good health here, and which one is wanted but not in force. */
export interface PolicyNews {
  readonly version: Cid
  readonly state: Health
  readonly code?: string
  readonly since?: Millis
  readonly want?: Cid
}

/** `at`: of its last beacon that was heard, by its own clock; 0: none was. */
export interface LostPeer {
  readonly key: Key
  readonly at: Millis
}

/** A type that this build does not know: stored, chained, relayed, synced, not acted on. */
export interface UnknownFeed extends FeedHeader {
  readonly type: `feed/${string}`
  readonly unknown: true
}
export interface UnknownSet extends Header {
  readonly type: `set/${string}`
  readonly mesh: Cid
  readonly key: Key
  readonly unknown: true
}
export interface UnknownLive extends Header {
  readonly type: `live/${string}`
  readonly mesh: Cid
  readonly key: Key
  readonly at: Millis
  readonly unknown: true
}

export type FeedBody = Version | Revoke | Invite | Certificate | UnknownFeed
export type SetBody = Provisional | Leave | UnknownSet
export type LiveBody = Beacon | UnknownLive
export type Body = Charter | FeedBody | SetBody | LiveBody
