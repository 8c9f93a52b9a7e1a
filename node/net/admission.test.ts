import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, describe, expect, it } from 'vitest'
import { NodeError } from '../errors.ts'
import { QUICK, startNode, stopNodes, until } from './testing/nodes.ts'
import type { TestNode } from './testing/nodes.ts'
import { acceptAdmission, admissionMessage, startRogue, stopRogues } from './testing/rogue.ts'

afterEach(async () => {
  await stopNodes()
  await stopRogues()
})

const text = new TextEncoder()

/** What a rogue's dial ended with; and the node that it dialled has forgotten it. */
async function knock(node: TestNode, behave: Parameters<typeof startRogue>[0]): Promise<void> {
  const rogue = await startRogue(behave)
  await expect(rogue.dial(multiaddr(node.addr()))).rejects.toThrow()
  await until('the node has forgotten it', () => node.ended.length === 1)
  expect(node.net.peers()).toEqual([])
  expect(node.up.size).toBe(0)
}

describe('admission', () => {
  it('tells the dialler why the listener refused it', async () => {
    const a = await startNode({ refuse: (_, role) => (role === 'listener' ? 'E_REVOKED' : null) })
    const b = await startNode()
    const refusal = b.net.dialNow(a.addr())
    await expect(refusal).rejects.toMatchObject({ code: 'E_REFUSED', fields: { code: 'E_REVOKED', by: 'peer' } })
    await expect(refusal).rejects.toThrow(`You are refused, ${b.key.slice(0, 4)}.`)
    await until('both forgot', () => a.ended.length === 1 && b.ended.length === 1)
    expect([...a.up, ...b.up]).toEqual([])
  })

  it('gives the dialler its own code when it refuses the listener', async () => {
    const a = await startNode()
    const b = await startNode({ refuse: (_, role) => (role === 'dialler' ? 'E_UNKNOWN_KEY' : null) })
    await expect(b.net.dialNow(a.addr())).rejects.toMatchObject({
      code: 'E_REFUSED',
      fields: { code: 'E_UNKNOWN_KEY', by: 'self' },
    })
    await until('the listener has forgotten it', () => a.ended.length === 1)
    expect(a.net.peers()).toEqual([])
  })

  it('goes on redialling whoever refused, and gets in when the judgement changes', async () => {
    let refusing = true
    const a = await startNode({ refuse: () => (refusing ? 'E_REVOKED' : null) })
    const b = await startNode({ options: { bootstrap: [a.addr()] } })
    await until('refused and said so', () =>
      b.events.some((event) => event.kind === 'refused' && event.fields.code === 'E_REVOKED'),
    )
    refusing = false
    await until('up', () => b.up.has(a.key))
  })

  it('refuses when a judge takes too long, and says that it was the time', async () => {
    const a = await startNode({ handlers: () => ({ admitStart: () => undefined }) })
    const b = await startNode()
    const started = Date.now()
    const error: unknown = await b.net.dialNow(a.addr()).catch((thrown: unknown) => thrown)
    if (!(error instanceof NodeError)) throw error
    // Whichever side was first: said here, or told by the other.
    expect([error.code, error.fields['code']]).toContain('E_ADMISSION_TIMEOUT')
    expect(Date.now() - started).toBeLessThan(QUICK.admissionMs + 1500)
    await until('the listener has forgotten it', () => a.ended.length === 1)
  })

  it('cuts a peer that stops in the middle', async () => {
    const a = await startNode()
    const seen: string[] = []
    await knock(a, async (stream) => {
      stream.addEventListener('message', (event) => seen.push(new TextDecoder().decode(event.data.subarray())))
      stream.send(admissionMessage(0, text.encode('half'), 4000))
      await new Promise((resolve) => setTimeout(resolve, QUICK.admissionMs + 500))
    })
    expect(seen.join('')).toContain('E_ADMISSION_TIMEOUT')
  })

  it('cuts a peer that sends for ever', async () => {
    const a = await startNode({
      handlers: (net) => ({ admitStart: (conn) => net().admitSend(conn, text.encode('hello')) }),
    })
    await knock(a, async (stream) => {
      const chunk = admissionMessage(0, new Uint8Array(60_000))
      while (stream.status === 'open') {
        if (!stream.send(chunk)) await stream.onDrain().catch(() => undefined)
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
    })
    expect(a.net.traffic().wireIn).toBeLessThan(4 * 1024 * 1024)
    expect(a.events).toContainEqual(
      expect.objectContaining({ kind: 'refused', fields: expect.objectContaining({ code: 'E_PROTOCOL' }) }),
    )
  })

  it('cuts a peer that announces an oversize frame or speaks nonsense', async () => {
    const a = await startNode({ handlers: () => ({ admitStart: () => undefined }) })
    const seen: string[] = []
    const listen = (stream: Parameters<typeof acceptAdmission>[0], send: Uint8Array): Promise<void> => {
      stream.addEventListener('message', (event) => seen.push(new TextDecoder().decode(event.data.subarray()).slice(5)))
      stream.send(send)
      return new Promise((resolve) => stream.addEventListener('close', () => resolve()))
    }
    await knock(a, async (stream) => await listen(stream, admissionMessage(0, text.encode('x'), 2 ** 31)))
    a.ended.length = 0
    await knock(a, async (stream) => await listen(stream, admissionMessage(77, text.encode('x'))))
    expect(seen).toEqual([
      expect.stringMatching(/^E_PROTOCOL .*2147483648 bytes/),
      expect.stringMatching(/^E_PROTOCOL .*unknown kind 77/),
    ])
  })

  it('serves nothing to a peer that starts the muxer without being admitted', async () => {
    const a = await startNode({ handlers: () => ({ admitStart: () => undefined }) })
    await knock(a, () => undefined)
  })

  it('finds no common protocol with a plain libp2p', async () => {
    const a = await startNode()
    const plain = await startRogue(() => undefined, '/noise')
    await expect(plain.dial(multiaddr(a.addr()))).rejects.toThrow()
    expect(a.ended).toEqual([])
  })

  it('lets in a peer that does as it should, as the last test of the tests', async () => {
    const a = await startNode()
    const honest = await startRogue(acceptAdmission)
    const connection = await honest.dial(multiaddr(a.addr()))
    await until('connected', () => a.net.peers().length === 1)
    await connection.close()
  })
})
