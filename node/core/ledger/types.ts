import type { CoreCode } from '../errors.ts'
import type {
  Certificate,
  Charter,
  Cid,
  Enroller,
  Envelope,
  FeedBody,
  Grant,
  Invite,
  Key,
  Labels,
  Millis,
  Provisional,
  Revoke,
  SetBody,
  Version,
} from '../records/types.ts'

/**
 * What a node knows of charters, feeds and sets, as an immutable value: a pure function of the set of records that were
 * offered. No clock, no randomness, no signatures (the caller verifies them before `add`); `now` is an argument of the
 * queries that need one. Values share structure: adding one record to 50,000 costs microseconds.
 */
export interface Ledger {
  readonly env: LedgerEnv

  /**
   * Never mutates, never throws: gives the next ledger (the same object if nothing changed), what became of each
   * envelope, in the order given, and what left the ledger because a charter or a revoke came. A batch may be in any
   * order. What is not admitted is not remembered: offer it again (sync does) when `missing` has come or `changed.law`.
   */
  add(envelopes: readonly Envelope[]): Added

  // What is held
  /** Records held, of every family. */
  readonly size: number
  has(id: Cid): boolean
  get(id: Cid): Envelope | undefined
  /** Every record, charters first, then feeds oldest first, then sets: adding them in this order admits all. */
  records(): Iterable<Envelope>
  /** One hash and count for each section; equal sections hold the same ids. Tells difference; proves nothing. */
  readonly digest: Digest
  /** Ids that records or charters here name and that are absent here: ask for them by id. */
  wanted(): readonly Cid[]

  // Charters
  readonly charters: ChartersView
  /** A new object whenever a charter or a revocation changed what counts; compare by identity. */
  readonly law: object
  /** Null: no role under any charter in force, or the feed is revoked. */
  roleOf(key: Key): Role | null

  // Feeds
  /** Every key with at least one entry here. */
  feedKeys(): Iterable<Key>
  feed(key: Key): FeedView | undefined
  /**
   * Entries of `key` that are not at or below `have` (ids that are unknown here are passed over), oldest first, so that
   * a prefix of the answer is a valid feed. At most `max` entries.
   */
  between(key: Key, have: readonly Cid[], max?: number, want?: readonly Cid[]): readonly Envelope<FeedBody>[]
  /** Everything in the feeds of roots and former roots that revokes, whether it counts or not, oldest first. */
  revocations(): readonly Envelope<Revoke>[]
  /** Every set record, by id. */
  sets(): readonly Envelope<SetBody>[]

  // Judgement
  /** Undefined for an id that is not held. */
  judge(id: Cid): Judgement | undefined

  // Policies
  /** Names of all policies that have a version here, sorted. */
  policies(): readonly string[]
  policy(name: string): PolicyView | undefined
  winnerFor(policy: string, node: NodeIdentity): Winner
  /**
   * What a new version would be confined to on this node by its author's grants; null: under some charter in force none
   * of them lets it be in force there. For plans.
   */
  reach(draft: Draft, node: NodeIdentity): Bounds | null
  /** Highest seq first, then lowest CID, at most `max`. */
  log(policy: string, max?: number): readonly LogLine[]

  // Members
  /** The certificate in force for this peer, or why there is none. */
  certificateOf(peer: Key, now: Millis): Membership
  /** Of a member: what selectors see of it; null for who is none. */
  identityOf(peer: Key, now: Millis): NodeIdentity | null
  isMember(peer: Key, now: Millis): boolean
  /** All peers that ever held a certificate here, by key. */
  members(now: Millis): readonly Membership[]
  /** The name to show and `node.name`: the certified name, `name~id` if another holds it, null for a stranger. */
  nameOf(peer: Key, now: Millis): string | null
  /** What a provisional certificate's invite says, for the handshake. Undefined if no such entry is here. */
  invite(id: Cid): InviteView | undefined
  invites(): readonly InviteView[]

  /** What an operator must be told: forks, overuse, clashes, conflicts, records that need a newer build. */
  alarms(now: Millis): readonly Alarm[]
}

/** A version that nobody has written yet, as far as grants look at it. */
export type Draft = Pick<Version, 'key' | 'policy' | 'action' | 'uses' | 'bundle' | 'at'>

/** From the author's grants: resource types and paths that a version may manage; null: any. */
export type Bounds = Pick<Winner, 'types' | 'paths'>

export interface LedgerEnv {
  readonly mesh: Cid
  /**
   * Does a grant's or version's selector choose this node? Never throws; false on any error. Must depend on its
   * arguments only. The ledger memoises it.
   */
  selects(selector: string, node: NodeIdentity): boolean
}

export interface NodeIdentity {
  /** Certified labels only. */
  readonly labels: Labels
  readonly name: string
}

/**
 * - admitted: it is in the ledger now. `missing` may name what it refers to (a version's parents, what a certificate
 *   replaces, what lies below in a closed feed).
 * - known: it was there before.
 * - gap: structure is right so far, but `missing` must come first. Hold it, sync.
 * - unknownKey: its key (or invite) has no role here. Hold it, sync. The code may say E_REVOKED instead.
 * - refused: `final` says that no other record can change this; without it (E_LIMIT) only a later charter can.
 */
export type AddState = 'admitted' | 'known' | 'gap' | 'unknownKey' | 'refused'

export interface AddResult {
  readonly id: Cid
  readonly state: AddState
  readonly code: CoreCode | null
  readonly reason: string | null
  readonly final: boolean
  readonly missing: readonly Cid[]
}

export interface Added {
  readonly ledger: Ledger
  readonly results: readonly AddResult[]
  /** Records that were held before this call and are not any more. */
  readonly dropped: readonly Cid[]
  readonly changed: Changes
}

export interface Changes {
  readonly charters: boolean
  /** What counts may have changed everywhere: ask again for every winner and every membership. */
  readonly law: boolean
  /** Policies whose versions changed (all of them to be asked again if `law`). */
  readonly policies: readonly string[]
  /** Peers whose certificates or leave records changed. */
  readonly peers: readonly Key[]
}

export type Section = 'charters' | 'revocations' | 'sets' | 'feeds'

/**
 * For each section the XOR of the sha2-256 digests in its ids, hex, and their number. It tells two honest ledgers apart;
 * it is no security boundary (someone who makes records can make XORs collide), as no record is trusted because of it.
 */
export type Digest = Readonly<Record<Section, { readonly hash: string; readonly count: number }>>

export interface ChartersView {
  /** Tips of the highest epoch (8 at most, lowest CIDs), sorted by CID: the law. Empty before charter 1 is here. */
  readonly inForce: readonly Envelope<Charter>[]
  /** Tips of every epoch, sorted by CID. */
  readonly tips: readonly Envelope<Charter>[]
  /** Every charter held, parents before children. */
  readonly all: readonly Envelope<Charter>[]
  /** Held, but with a `crit` that this build does not understand: never in force here. */
  readonly needsNewer: readonly Envelope<Charter>[]
  /** The charter to show and to give as a hint: of those in force the highest n, then the lowest CID. */
  readonly current: Envelope<Charter> | null
}

export interface Role {
  readonly key: Key
  /** Under at least one charter in force. */
  readonly root: boolean
  readonly enroller: readonly Enroller[]
  readonly grants: readonly Grant[]
  /** False: another charter in force gives this key no role, so nothing that it says now counts. */
  readonly everywhere: boolean
}

export interface FeedView {
  readonly key: Key
  /** Entries that no other names in feedPrev, lowest CIDs first; more than one is a fork. */
  readonly heads: readonly Cid[]
  readonly size: number
  readonly maxSeq: number
  /** Held only as far as a charter, a revoke or a version proves it. */
  readonly closed: boolean
  /** In a closed feed: named as feedPrev, not here yet. */
  readonly missing: readonly Cid[]
}

export type Judgement =
  | { readonly counts: true; readonly code: null; readonly reason: null }
  /** Void: kept, synced, valid as a parent or feedPrev, never in force. */
  | { readonly counts: false; readonly code: CoreCode; readonly reason: string }

export interface PolicyView {
  readonly policy: string
  readonly size: number
  /** Versions without a child here, counting or not, highest seq first, then lowest CID. */
  readonly heads: readonly Envelope<Version>[]
  /** Heads that a new version should name as parents: those that count, whose parents are all here. */
  readonly countingHeads: readonly Envelope<Version>[]
  /** Parents that versions name and that are not here. */
  readonly missing: readonly Cid[]
}

export interface Winner {
  readonly version: Envelope<Version> | null
  /** All heads for this node; more than one is a conflict. Highest seq first, then lowest CID. */
  readonly heads: readonly Envelope<Version>[]
  /** Several heads and one says `onFork: hold`: what is in force stays. */
  readonly held: boolean
  /** From the winner's author's grant; null: no bound. */
  readonly types: readonly string[] | null
  readonly paths: readonly string[] | null
  /** Fields in `crit` that this build does not understand: keep the last good version. */
  readonly needsNewer: readonly string[]
}

export interface LogLine {
  readonly version: Envelope<Version>
  readonly judgement: Judgement
  /** No version here names it as a parent. */
  readonly head: boolean
  /** A head beside others that count: the loser or the winner of a fork. */
  readonly forked: boolean
  readonly missingParents: readonly Cid[]
}

export type MemberState =
  | 'member'
  /** No certificate here, or none that counts. `code` says why. */
  | 'none'
  | 'revoked'
  | 'left'
  /** notAfter, or 30 days after the invite's end, has passed. */
  | 'expired'
  /** The invite was used more often than it allows. */
  | 'overused'

export interface Membership {
  readonly peer: Key
  readonly state: MemberState
  readonly code: CoreCode | null
  readonly reason: string | null
  /** The certificate in force, or the best of those that are not. */
  readonly certificate: Envelope<Certificate> | Envelope<Provisional> | null
  readonly provisional: boolean
  /** As certified, before clashes are settled; '' without a certificate. */
  readonly name: string
  readonly labels: Labels
  readonly serial: number
  /** When it ends by itself. */
  readonly until: Millis | null
}

export interface InviteView {
  readonly envelope: Envelope<Invite>
  readonly judgement: Judgement
  readonly revoked: boolean
  /** Peers that hold a provisional certificate from it. */
  readonly peers: readonly Key[]
  readonly overused: boolean
}

export type AlarmKind =
  | 'charterFork'
  | 'feedFork'
  | 'inviteOverused'
  | 'nameClash'
  | 'conflict'
  | 'needsNewer'
  | 'weakRoots'
  | 'weakRecovery'

export interface Alarm {
  readonly kind: AlarmKind
  /** Key, policy, invite id, name or charter id: what it is about. */
  readonly subject: string
  readonly message: string
  readonly ids: readonly Cid[]
}
