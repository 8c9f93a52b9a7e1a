import type { EngineState } from '../engine/state.ts'
import { isOpenFeed } from '../engine/gaps.ts'
import { LIMITS } from '../limits.ts'
import type { Digest, Ledger, Section } from '../ledger/types.ts'
import { isFeed } from '../records/guards.ts'
import type { Cid, Key } from '../records/types.ts'
import type { RangeSection, SyncAsk } from './frames.ts'
import type { Link } from './links.ts'
import { rangeHash } from './listing.ts'
import { askLive } from './live.ts'

/**
 * What a round looks at, in this order: each part decides who may say what comes after it. Sets come after feeds, as a
 * provisional certificate is taken only when its invite is here.
 */
export interface Phase {
  readonly name: string
  /** Looked at again as long as it brings something. */
  readonly repeat?: true
  asks(state: EngineState, theirs: Digest, link: Link): readonly SyncAsk[]
}

export const PHASES: readonly Phase[] = [
  {
    name: 'charters',
    asks: (state, theirs) =>
      differs(state, theirs, 'charters') ? [{ kind: 'charters', have: tipIds(state.ledger) }] : [],
  },
  {
    name: 'revocations',
    asks: (state, theirs) =>
      differs(state, theirs, 'revocations') ? rootKeys(state).map((key) => askFeed(state.ledger, key)) : [],
  },
  { name: 'feeds', asks: (state, theirs) => askAll(state, theirs, 'feeds') },
  { name: 'sets', asks: (state, theirs) => askAll(state, theirs, 'sets') },
  { name: 'wanted', repeat: true, asks: askWanted },
  { name: 'live', asks: (state, _theirs, link) => askLive(state, link) },
]

/** The last one, which has its turn even if both sides hold the same records. */
export const LIVE_PHASE = PHASES.length - 1

export function isEqual(a: Digest, b: Digest): boolean {
  const sections = ['charters', 'revocations', 'sets', 'feeds'] as const
  return sections.every((section) => a[section].hash === b[section].hash && a[section].count === b[section].count)
}

function differs(state: EngineState, theirs: Digest, section: Section): boolean {
  const mine = state.ledger.digest[section]
  return mine.hash !== theirs[section].hash || mine.count !== theirs[section].count
}

function askAll(state: EngineState, theirs: Digest, section: RangeSection): readonly SyncAsk[] {
  if (!differs(state, theirs, section)) return []
  const hash = rangeHash(state.ledger, state.crypto, section, '', null)
  return [{ kind: 'range', section, from: '', to: null, hash }]
}

/** Roots whose feeds are open. What former ones said is asked for by id, as a charter names it. */
function rootKeys(state: EngineState): readonly Key[] {
  const keys = new Set(state.ledger.charters.inForce.flatMap((charter) => charter.body.roots.keys))
  return [...keys]
    .filter((key) => isOpenFeed(state, key))
    .toSorted()
    .slice(0, LIMITS.sync.rootFeeds)
}

/** What charters, revocations and versions name and what is not here, with what lies below it. */
function askWanted({ ledger }: EngineState): readonly SyncAsk[] {
  const ids = ledger.wanted()
  const asks: SyncAsk[] = []
  for (let at = 0; at < ids.length && asks.length < LIMITS.sync.window; at += LIMITS.sync.fetch) {
    asks.push({ kind: 'fetch', ids: ids.slice(at, at + LIMITS.sync.fetch), below: true })
  }
  return asks
}

type FeedAsk = Extract<SyncAsk, { kind: 'feed' }>

/**
 * Of more heads than a question can name the highest ones, which stand for most of what is below.
 * @param known entries that both sides have, named before all others
 */
export function askFeed(ledger: Ledger, key: Key, want: readonly Cid[] = [], known: readonly Cid[] = []): FeedAsk {
  const heads = ledger.feed(key)?.heads ?? []
  const mine = heads.length > LIMITS.sync.have ? heads.toSorted((a, b) => seqOf(ledger, b) - seqOf(ledger, a)) : heads
  const have = [...new Set([...known, ...mine])].slice(0, LIMITS.sync.have)
  return { kind: 'feed', key, want: want.slice(0, LIMITS.sync.have), have }
}

function seqOf(ledger: Ledger, id: Cid): number {
  const entry = ledger.get(id)
  return entry !== undefined && isFeed(entry) ? entry.body.feedSeq : 0
}

export function tipIds(ledger: Ledger): readonly Cid[] {
  return ledger.charters.tips.slice(0, LIMITS.sync.have).map((charter) => charter.id)
}
