import type { NetworkFactory } from '../world/options.ts'
import { ExactNetwork } from './exact-network.ts'
import type { GossipsubModule } from './router.ts'

/** A world with the real GossipSub class: `makeWorld({ network: await exactNetwork(), ... })`. Loads libp2p's module. */
export async function exactNetwork(): Promise<NetworkFactory> {
  // Its declared types are those of the whole library; the network calls what `router.ts` lists.
  const module = (await import('@libp2p/gossipsub')) as unknown as GossipsubModule
  return (host, parts) => {
    const { seed, links } = parts
    return new ExactNetwork(module, host, { seed, links, messageId: (bytes) => parts.messageId(bytes) })
  }
}
