import type { Libp2p } from '@libp2p/interface'
import type { Key } from '../core/index.ts'
import type { Gossip } from './gossip.ts'
import { keyOf } from './peer-keys.ts'
import type { NetLimits } from './types.ts'

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
  const timer = setInterval(
    () => {
      const now = Date.now()
      const subscribers = gossip.subscribers()
      const connected = new Set(node.getPeers().map((peer) => keyOf(peer)))
      for (const peer of missingSince.keys()) {
        if (!connected.has(peer) || subscribers.has(peer)) missingSince.delete(peer)
      }
      for (const peer of connected) {
        if (subscribers.has(peer)) continue
        const since = missingSince.get(peer) ?? now
        missingSince.set(peer, since)
        if (now - since < limits.gossipMissingMs) continue
        missingSince.delete(peer)
        mute(peer)
      }
    },
    Math.max(50, limits.gossipMissingMs / 5),
  )
  timer.unref()
  return () => clearInterval(timer)
}
