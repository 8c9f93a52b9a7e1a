import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { isReachable } from './reach.ts'

const SOON_MS = 2_000

async function listening(): Promise<{ addr: string; close: () => Promise<void> }> {
  const server = createServer((socket) => socket.destroy())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on TCP has a port.
  const { port } = server.address() as AddressInfo
  return {
    addr: `/ip4/127.0.0.1/tcp/${port}`,
    async close() {
      server.close()
      await once(server, 'close')
    },
  }
}

describe('whether anybody answers', () => {
  it('is told by a port that accepts, one of several being enough, with or without a peer id', async () => {
    const one = await listening()
    expect(await isReachable(['/ip4/127.0.0.1/tcp/1', one.addr], SOON_MS)).toBe(true)
    expect(await isReachable([`${one.addr}/p2p/12D3KooWLinux`], SOON_MS)).toBe(true)
    await one.close()
    expect(await isReachable([one.addr], SOON_MS)).toBe(false)
  })

  it('cannot be asked of a peer without an address, or with a relayed one only', async () => {
    expect(await isReachable([], SOON_MS)).toBe(null)
    expect(await isReachable(['/ip4/127.0.0.1/tcp/1/p2p/12D3KooWLinux/p2p-circuit'], SOON_MS)).toBe(null)
  })
})
