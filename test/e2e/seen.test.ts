import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestMesh } from '../support/mesh.ts'
import { until } from '../support/until.ts'

let mesh: TestMesh
beforeAll(async () => {
  mesh = await TestMesh.of(5)
  await mesh.acquainted()
})
afterAll(async () => await mesh?.close())

/** A beacon comes once a minute: whoever is seen sooner was told of by a neighbour. */
const SOON_MS = 20_000
/** Promised: 15 s. Beacons are missed after 3 minutes; between them there is room for a machine that is busy. */
const GONE_MS = 45_000

describe('a node that starts again', () => {
  it('sees all others at once, not with their next beacons', async () => {
    const n2 = mesh.node(2)
    await n2.stop()
    await n2.start()
    await until(
      mesh.nodes,
      'n2 has a state for everyone',
      async () => {
        const { nodes } = await n2.client.nodes()
        return nodes.length === 5 && nodes.every((row) => row.self || (row.ageMs !== null && row.state !== 'unknown'))
      },
      SOON_MS,
    )
    // So whoever waits for the others there waits for all of them.
    const { id } = await mesh.publishFile(mesh.node(1), 'base/motd', 'one')
    await mesh.converged(mesh.nodes, 'base/motd', id, 'one')
    expect((await n2.client.nodes()).nodes.map((row) => row.name).toSorted()).toEqual(['n1', 'n2', 'n3', 'n4', 'n5'])
  })
})

describe('a daemon that is killed', () => {
  it('is down on every screen long before its beacons are missed, and nobody else is', async () => {
    const dead = mesh.node(4)
    await dead.kill()
    const others = mesh.running
    const states = async (): Promise<string[][]> => {
      const all = await Promise.all(others.map(async (node) => await node.client.nodes()))
      return all.map(({ nodes }) => nodes.filter((row) => row.state === 'down').map((row) => row.name))
    }
    await until(
      others,
      'all see n4 as down',
      async () => (await states()).every((names) => names.includes('n4')),
      GONE_MS,
    )
    expect(await states()).toEqual(others.map(() => ['n4']))
    await dead.start()
    await until(
      mesh.nodes,
      'n4 is back on all screens',
      async () => (await states()).every((names) => names.length === 0),
      GONE_MS,
    )
  })
})
