import type { Libp2p } from '@libp2p/interface'
import { CID } from 'multiformats/cid'
import type { Key } from '../core/index.ts'
import { keyOf } from './peer-keys.ts'

/** At most this many are worth asking; a query for more only keeps going. */
const PROVIDERS_MAX = 8

/** Tells the DHT that this node holds a bundle. Failing is fine: neighbours are asked first. */
export async function provide(node: Libp2p, cid: string): Promise<void> {
  try {
    await node.contentRouting.provide(CID.parse(cid), { signal: AbortSignal.timeout(30_000) })
  } catch {
    // Nobody to tell yet; it is told again when the DHT reprovides.
  }
}

/** Peers that said so in the DHT. */
export async function findProviders(node: Libp2p, cid: string, signal: AbortSignal): Promise<readonly Key[]> {
  const found = new Set<Key>()
  try {
    for await (const provider of node.contentRouting.findProviders(CID.parse(cid), { signal })) {
      found.add(keyOf(provider.id))
      if (found.size >= PROVIDERS_MAX) break
    }
  } catch {
    // A query that was cut short has given what it found.
  }
  return [...found]
}
