import { afterEach, describe, expect, it } from 'vitest'
import { watchGossip } from './gossip-watch.ts'
import { peerOf } from './peer-keys.ts'
import { QUICK, startNode, stopNodes, until } from './testing/nodes.ts'
import { NET_LIMITS } from '../limits.ts'

afterEach(stopNodes)

const CID = 'bafyreich5ybd5o5oef5llftw3y24wmoyk6hto5maghsfceeaodfkct3gry'

describe('the distributed hash table', () => {
  it('finds who provides a bundle, through a node in the middle', async () => {
    const options = { dht: true, gossip: false }
    const hub = await startNode({ options })
    const holder = await startNode({ options: { ...options, bootstrap: [hub.addr()] } })
    const seeker = await startNode({ options: { ...options, bootstrap: [hub.addr()], limits: { neighboursLow: 1 } } })
    await until('both met the hub', () => hub.up.size === 2)
    await until(
      'found',
      async () => {
        await holder.net.provide(CID)
        return (await seeker.net.findProviders(CID, AbortSignal.timeout(2000))).includes(holder.key)
      },
      20_000,
    )
  }, 30_000)

  it('is silent when it is switched off', async () => {
    const a = await startNode()
    await a.net.provide(CID)
    expect(await a.net.findProviders(CID, AbortSignal.timeout(1000))).toEqual([])
  })
})

describe('relays', () => {
  it('let two nodes meet through a member, each behind its own listener on it', async () => {
    const relay = await startNode({ options: { relay: true, gossip: false } })
    const hidden = await startNode({
      options: { relay: true, gossip: false, listen: [`${relay.addr()}/p2p-circuit`], bootstrap: [relay.addr()] },
    })
    await until(
      'it has an address on the relay',
      () => hidden.net.addresses().some((addr) => addr.includes('p2p-circuit')),
      15_000,
    )
    const caller = await startNode({ options: { relay: true, gossip: false, listen: [] } })
    const [addr = ''] = hidden.net.addresses()
    expect(await caller.net.dialNow(addr)).toBe(hidden.key)
    await until('up over the relay', () => caller.up.has(hidden.key) && hidden.up.has(caller.key))
    caller.net.sendSync(hidden.key, new TextEncoder().encode('through the relay'))
    await until('the frame came', () => hidden.frames.length === 1)
    // A relay of libp2p would let 128 KiB pass and cut the connection: bundles are larger.
    for (let i = 0; i < 16; i++) caller.net.sendSync(hidden.key, new Uint8Array(64 * 1024))
    await until('a megabyte came', () => hidden.frames.length === 17)
    expect(caller.up.has(hidden.key)).toBe(true)
  }, 30_000)
})

describe('the watch over gossip', () => {
  it('reports a connected member that gossip has lost, once it has been missing for long enough', async () => {
    const a = await startNode()
    const b = await startNode({ options: { bootstrap: [a.addr()] } })
    await until('up', () => a.up.has(b.key))
    const mute: string[] = []
    const peers = { getPeers: () => [peerOf(b.key)] }
    const lost = new Set<string>()
    // The watch asks libp2p for its peers only.
    const stop = watchGossip(
      peers as never,
      { subscribers: () => lost },
      { ...NET_LIMITS, gossipMissingMs: 200 },
      (peer) => mute.push(peer),
    )
    await until('reported', () => mute.length === 1)
    lost.add(b.key)
    await new Promise((resolve) => setTimeout(resolve, 400))
    stop()
    expect(mute).toEqual([b.key])
  })

  it('hangs up on a member that speaks no gossip, and goes on redialling it', async () => {
    const a = await startNode({ options: { gossip: false } })
    const b = await startNode({ options: { bootstrap: [a.addr()] } })
    await until('muted', () => b.events.some((event) => event.kind === 'gossipMute'), QUICK.gossipMissingMs + 5000)
    await until('up again', () => b.up.has(a.key))
  })
})
