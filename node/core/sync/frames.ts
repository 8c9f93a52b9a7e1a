import { decodeStrict, encodeStrict } from '../records/cbor.ts'
import { RECORD_LIMITS } from '../records/limits.ts'
import { bool, int, key, link, list, literal, matching, nullable, object } from '../records/shape.ts'
import type { Shape } from '../records/shape.ts'
import type { Digest } from '../ledger/types.ts'
import type { Cid, Key } from '../records/types.ts'
import { LIMITS } from '../limits.ts'
import { bytesUpTo, choice, hash } from './wire.ts'

/**
 * `/chorus/sync/1`: questions and answers. Each side pulls what it lacks and answers without remembering anything, so
 * the number of questions in flight bounds what either side buffers. Canonical DAG-CBOR, one frame at most
 * `LIMITS.sync.frameBytes`.
 */
export type SyncFrame =
  | { readonly type: 'ask'; readonly id: number; readonly ask: SyncAsk }
  | { readonly type: 'answer'; readonly id: number; readonly answer: SyncAnswer }

export type SyncAsk =
  /** The first question of a round. `answering`: this round was started by the other side's question. */
  | { readonly kind: 'digest'; readonly digest: Digest; readonly answering: boolean }
  /** Charters that are not above these tips, parents first. */
  | { readonly kind: 'charters'; readonly have: readonly Cid[] }
  /** Entries of one feed at or below `want` (none: any head) that are not at or below `have`, oldest first. */
  | { readonly kind: 'feed'; readonly key: Key; readonly want: readonly Cid[]; readonly have: readonly Cid[] }
  /** A page of the heads of one feed, in order, after this one ('': from the first). */
  | { readonly kind: 'heads'; readonly key: Key; readonly after: Cid }
  /** What lies from `from` up to, not including, `to` (null: to the end): feeds by key, sets by id. */
  | {
      readonly kind: 'range'
      readonly section: RangeSection
      readonly from: string
      readonly to: string | null
      readonly hash: string
    }
  /** Records by id; `below`: with what lies below them in their feeds, newest first. */
  | { readonly kind: 'fetch'; readonly ids: readonly Cid[]; readonly below: boolean }
  /** Say when you hold this version and its bundle durably. `custody`: fetch it even if no policy selects you. */
  | { readonly kind: 'holds'; readonly version: Cid; readonly custody: boolean }
  /** The newest beacons of these members, of those that are not silent. */
  | { readonly kind: 'live'; readonly keys: readonly Key[] }

export type SyncAnswer =
  | { readonly kind: 'digest'; readonly digest: Digest }
  | { readonly kind: 'records'; readonly envelopes: readonly Uint8Array[]; readonly more: boolean }
  | { readonly kind: 'same' }
  | { readonly kind: 'split'; readonly parts: readonly RangePart[] }
  | { readonly kind: 'feeds'; readonly feeds: readonly FeedHeads[] }
  | { readonly kind: 'heads'; readonly heads: readonly Cid[]; readonly more: boolean }
  | { readonly kind: 'sets'; readonly ids: readonly Cid[] }
  | { readonly kind: 'holds'; readonly version: Cid }
  | { readonly kind: 'live'; readonly heard: readonly HeardBeacon[]; readonly more: boolean }

/** `ageMs`: how long ago the sender heard it. */
export interface HeardBeacon {
  readonly ageMs: number
  readonly envelope: Uint8Array
}

export type RangeSection = 'feeds' | 'sets'

export interface RangePart {
  readonly from: string
  readonly to: string | null
  readonly hash: string
}

export interface FeedHeads {
  readonly key: Key
  readonly size: number
  /** How many heads there are, a hash of all of them, and the first 8. */
  readonly count: number
  readonly hash: string
  readonly heads: readonly Cid[]
}

const section = object({ hash, count: int() })
const digest: Shape<Digest> = object({ charters: section, revocations: section, sets: section, feeds: section })
/** A key in hex, a CID in base32, or nothing for the beginning. */
const position = matching(/^[0-9a-z]*$/, 'a key or a CID', 64)
const have = list(link, LIMITS.sync.have)
const part = object({ from: position, to: nullable(position), hash })
const feedHeads = object({ key, size: int(), count: int(), hash, heads: list(link, LIMITS.sync.headsShown) })
const envelope = bytesUpTo(RECORD_LIMITS.charterBytes)
const heardBeacon: Shape<HeardBeacon> = object({ ageMs: int(), envelope: bytesUpTo(RECORD_LIMITS.recordBytes) })

const ask: Shape<SyncAsk> = choice('kind', {
  digest: object({ kind: literal('digest'), digest, answering: bool }),
  charters: object({ kind: literal('charters'), have }),
  feed: object({ kind: literal('feed'), key, want: list(link, LIMITS.sync.have), have }),
  heads: object({ kind: literal('heads'), key, after: position }),
  range: object({
    kind: literal('range'),
    section: literal('feeds', 'sets'),
    from: position,
    to: nullable(position),
    hash,
  }),
  fetch: object({ kind: literal('fetch'), ids: list(link, LIMITS.sync.fetch, 1), below: bool }),
  holds: object({ kind: literal('holds'), version: link, custody: bool }),
  live: object({ kind: literal('live'), keys: list(key, LIMITS.beacons.asked, 1) }),
})
const answer: Shape<SyncAnswer> = choice('kind', {
  digest: object({ kind: literal('digest'), digest }),
  records: object({ kind: literal('records'), envelopes: list(envelope, LIMITS.sync.answerRecords), more: bool }),
  same: object({ kind: literal('same') }),
  split: object({ kind: literal('split'), parts: list(part, LIMITS.sync.parts) }),
  feeds: object({ kind: literal('feeds'), feeds: list(feedHeads, LIMITS.sync.items) }),
  heads: object({ kind: literal('heads'), heads: list(link, LIMITS.sync.have), more: bool }),
  sets: object({ kind: literal('sets'), ids: list(link, LIMITS.sync.items) }),
  holds: object({ kind: literal('holds'), version: link }),
  live: object({ kind: literal('live'), heard: list(heardBeacon, LIMITS.beacons.asked), more: bool }),
})
const frame: Shape<SyncFrame> = choice('type', {
  ask: object({ type: literal('ask'), id: int(), ask }),
  answer: object({ type: literal('answer'), id: int(), answer }),
})

/** @throws CoreError E_MALFORMED if the frame does not have its shape */
export function encodeSyncFrame(value: SyncFrame): Uint8Array {
  return encodeStrict(frame.write(value))
}

/** @throws CoreError E_TOO_LARGE, E_MALFORMED */
export function decodeSyncFrame(bytes: Uint8Array): SyncFrame {
  return frame.read(decodeStrict(bytes, LIMITS.sync.frameBytes))
}
