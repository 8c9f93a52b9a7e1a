import { LIMITS } from '../limits.ts'
import type { EngineState } from '../engine/state.ts'
import type { Digest } from '../ledger/types.ts'
import type { Cid, Key } from '../records/types.ts'
import type { Round } from './rounds.ts'
import type { SyncFrame } from './frames.ts'

/** One admitted member that is connected. */
export interface Link {
  readonly peer: Key
  readonly since: number
  /** What this node asks of it; null between rounds. */
  round: Round | null
  nextId: number
  /** Another round is wanted when this one is over. */
  again: boolean
  /** What it said that it holds while a round was under way. */
  heard: Digest | null
  /** When the last round began, and when one was last completed. */
  roundAt: number
  syncedAt: number | null
  /** When it was last asked for beacons. */
  liveAt: number
  /** Its stream is full: answer nothing until it drained. */
  blocked: boolean
  waiting: Extract<SyncFrame, { type: 'ask' }>[] | null
  /** Versions of which it wants to hear that this node holds them, with the question's number. */
  asksHolds: Map<Cid, number> | null
  /** Gossip's token bucket. */
  tokens: number
  tokensAt: number
}

export function openLink(state: EngineState, peer: Key): Link {
  const known = state.links.get(peer)
  if (known !== undefined) return known
  const link = newLink(peer, state.now)
  state.links.set(peer, link)
  return link
}

export function newLink(peer: Key, since: number): Link {
  return {
    peer,
    since,
    round: null,
    nextId: 1,
    again: false,
    heard: null,
    roundAt: Number.NEGATIVE_INFINITY,
    syncedAt: null,
    liveAt: Number.NEGATIVE_INFINITY,
    blocked: false,
    waiting: null,
    asksHolds: null,
    tokens: LIMITS.intake.rateBurst,
    tokensAt: since,
  }
}
