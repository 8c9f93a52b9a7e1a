import { encode } from 'it-length-prefixed'
import type { Libp2p, Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, describe, expect, it } from 'vitest'
import { NET_LIMITS } from '../limits.ts'
import { SYNC_PROTOCOL } from './links.ts'
import { keyOf } from './peer-keys.ts'
import { startNode, stopNodes, until } from './testing/nodes.ts'
import type { TestNode } from './testing/nodes.ts'
import { acceptAdmission, startRogue, stopRogues } from './testing/rogue.ts'

afterEach(async () => {
  await stopNodes()
  await stopRogues()
})

/** A member that is admitted and then gives the test its sync stream, whichever side opens it. */
async function member(node: TestNode, onStream: (stream: Stream) => void): Promise<Libp2p> {
  const rogue = await startRogue(acceptAdmission)
  const box: { stream?: Stream } = {}
  await rogue.handle(SYNC_PROTOCOL, (stream) => {
    box.stream = stream
  })
  const connection = await rogue.dial(multiaddr(node.addr()))
  await until('the node sees it', () => node.net.peers().length > 0)
  await new Promise((resolve) => setTimeout(resolve, 150))
  const stream = box.stream ?? (await connection.newStream(SYNC_PROTOCOL))
  await until('it is up', () => node.up.has(keyOf(rogue.peerId)))
  onStream(stream)
  return rogue
}

const keyIn = (node: TestNode): string => [...node.up][0] ?? ''

describe('a sync stream', () => {
  it('is cut, with the connection, when a frame is announced that is too large', async () => {
    const a = await startNode()
    await member(a, (stream) =>
      stream.send(encode.single(new Uint8Array(NET_LIMITS.syncFrameBytes + 1)).sublist(0, 100)),
    )
    await until('hung up', () => a.up.size === 0 && a.net.peers().length === 0)
    expect(a.events).toContainEqual(
      expect.objectContaining({
        kind: 'protocol',
        message: expect.stringContaining('frame of more than'),
        fields: expect.objectContaining({ code: 'E_PROTOCOL' }),
      }),
    )
    expect(a.frames).toEqual([])
  })

  it('is cut when the peer stops in the middle of a frame', async () => {
    const a = await startNode()
    await member(a, (stream) => stream.send(encode.single(new Uint8Array(1000)).sublist(0, 500)))
    await until('hung up', () => a.up.size === 0 && a.net.peers().length === 0)
    expect(a.events).toContainEqual(
      expect.objectContaining({
        message: expect.stringContaining('stopped in the middle'),
        fields: expect.objectContaining({ code: 'E_STALLED' }),
      }),
    )
  })

  it('buffers no more than its bound for a peer that does not read, and cuts it', async () => {
    // Without gossip: a member that has none would be hung up on for that.
    const a = await startNode({ options: { gossip: false } })
    await member(a, (stream) => {
      stream.addEventListener('message', () => undefined)
      stream.pause()
    })
    const peer = keyIn(a)
    const frame = new Uint8Array(200_000)
    let sent = 0
    let full = 0
    while (a.up.has(peer) && sent < 200) {
      if (!a.net.sendSync(peer, frame)) full += 1
      sent += 1
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    // Not that it is away: it is dialled again at once.
    await until('cut', () => a.events.some(({ fields }) => fields['code'] === 'E_STALLED'))
    expect(full).toBeGreaterThan(0)
    // Window of the peer, the socket's buffers, and the queue: far below the 40 MB that were offered.
    expect(a.net.traffic().wireOut).toBeLessThan(2 * NET_LIMITS.syncQueueBytes)
  })

  it('says when a slow peer can take more', async () => {
    const a = await startNode()
    const box: { stream?: Stream } = {}
    await member(a, (stream) => {
      box.stream = stream
      stream.addEventListener('message', () => undefined)
      stream.pause()
    })
    const peer = keyIn(a)
    let rounds = 0
    while (a.net.sendSync(peer, new Uint8Array(100_000))) {
      rounds += 1
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    expect(rounds).toBeGreaterThan(1)
    expect(a.writable).toEqual([])
    box.stream?.resume()
    await until('writable', () => a.writable.includes(peer))
    expect(a.up.has(peer)).toBe(true)
  })

  it('comes back when it closes while the connection lives', async () => {
    const a = await startNode()
    const streams: Stream[] = []
    const rogue = await member(a, (stream) => streams.push(stream))
    const peer = keyOf(rogue.peerId)
    await streams[0]?.close()
    await until('down', () => !a.up.has(peer))
    // Whoever has the lower key opens the next one: the node by itself, or the rogue here.
    if (a.key > peer) await rogue.getConnections()[0]?.newStream(SYNC_PROTOCOL)
    await until('up again', () => a.up.has(peer))
    expect(a.net.peers()).toHaveLength(1)
  })
})
