import type { Hasher } from '../crypto.ts'
import { LIMITS } from '../limits.ts'
import type { Ledger } from '../ledger/types.ts'
import { toHex } from '../records/keys.ts'
import type { Cid } from '../records/types.ts'
import type { FeedHeads, RangePart, RangeSection, SyncAnswer } from './frames.ts'

/**
 * Feeds by key and sets by id, in order, with a hash for any range: two nodes find what differs by comparing ranges and
 * splitting those that differ, so that one new entry among a million costs a few small frames.
 */
interface Listing {
  readonly feeds: readonly FeedHeads[]
  readonly sets: readonly Cid[]
}

/** A ledger is a value: its listing never changes, and goes with it. */
const listings = new WeakMap<Ledger, Listing>()
const encoder = new TextEncoder()

function listingOf(ledger: Ledger, hasher: Hasher): Listing {
  const known = listings.get(ledger)
  if (known !== undefined) return known
  const listing = new LateListing(ledger, hasher)
  listings.set(ledger, listing)
  return listing
}

/** Each section is listed when it is looked at: mostly one differs, and the other may be a million ids. */
class LateListing implements Listing {
  readonly #ledger: Ledger
  readonly #hasher: Hasher
  #feeds: readonly FeedHeads[] | null = null
  #sets: readonly Cid[] | null = null

  constructor(ledger: Ledger, hasher: Hasher) {
    this.#ledger = ledger
    this.#hasher = hasher
  }

  get feeds(): readonly FeedHeads[] {
    const keys = (): string[] => [...this.#ledger.feedKeys()].toSorted()
    this.#feeds ??= keys().flatMap((key) => headsOf(this.#ledger, key, this.#hasher))
    return this.#feeds
  }

  get sets(): readonly Cid[] {
    const ids = (): Cid[] => this.#ledger.sets().map((set) => set.id)
    this.#sets ??= ids().toSorted()
    return this.#sets
  }
}

function headsOf(ledger: Ledger, key: string, hasher: Hasher): FeedHeads[] {
  const feed = ledger.feed(key)
  if (feed === undefined) return []
  const { heads, size } = feed
  const hash = toHex(hasher.sha256(encoder.encode(heads.join('\n'))))
  return [{ key, size, count: heads.length, hash, heads: heads.slice(0, LIMITS.sync.headsShown) }]
}

/** One page, in the order of all heads. */
export function headsAfter(ledger: Ledger, key: string, after: Cid): SyncAnswer & { kind: 'heads' } {
  const rest = (ledger.feed(key)?.heads ?? []).filter((id) => id > after)
  const heads = rest.slice(0, LIMITS.sync.have)
  return { kind: 'heads', heads, more: rest.length > heads.length }
}

export function isSameFeed(ledger: Ledger, hasher: Hasher, theirs: FeedHeads): boolean {
  const [mine] = headsOf(ledger, theirs.key, hasher)
  return mine !== undefined && mine.hash === theirs.hash && mine.size === theirs.size
}

/** Hash of what this ledger holds from `from` up to, not including, `to`. */
export function rangeHash(
  ledger: Ledger,
  hasher: Hasher,
  section: RangeSection,
  from: string,
  to: string | null,
): string {
  const listing = listingOf(ledger, hasher)
  const [start, end] = bounds(listing, section, from, to)
  return hashOf(listing, hasher, section, start, end)
}

/** `same`, a listing of what is here, or the parts to compare. */
export function answerRange(
  ledger: Ledger,
  hasher: Hasher,
  ask: { readonly section: RangeSection; readonly from: string; readonly to: string | null; readonly hash: string },
): SyncAnswer {
  const { section, from, to } = ask
  const listing = listingOf(ledger, hasher)
  const [start, end] = bounds(listing, section, from, to)
  if (hashOf(listing, hasher, section, start, end) === ask.hash) return { kind: 'same' }
  if (end - start > LIMITS.sync.items) {
    return { kind: 'split', parts: split(listing, hasher, { section, from, to, start, end }) }
  }
  return section === 'feeds'
    ? { kind: 'feeds', feeds: listing.feeds.slice(start, end) }
    : { kind: 'sets', ids: listing.sets.slice(start, end) }
}

interface Range {
  readonly section: RangeSection
  readonly from: string
  readonly to: string | null
  readonly start: number
  readonly end: number
}

function split(listing: Listing, hasher: Hasher, range: Range): RangePart[] {
  const step = Math.ceil((range.end - range.start) / LIMITS.sync.parts)
  const parts: RangePart[] = []
  for (let start = range.start; start < range.end; start += step) {
    const end = Math.min(start + step, range.end)
    parts.push({
      from: start === range.start ? range.from : positionAt(listing, range.section, start),
      to: end === range.end ? range.to : positionAt(listing, range.section, end),
      hash: hashOf(listing, hasher, range.section, start, end),
    })
  }
  return parts
}

function positionAt(listing: Listing, section: RangeSection, at: number): string {
  return (section === 'feeds' ? listing.feeds[at]?.key : listing.sets[at]) ?? ''
}

function hashOf(listing: Listing, hasher: Hasher, section: RangeSection, start: number, end: number): string {
  const lines =
    section === 'feeds'
      ? listing.feeds.slice(start, end).map((feed) => `${feed.key} ${feed.size} ${feed.count} ${feed.hash}`)
      : listing.sets.slice(start, end)
  return toHex(hasher.sha256(encoder.encode(lines.join('\n'))))
}

function bounds(listing: Listing, section: RangeSection, from: string, to: string | null): [number, number] {
  const size = section === 'feeds' ? listing.feeds.length : listing.sets.length
  const start = lowest(size, (at) => positionAt(listing, section, at) >= from)
  const end = to === null ? size : lowest(size, (at) => positionAt(listing, section, at) >= to)
  return [start, Math.max(start, end)]
}

/** The lowest index for which `holds` is true; it is false below, true above. */
function lowest(size: number, holds: (at: number) => boolean): number {
  let low = 0
  let high = size
  while (low < high) {
    const middle = (low + high) >> 1
    if (holds(middle)) high = middle
    else low = middle + 1
  }
  return low
}
