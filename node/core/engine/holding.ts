import { LIMITS } from '../limits.ts'
import type { Cid, Envelope, Key } from '../records/types.ts'
import type { Dirt, EngineState } from './state.ts'

/**
 * Records that cannot be judged yet: something that they follow, or the one who vouches for their key, is not here. The
 * pool is bounded in all, by key and by the peer that sent them; the oldest fall out, and come back by sync.
 */
export interface Holding {
  /** In order of arrival. */
  readonly byId: Map<Cid, Held>
}

export interface Held {
  readonly envelope: Envelope
  readonly from: Key | null
  /** What must come first; empty: who vouches for its key. */
  readonly missing: readonly Cid[]
}

export function hold(state: EngineState, envelope: Envelope, from: Key | null, missing: readonly Cid[]): void {
  state.holding ??= { byId: new Map() }
  const { byId } = state.holding
  byId.delete(envelope.id)
  byId.set(envelope.id, { envelope, from, missing })
  const { key } = envelope.body
  const held = [...byId.values()]
  const sameKey = held.filter((other) => other.envelope.body.key === key)
  const samePeer = held.filter((other) => other.from === from)
  const crowded =
    (sameKey.length > LIMITS.hold.perKey && sameKey[0]) ||
    (samePeer.length > LIMITS.hold.perPeer && samePeer[0]) ||
    (held.length > LIMITS.hold.total && held[0])
  if (crowded) byId.delete(crowded.envelope.id)
}

/**
 * Takes out what may be judged now: everything after the law or the peers changed, else what has all that it misses.
 * In order of arrival.
 */
export function release(state: EngineState, fresh: Dirt): readonly Held[] {
  const { holding } = state
  if (holding === null) return []
  const everything = fresh.law || fresh.charters
  const out: Held[] = []
  for (const held of holding.byId.values()) {
    if (everything || isReady(state, fresh, held)) out.push(held)
  }
  for (const held of out) holding.byId.delete(held.envelope.id)
  if (holding.byId.size === 0) state.holding = null
  return out
}

function isReady(state: EngineState, fresh: Dirt, held: Held): boolean {
  if (held.missing.length > 0) return held.missing.every((id) => state.ledger.has(id))
  const { body, family } = held.envelope
  // A set waits for its invite or for its peer's certificate, a beacon for the latter; a feed for a charter.
  if ('inviteId' in body) return state.ledger.has(body.inviteId)
  return family !== 'feed' && body.key !== null && fresh.peers.includes(body.key)
}

/** How many records wait. */
export function heldCount(state: EngineState): number {
  return state.holding?.byId.size ?? 0
}
