import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { memoryBook, startNode, stopNodes, until } from './testing/nodes.ts'
import type { TestNode } from './testing/nodes.ts'

afterEach(stopNodes)

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

async function pair(): Promise<[TestNode, TestNode]> {
  const a = await startNode()
  const b = await startNode({ options: { bootstrap: [a.addr()] } })
  await until('both are up', () => a.up.has(b.key) && b.up.has(a.key))
  return [a, b]
}

describe('the network', () => {
  it('brings two nodes up and carries sync frames both ways, in order', async () => {
    const [a, b] = await pair()
    for (let i = 0; i < 50; i++) {
      a.net.sendSync(b.key, bytes(`from a ${i}`))
      b.net.sendSync(a.key, bytes(`from b ${i}`))
    }
    await until('all frames came', () => a.frames.length === 50 && b.frames.length === 50)
    expect(b.frames.map((frame) => frame.text)).toEqual(Array.from({ length: 50 }, (_, i) => `from a ${i}`))
    expect(a.net.peers()).toMatchObject([{ key: b.key, up: true, direction: 'inbound' }])
    expect(a.net.traffic().syncOut).toBeGreaterThan(400)
    expect(a.net.traffic().wireOut).toBeGreaterThan(a.net.traffic().syncOut)
  })

  it('carries records by gossip through a third node, after its verdict', async () => {
    const a = await startNode()
    const b = await startNode({ verdict: 'accept', options: { bootstrap: [a.addr()] } })
    const c = await startNode({ options: { bootstrap: [b.addr()], limits: { neighboursLow: 1 } } })
    await until('c and a meet b only', () => b.up.size === 2)
    await until('gossip has its mesh', () => b.net.meshPeers().length === 2)
    a.net.publish(bytes('a record'))
    await until('c heard', () => c.records.length === 1)
    expect(c.records[0]).toMatchObject({ from: b.key, text: 'a record' })
    expect(b.records).toHaveLength(1)
  })

  it('relays nothing that was ignored or rejected', async () => {
    const a = await startNode()
    const b = await startNode({ verdict: 'reject', options: { bootstrap: [a.addr()] } })
    const c = await startNode({ options: { bootstrap: [b.addr()] } })
    await until('the chain is up', () => b.up.size === 2 && b.net.meshPeers().length === 2)
    a.net.publish(bytes('bad'))
    await until('b heard', () => b.records.length === 1)
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(c.records).toEqual([])
  })

  it('lets sync work with gossip off', async () => {
    const a = await startNode({ options: { gossip: false } })
    const b = await startNode({ options: { gossip: false, bootstrap: [a.addr()] } })
    await until('up', () => a.up.size === 1 && b.up.size === 1)
    a.net.publish(bytes('nobody hears this'))
    expect(a.net.sendSync(b.key, bytes('x'))).toBe(true)
    await until('the frame came', () => b.frames.length === 1)
  })

  it('lets two nodes that do not listen meet through one that does', async () => {
    const hub = await startNode({ verdict: 'accept' })
    const [a, b] = await Promise.all(
      [0, 1].map(async () => await startNode({ options: { listen: [], bootstrap: [hub.addr()] } })),
    )
    await until('both are up', () => hub.up.size === 2 && hub.net.meshPeers().length === 2)
    expect(a?.net.addresses()).toEqual([])
    a?.net.publish(bytes('out and in'))
    await until('the other heard', () => b?.records.length === 1)
  })

  it('redials a node that went away and came back, however often', async () => {
    const a = await startNode()
    const port = Number(/tcp\/(\d+)/.exec(a.addr())?.[1])
    const b = await startNode({ options: { bootstrap: [a.addr()] } })
    await until('up', () => b.up.has(a.key))
    let current = a
    for (let round = 0; round < 2; round++) {
      await stopOf(current, b)
      current = await startNode({ seed: a.seed, options: { listen: [`/ip4/127.0.0.1/tcp/${port}`] } })
      await until('up again', () => b.up.has(a.key))
    }
  })

  it('finds a member again by its address book alone after a restart', async () => {
    const a = await startNode()
    const book = memoryBook()
    const b = await startNode({ options: { bootstrap: [a.addr()], book } })
    await until('a is in the book', () => book.all().some((entry) => entry.key === a.key && entry.seenMs > 0))
    await b.net.stop()
    const again = await startNode({ seed: b.seed, options: { book } })
    await until('up', () => again.up.has(a.key))
  })

  it('dials whom the engine names, and does not redial whom it hung up on', async () => {
    // a does not listen, so that b cannot dial it in its turn.
    const [a, b] = await Promise.all([startNode({ options: { listen: [] } }), startNode()])
    a.net.dial(b.key, [b.addr()])
    await until('up', () => a.up.has(b.key) && b.up.has(a.key))
    a.net.hangup(b.key, 'E_REVOKED')
    await until('down', () => a.up.size === 0 && b.up.size === 0)
    await new Promise((resolve) => setTimeout(resolve, 400))
    expect(a.up.size).toBe(0)
    expect(a.events.map((event) => event.kind)).toContain('hungUp')
  })

  it('joins two halves that were strangers with neighbours enough', async () => {
    const limits = { neighboursLow: 1 }
    const a = await startNode({ options: { limits } })
    const b = await startNode({ options: { limits, bootstrap: [a.addr()] } })
    const c = await startNode({ options: { limits } })
    const d = await startNode({ options: { limits, bootstrap: [c.addr()] } })
    await until('two pairs', () => a.up.has(b.key) && c.up.has(d.key))
    b.net.learn(c.key, [c.addr()])
    await until('the halves are joined', () => b.up.has(c.key))
  })

  it('says so when an address is none or cannot be listened on', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const taken = startNode({ options: { listen: [`/ip4/127.0.0.1/tcp/${port}`] } })
    const message = expect.stringMatching(/the port is in use.* --listen, such as 127\.0\.0\.1:0\.$/)
    await expect(taken).rejects.toMatchObject({ code: 'E_ADDRESS', message })
    await expect(startNode({ options: { listen: ['nonsense'] } })).rejects.toMatchObject({ code: 'E_ADDRESS' })
    const a = await startNode()
    await expect(a.net.dialNow('nonsense')).rejects.toMatchObject({ code: 'E_ADDRESS' })
    await expect(a.net.dialNow('/ip4/127.0.0.1/tcp/1')).rejects.toMatchObject({ code: 'E_DIAL' })
    server.close()
  })
})

async function stopOf(node: TestNode, other: TestNode): Promise<void> {
  await node.net.stop()
  await until('seen to be down', () => !other.up.has(node.key))
}
