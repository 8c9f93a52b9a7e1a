import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestMesh } from '../support/mesh.ts'
import type { TestNode } from '../support/node.ts'

let mesh: TestMesh
let laptop: TestNode
let phone: TestNode

beforeAll(async () => {
  mesh = await TestMesh.create()
  laptop = await mesh.add('laptop', { outbound: true })
  phone = await mesh.add('phone', { outbound: true })
  await mesh.meet()
})
afterAll(async () => await mesh?.close())

describe('two nodes that nobody can dial', () => {
  it('converge through one that both can reach', async () => {
    expect((await laptop.status()).addrs).toEqual([])
    await mesh.grant(laptop, ['base/*'])
    await mesh.meet()
    const { id } = await mesh.publishFile(laptop, 'base/motd', 'from behind a NAT')
    await mesh.converged([mesh.node(1), laptop, phone], 'base/motd', id, 'from behind a NAT')
    expect((await phone.status()).peers.map((peer) => peer.name)).toEqual(['n1'])
  })
})
