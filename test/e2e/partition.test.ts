import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestMesh } from '../support/mesh.ts'
import type { TestNode } from '../support/node.ts'
import { freePort, Link } from '../support/proxy.ts'
import { until } from '../support/until.ts'

/**
 * Two halves of four. Only the first node of each half can be dialled: from its own half directly, from the other one
 * through a link that the test can cut.
 */
let mesh: TestMesh
let links: Link[]
let left: TestNode[]
let right: TestNode[]

beforeAll(async () => {
  const ports = [await freePort(), await freePort()] as const
  links = [await Link.to(ports[0]), await Link.to(ports[1])]
  const seen = links.map((link) => `/ip4/127.0.0.1/tcp/${link.port}`)
  mesh = await TestMesh.create({}, ports[0], { announce: [seen[0] ?? ''] })
  const inner = (half: 0 | 1): { bootstrap: string[] } => ({ bootstrap: [`/ip4/127.0.0.1/tcp/${ports[half]}`] })
  left = [mesh.node(1)]
  for (const name of ['l2', 'l3', 'l4']) left.push(await mesh.prepare(name, { outbound: true, config: inner(0) }))
  right = [await mesh.prepare('r1', { port: ports[1], config: { announce: [seen[1] ?? ''] } })]
  for (const name of ['r2', 'r3', 'r4']) right.push(await mesh.prepare(name, { outbound: true, config: inner(1) }))
  await Promise.all(left.slice(1).map((node) => node.start()))
  await Promise.all(right.map((node) => node.start()))
  await mesh.meet()
  await mesh.grant(left[1] ?? mesh.node(1), ['web/*'])
  await mesh.grant(right[1] ?? mesh.node(1), ['web/*'])
  await mesh.meet()
})
afterAll(async () => {
  await mesh?.close()
  for (const link of links ?? []) link.close()
})

const namesOf = async (node: TestNode): Promise<string[]> => (await node.status()).peers.map((peer) => peer.name)
const first = (half: TestNode[]): TestNode => half[1] ?? mesh.node(1)

describe('two halves that are cut apart', () => {
  it('both publish, and after healing keep both versions and run the same winner', async () => {
    const base = await mesh.publishFile(first(left), 'web/site', 'before')
    await mesh.converged(mesh.nodes, 'web/site', base.id, 'before')

    for (const link of links) link.cut()
    await until(mesh.nodes, 'no half sees the other', async () => {
      const seen = await Promise.all(mesh.nodes.map(namesOf))
      return seen.every((names, i) =>
        names.every((name) => mesh.nodes.slice(0, 4).some((one) => one.name === name) === i < 4),
      )
    })
    const one = await mesh.publishFile(first(left), 'web/site', 'left')
    const two = await mesh.publishFile(first(right), 'web/site', 'right')
    await mesh.converged(left, 'web/site', one.id, 'left')
    await mesh.converged(right, 'web/site', two.id, 'right')
    expect([one.seq, two.seq]).toEqual([2, 2])

    for (const link of links) link.heal()
    await mesh.meet(120_000)
    // The same seq: the lower id wins, on every node and without asking anybody.
    const winner = one.id < two.id ? { id: one.id, content: 'left' } : { id: two.id, content: 'right' }
    await mesh.converged(mesh.nodes, 'web/site', winner.id, winner.content)
    for (const node of mesh.nodes) {
      const { entries } = await node.client.log('web/site')
      expect(entries.map((entry) => entry.id)).toEqual(expect.arrayContaining([one.id, two.id, base.id]))
      expect(entries.every((entry) => entry.counts)).toBe(true)
      const loser = entries.find((entry) => entry.head && !entry.winner)
      expect(loser?.reason).toContain(winner.id)
    }
  })

  it('the next version names both heads and ends the fork', async () => {
    const merged = await mesh.publishFile(first(right), 'web/site', 'both')
    expect(merged.parents).toHaveLength(2)
    await mesh.converged(mesh.nodes, 'web/site', merged.id, 'both')
  })
})
