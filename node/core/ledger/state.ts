import { isFeed } from '../records/guards.ts'
import { toHex } from '../records/keys.ts'
import type { Cid, Envelope, Key, Millis, Revoke } from '../records/types.ts'
import { NO_CHARTERS } from './charters.ts'
import type { Charters } from './charters.ts'
import { NO_LAW } from './law.ts'
import type { Law } from './law.ts'
import { PMap } from './pmap.ts'
import type { Digest, Judgement, Membership, NodeIdentity, Section } from './types.ts'

/** Everything a ledger knows, as persistent maps. A draft is a copy whose fields are replaced while records are added. */
export interface State {
  readonly charters: Charters
  readonly law: Law
  /** Feed entries and set records by id. */
  readonly entries: PMap<Envelope>
  readonly feeds: PMap<Feed>
  readonly policies: PMap<Policy>
  /** Ids of versions whose seq or parents are wrong, or that descend from one. */
  readonly badVersions: PMap<true>
  /** Id to the versions that name it as a parent and the certificates that name it in `replaces`. */
  readonly namedBy: PMap<readonly Cid[]>
  /** Ids that a version, a certificate or a closed feed's entry names and that are not here. */
  readonly absent: PMap<true>
  readonly peers: PMap<Peer>
  /** Certified name to every peer with a certificate of that name. */
  readonly names: PMap<readonly Key[]>
  /** By the id of the invite's entry, which may not be here. */
  readonly invites: PMap<InviteUse>
  /** Ids of the invites' entries that are here. */
  readonly inviteIds: PMap<true>
  readonly revokes: readonly Envelope<Revoke>[]
  readonly sums: Readonly<Record<Section, Sum>>
  /** Memo, replaced when anything came but versions, which decide on nobody's membership. Not part of the value. */
  readonly memberships: Memberships
}

export interface Memberships {
  readonly byPeer: Map<Key, KnownMembership>
  /** What certificates from an invite that nobody has confirmed rest on. */
  readonly byInvite: Map<Cid, { readonly authority: Judgement; readonly overused: boolean }>
}

export function noMemberships(): Memberships {
  return { byPeer: new Map(), byInvite: new Map() }
}

/** What was found for a peer, and the times for which it holds. */
export interface KnownMembership {
  readonly from: Millis
  readonly to: Millis
  readonly membership: Membership
  /** As `nameOf` gives it, if no other peer has that name. */
  readonly name: string | null
  /** Of a member whose name no other peer has: what selectors see of it. */
  readonly identity: NodeIdentity | null
}

/** With the ids that came and went since it was made. */
export type Draft = { -readonly [K in keyof State]: State[K] } & {
  readonly added: Cid[]
  readonly removed: Cid[]
  /** Of its maps: they belong to this draft alone until it becomes a state. */
  readonly edit: object
}

export function draftOf(state: State): Draft {
  return { ...state, added: [], removed: [], edit: {} }
}

export function stateOf({ added: _added, removed: _removed, edit: _edit, ...state }: Draft): State {
  return state
}

export interface Feed {
  readonly heads: readonly Cid[]
  readonly size: number
  readonly maxSeq: number
  /** Of a closed feed: ids that its entries name in feedPrev and that are not here. */
  readonly below: readonly Cid[]
}

export interface Policy {
  /** Versions that no version of the same policy here names as a parent. */
  readonly heads: readonly Cid[]
  /** The log's index: ids of all versions, by seq (the number in text) so that one addition copies little. */
  readonly bySeq: PMap<readonly Cid[]>
  readonly size: number
  readonly maxSeq: number
}

export interface Peer {
  /** Certificates and provisional certificates. */
  readonly certificates: readonly Cid[]
  /** Other set records signed by this key. */
  readonly sets: readonly Cid[]
}

export interface InviteUse {
  readonly provisionals: readonly Cid[]
}

/** XOR of digests and their number. */
export interface Sum {
  readonly hash: Uint8Array
  readonly count: number
}

const NO_SUM: Sum = { hash: new Uint8Array(32), count: 0 }
export const NO_FEED: Feed = { heads: [], size: 0, maxSeq: 0, below: [] }
export const NO_PEER: Peer = { certificates: [], sets: [] }

export const EMPTY: State = {
  charters: NO_CHARTERS,
  law: NO_LAW,
  entries: PMap.empty(),
  feeds: PMap.empty(),
  policies: PMap.empty(),
  badVersions: PMap.empty(),
  namedBy: PMap.empty(),
  absent: PMap.empty(),
  peers: PMap.empty(),
  names: PMap.empty(),
  invites: PMap.empty(),
  inviteIds: PMap.empty(),
  revokes: [],
  sums: { charters: NO_SUM, revocations: NO_SUM, sets: NO_SUM, feeds: NO_SUM },
  memberships: noMemberships(),
}

/** Adds an id to a section's sum, or takes it out: XOR is its own reverse. */
export function count(draft: Draft, section: Section, id: Cid, by: 1 | -1): void {
  const before = draft.sums[section]
  const hash = xorId(before.hash, id)
  draft.sums = { ...draft.sums, [section]: { hash, count: before.count + by } }
}

export function sumOf(ids: Iterable<Cid>): Sum {
  let sum = NO_SUM
  for (const id of ids) sum = { hash: xorId(sum.hash, id), count: sum.count + 1 }
  return sum
}

/** Each letter's five bits (RFC 4648, section 6, in lower case), by character code. */
const BITS = Uint8Array.from({ length: 128 }, (_, code) => {
  const at = 'abcdefghijklmnopqrstuvwxyz234567'.indexOf(String.fromCharCode(code))
  return Math.max(0, at)
})

/** Bytes of a CID before its digest: version, codec, hash function and length. */
const HEAD_BYTES = 4

/** Decoded in place: a ledger of a million records is a million of these. The first letter of an id names the base. */
function xorId(hash: Uint8Array, id: Cid): Uint8Array {
  const xored = hash.slice()
  let bits = 0
  let held = 0
  let at = -HEAD_BYTES
  for (let i = 1; i < id.length; i++) {
    bits = (bits << 5) | (BITS[id.charCodeAt(i)] ?? 0)
    held += 5
    if (held < 8) continue
    held -= 8
    if (at >= 0) xored[at] = (xored[at] ?? 0) ^ (bits >>> held)
    bits &= 0xff >>> (8 - held)
    at++
  }
  return xored
}

export function digestOf(state: State): Digest {
  const of = ({ hash, count }: Sum) => ({ hash: toHex(hash), count })
  const { charters, revocations, sets, feeds } = state.sums
  return { charters: of(charters), revocations: of(revocations), sets: of(sets), feeds: of(feeds) }
}

/** In order, each once; the same array if it is there. */
export function withId(ids: readonly Cid[], id: Cid): readonly Cid[] {
  let low = 0
  let high = ids.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ids[middle] ?? '') < id) low = middle + 1
    else high = middle
  }
  return ids[low] === id ? ids : ids.toSpliced(low, 0, id)
}

export function withoutIds(ids: readonly Cid[], gone: readonly Cid[]): readonly Cid[] {
  return gone.length > 0 && ids.some((id) => gone.includes(id)) ? ids.filter((id) => !gone.includes(id)) : ids
}

/**
 * Is `id` one of `heads` or an ancestor of one, by feedPrev within this key's feed? Heads that are not here, or that
 * belong to another key, name nothing.
 */
export function isBelow(state: State, law: Law, key: Key, heads: readonly Cid[], id: Cid): boolean {
  return heads.length > 0 && ancestry(state, law, key, heads).has(id)
}

function ancestry(state: State, law: Law, key: Key, heads: readonly Cid[]): ReadonlySet<Cid> {
  const name = heads.join(' ')
  const known = law.ancestries.get(name)
  if (known !== undefined) return known
  const seen = new Set<Cid>()
  let whole = true
  const queue = [...heads]
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (seen.has(next)) continue
    const entry = state.entries.get(next)
    if (entry === undefined) whole = false
    if (entry === undefined || !isFeed(entry) || entry.body.key !== key) continue
    seen.add(next)
    queue.push(...entry.body.feedPrev)
  }
  if (whole) law.ancestries.set(name, seen)
  return seen
}
