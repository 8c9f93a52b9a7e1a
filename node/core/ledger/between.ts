import { isFeed } from '../records/guards.ts'
import type { Cid, Envelope, FeedBody, Key } from '../records/types.ts'
import type { State } from './state.ts'

/**
 * Entries of a feed at or below `want` (none: its heads) that are not at or below `have`, oldest first. Walks both sides down together by feedSeq, so that
 * the cost is that of the difference, not of the feed.
 */
export function between(
  state: State,
  key: Key,
  have: readonly Cid[],
  max: number,
  want: readonly Cid[] = [],
): readonly Envelope<FeedBody>[] {
  const feed = state.feeds.get(key)
  if (feed === undefined) return []
  /** True: the other side has it, and so all below it; or it has been found. */
  const theirs = new Map<Cid, boolean>()
  const queue: Envelope<FeedBody>[] = []
  let ours = 0
  function meet(id: Cid, has: boolean): void {
    const entry = state.entries.get(id)
    if (entry === undefined || !isFeed(entry) || entry.body.key !== key) return
    const known = theirs.get(id)
    if (known === undefined) place(queue, entry)
    if (known === undefined || (has && !known)) {
      theirs.set(id, has)
      ours += has ? (known === undefined ? 0 : -1) : 1
    }
  }
  for (const id of want.length > 0 ? want : feed.heads) meet(id, false)
  for (const id of have) meet(id, true)
  const found: Envelope<FeedBody>[] = []
  // Highest feedSeq first: when an entry comes out, everything above it has said whether the other side has it.
  while (ours > 0) {
    const entry = queue.pop()
    if (entry === undefined) break
    const has = theirs.get(entry.id) === true
    if (!has) {
      found.push(entry)
      ours--
      theirs.set(entry.id, true)
    }
    for (const prev of entry.body.feedPrev) meet(prev, has)
  }
  return found.toReversed().slice(0, max)
}

/** Keeps the queue sorted by feedSeq, then by CID, the next one last. It holds a few branches at most. */
function place(queue: Envelope<FeedBody>[], entry: Envelope<FeedBody>): void {
  let at = queue.length
  while (at > 0 && isAfter(queue[at - 1], entry)) at--
  queue.splice(at, 0, entry)
}

function isAfter(a: Envelope<FeedBody> | undefined, b: Envelope<FeedBody>): boolean {
  if (a === undefined) return false
  return a.body.feedSeq > b.body.feedSeq || (a.body.feedSeq === b.body.feedSeq && a.id < b.id)
}
