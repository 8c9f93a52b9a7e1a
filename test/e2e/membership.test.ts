import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildRevoke, seal } from '../../node/core/index.ts'
import { createSigner, hasher } from '../../node/index.ts'
import { TestMesh } from '../support/mesh.ts'
import { until } from '../support/until.ts'

/** n4 is a laptop that is away while the mesh changes its roots, loses a publisher and throws out a member. */
let mesh: TestMesh

beforeAll(async () => {
  mesh = await TestMesh.of(5)
  await mesh.grant(mesh.node(3), ['web/*'])
  await mesh.meet()
})
afterAll(async () => await mesh?.close())

describe('a laptop that was away', () => {
  it('is let in again after a root rotation and a removed publisher, and agrees', async () => {
    const laptop = mesh.node(4)
    const one = await mesh.publishFile(mesh.node(3), 'web/site', 'one')
    await mesh.converged(mesh.nodes, 'web/site', one.id, 'one')
    await laptop.stop()

    const two = await mesh.publishFile(mesh.node(3), 'web/site', 'two')
    const rest = mesh.running
    await mesh.converged(rest, 'web/site', two.id, 'two')
    // The publisher loses its grant: what it said stays in force, what it says next does not count.
    const grants = (await mesh.ledger(mesh.node(1))).charters.current?.body.grants ?? []
    await mesh.charter({ grants: grants.filter((grant) => grant.key !== mesh.node(3).key) })
    // The root key is replaced with the recovery key, twice over.
    for (const seed of [1, 2]) {
      const root = createSigner(new Uint8Array(32).fill(seed))
      await mesh.charter({ by: 'recovery', roots: { keys: [root.key], threshold: 1 } })
      mesh.root = root
    }
    await mesh.meet()
    await expect(mesh.publishFile(mesh.node(3), 'web/site', 'three')).rejects.toMatchObject({
      code: expect.stringMatching(/^E_/),
    })
    // It knows none of those who are left by any newer charter, and they know its certificate only.
    await laptop.start()
    await mesh.meet()
    await mesh.converged([laptop], 'web/site', two.id, 'two')
    const status = await laptop.status()
    expect(status.charter).toMatchObject({ epoch: 2 })
    expect(status.node.provisional).toBe(false)
  })

  it('takes charters of the new root, and none of the old', async () => {
    await mesh.grant(mesh.node(4), ['base/*'])
    await mesh.meet()
    const { id } = await mesh.publishFile(mesh.node(4), 'base/motd', 'from the laptop')
    await mesh.converged(mesh.nodes, 'base/motd', id, 'from the laptop')
  })
})

describe('a revoked member', () => {
  it('is hung up on by all, and gets in nowhere again', async () => {
    const out = mesh.node(5)
    const rest = mesh.nodes.filter((node) => node !== out)
    const ledger = await mesh.ledger(mesh.node(1))
    const body = buildRevoke(ledger, mesh.root.key, { at: Date.now(), what: 'member', target: out.key })
    await mesh.node(2).client.submit(seal(body, [mesh.root], hasher).bytes)
    await until(mesh.nodes, 'nobody talks to it', async () => {
      const [own, ...others] = await Promise.all([out, ...rest].map((node) => node.status()))
      return own?.peers.length === 0 && others.every(({ peers }) => peers.every((peer) => peer.key !== out.key))
    })
    // It dials on and on; what is published meanwhile never reaches it.
    const { id } = await mesh.publishFile(mesh.node(1), 'base/secret', 'for members')
    await mesh.converged(rest, 'base/secret', id, 'for members')
    await out.stop()
    await out.start()
    await until([out], 'it was refused again', () => out.tail(400).includes('E_REVOKED'))
    const status = await out.status()
    expect(status.peers).toEqual([])
    expect(mesh.contentOn(out, 'base/secret')).toBeUndefined()
    expect((await out.client.log('base/secret')).entries).toEqual([])
  })

  it('comes back with a new invite and a new key', async () => {
    const out = mesh.node(5)
    await out.stop()
    const { token } = await mesh.node(1).client.invite({ name: 'n5-again', labels: {} })
    const again = await mesh.rejoin(out, token)
    await again.start()
    await mesh.meet()
    const secret = (await mesh.node(1).status()).policies.find(({ policy }) => policy === 'base/secret')
    expect(again.key).not.toBe(out.key)
    await until([again], 'it runs what members run', async () =>
      (await again.status()).policies.some(({ inForce }) => inForce === secret?.inForce),
    )
  })
})
