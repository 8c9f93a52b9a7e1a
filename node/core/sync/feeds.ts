import { isOpenFeed, openGap } from '../engine/gaps.ts'
import type { EngineState } from '../engine/state.ts'
import { isFeed } from '../records/guards.ts'
import type { Cid, Key } from '../records/types.ts'
import type { FeedHeads, SyncAnswer, SyncAsk } from './frames.ts'
import { askFeed } from './phases.ts'

/**
 * A feed that differs: what lies between the two sides' heads. A listing shows the first 8 of a forked feed; of one with
 * more the heads are asked for by page, and then what lies below those that are not here (RECORDS.md, section 3).
 */
type FeedAsk = Extract<SyncAsk, { kind: 'feed' }>

/** @returns what to ask */
export function askWhatLacks(state: EngineState, theirs: FeedHeads): readonly SyncAsk[] {
  if (!isOpenFeed(state, theirs.key)) return []
  if (theirs.count > theirs.heads.length) return [{ kind: 'heads', key: theirs.key, after: '' }]
  return below(state, theirs.key, theirs.heads)
}

/** A page came. An honest one goes on where the last one ended. @returns null: it does not */
export function askBelowPage(
  state: EngineState,
  { key, after }: Extract<SyncAsk, { kind: 'heads' }>,
  { heads, more }: Extract<SyncAnswer, { kind: 'heads' }>,
): readonly SyncAsk[] | null {
  const last = heads.at(-1)
  if (heads.some((id, at) => id <= (heads[at - 1] ?? after)) || (more && last === undefined)) return null
  const next: readonly SyncAsk[] = more && last !== undefined ? [{ kind: 'heads', key, after: last }] : []
  return [...below(state, key, heads), ...next]
}

/** Heads that are not here are a gap until they are. */
function below(state: EngineState, key: Key, heads: readonly Cid[]): readonly SyncAsk[] {
  const lacking = heads.filter((id) => !state.ledger.has(id))
  for (const id of lacking) openGap(state, id, key)
  if (lacking.length === 0) return []
  return [
    askFeed(
      state.ledger,
      key,
      lacking,
      heads.filter((id) => state.ledger.has(id)),
    ),
  ]
}

/**
 * An answer was cut where its frame was full. If it brought nothing new, this node's own heads did not cover what the
 * other side has in common with it (there are more than a question names): what was sent is known to both from now on.
 * Nothing, if that says nothing new either.
 */
export function askFurther(
  state: EngineState,
  ask: FeedAsk,
  sent: readonly Uint8Array[],
  admitted: number,
): readonly FeedAsk[] {
  const want = ask.want.filter((id) => !state.ledger.has(id))
  if (admitted > 0) return [askFeed(state.ledger, ask.key, want)]
  const tops = topsOf(state, sent).filter((id) => !ask.have.includes(id))
  return tops.length === 0 ? [] : [askFeed(state.ledger, ask.key, want, [...tops, ...ask.have])]
}

/** Of these entries those that none of them follows. */
function topsOf(state: EngineState, sent: readonly Uint8Array[]): readonly Cid[] {
  const entries = sent.map((bytes) => state.reader.read(bytes)).filter(isFeed)
  const followed = new Set(entries.flatMap(({ body }) => body.feedPrev))
  return entries.map(({ id }) => id).filter((id) => !followed.has(id))
}
