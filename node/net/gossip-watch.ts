import type { Libp2p } from '@libp2p/interface'
import type { Key } from '../core/index.ts'
import type { Gossip } from './gossip.ts'
import { keyOf } from './peer-keys.ts'
import type { NetLimits } from './types.ts'

/** Patience doubles with each report in a row, up to 64 times the first. */
const STRIKES_MAX = 6

/**
 * gossipsub does not reopen an outbound stream that closed while the connection lives: such a peer is silent for ever.
 * Whoever is connected and missing from gossip's subscribers for `gossipMissingMs` is reported.
 * @returns stops watching
 */
export function watchGossip(
  node: Libp2p,
  gossip: Pick<Gossip, 'subscribers'>,
  limits: NetLimits,
  mute: (peer: Key) => void,
): () => void {
  const missingSince = new Map<Key, number>()
  /** How often a peer was reported in a row: one that has no gossip at all is not redialled every few seconds. */
  const strikes = new Map<Key, number>()
  const timer = setInterval(
    () => {
      const now = Date.now()
      const subscribers = gossip.subscribers()
      const connected = new Set(node.getPeers().map((peer) => keyOf(peer)))
      for (const peer of missingSince.keys()) {
        if (!connected.has(peer)) missingSince.delete(peer)
      }
      for (const peer of subscribers) {
        missingSince.delete(peer)
        strikes.delete(peer)
      }
      for (const peer of connected) {
        if (subscribers.has(peer)) continue
        const since = missingSince.get(peer) ?? now
        missingSince.set(peer, since)
        const struck = strikes.get(peer) ?? 0
        if (now - since < limits.gossipMissingMs * 2 ** struck) continue
        missingSince.delete(peer)
        strikes.set(peer, Math.min(struck + 1, STRIKES_MAX))
        const oldest = strikes.size > limits.bannedMax ? strikes.keys().next().value : undefined
        if (oldest !== undefined) strikes.delete(oldest)
        mute(peer)
      }
    },
    Math.max(50, limits.gossipMissingMs / 5),
  )
  timer.unref()
  return () => clearInterval(timer)
}
