import { emit } from '../engine/emit.ts'
import type { EngineState } from '../engine/state.ts'
import { LIMITS } from '../limits.ts'
import type { Ledger } from '../ledger/types.ts'
import { isFeed } from '../records/guards.ts'
import type { Charter, Cid, Envelope } from '../records/types.ts'
import type { SyncAnswer, SyncAsk, SyncFrame } from './frames.ts'
import { askedForHolds } from './holders.ts'
import type { Link } from './links.ts'
import { answerLive } from './live.ts'
import { answerRange, headsAfter } from './listing.ts'

/** Answers to what members ask: from what is durable, without memory, one bounded frame for each question. */
type AskFrame = Extract<SyncFrame, { type: 'ask' }>

/** While the peer's stream is full its questions wait, a few; those beyond are dropped, and asked again by the peer. */
export function takeAsk(state: EngineState, link: Link, frame: AskFrame): void {
  if (!link.blocked) return answer(state, link, frame)
  link.waiting ??= []
  if (link.waiting.length < LIMITS.sync.waiting) link.waiting.push(frame)
}

export function unblock(state: EngineState, link: Link): void {
  link.blocked = false
  const waiting = link.waiting ?? []
  link.waiting = null
  for (const frame of waiting) takeAsk(state, link, frame)
}

function answer(state: EngineState, link: Link, { id, ask }: AskFrame): void {
  if (ask.kind === 'holds') return askedForHolds(state, link, id, ask)
  emit(state, { type: 'send', peer: link.peer, frame: { type: 'answer', id, answer: answerTo(state, ask) } })
}

function answerTo(state: EngineState, ask: Exclude<SyncAsk, { kind: 'holds' }>): SyncAnswer {
  const ledger = state.durable
  switch (ask.kind) {
    case 'digest':
      return { kind: 'digest', digest: ledger.digest }
    case 'charters':
      return records(chartersAbove(ledger, ask.have))
    case 'feed':
      return records(ledger.between(ask.key, ask.have, LIMITS.sync.answerRecords + 1, ask.want))
    case 'heads':
      return headsAfter(ledger, ask.key, ask.after)
    case 'live':
      return answerLive(state, ask)
    case 'fetch':
      return records(ask.below ? withBelow(ledger, ask.ids) : ask.ids.flatMap((id) => ledger.get(id) ?? []))
    default:
      return answerRange(ledger, state.crypto, ask)
  }
}

/** As many as fit into one frame, at least one. */
export function records(
  all: readonly Envelope[],
  bytesMax: number = LIMITS.sync.answerBytes,
): SyncAnswer & {
  kind: 'records'
} {
  const envelopes: Uint8Array[] = []
  let bytes = 0
  for (const envelope of all) {
    bytes += envelope.bytes.length
    if (envelopes.length > 0 && (bytes > bytesMax || envelopes.length >= LIMITS.sync.answerRecords)) {
      return { kind: 'records', envelopes, more: true }
    }
    envelopes.push(envelope.bytes)
  }
  return { kind: 'records', envelopes, more: false }
}

/** Charters that are neither among these nor before one of them, parents first. */
export function chartersAbove(ledger: Ledger, have: readonly Cid[]): readonly Envelope<Charter>[] {
  const { all } = ledger.charters
  const byId = new Map(all.map((charter) => [charter.id, charter]))
  const below = new Set<Cid>()
  const queue = [...have]
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    const charter = byId.get(id)
    if (charter === undefined || below.has(id)) continue
    below.add(id)
    queue.push(...charter.body.prev)
  }
  return all.filter((charter) => !below.has(charter.id))
}

/** These and what lies below them in their feeds, newest first, so that each is proven by one before it. */
function withBelow(ledger: Ledger, ids: readonly Cid[]): readonly Envelope[] {
  const found: Envelope[] = []
  const seen = new Set<Cid>()
  let layer = [...ids]
  while (layer.length > 0 && found.length <= LIMITS.sync.answerRecords) {
    const next: Cid[] = []
    for (const id of layer) {
      const envelope = ledger.get(id)
      if (envelope === undefined || seen.has(id)) continue
      seen.add(id)
      found.push(envelope)
      if (isFeed(envelope)) next.push(...envelope.body.feedPrev)
    }
    layer = next
  }
  return found
}
