import { describe, expect, it } from 'vitest'
import type { World, WorldOptions } from './types.ts'
import { makeWorld } from './world.ts'

const SIZE = 24
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)

function world(but: Partial<WorldOptions> = {}): World {
  const at = (node: number) => ({ name: `node-${node}`, labels: {}, facts: {}, region: 0 })
  return makeWorld({ seed: 5, fleet: { size: SIZE, at }, signatures: 'model', beacons: 'on', ...but })
}

/** Who of the others shows this node as down. */
function mourners(fleet: World, node: number): number {
  const key = fleet.keyOf(node)
  return range(0, SIZE).filter((other) => {
    const seen = other === node ? undefined : fleet.engine(other)?.view.nodes()
    return seen?.find((row) => row.key === key)?.state === 'down'
  }).length
}

describe('whether anybody answers there', () => {
  it('a node that was killed is shown as down by all others within 15 s, and no more once it is back and was heard', async () => {
    const fleet = world()
    await fleet.run(90_000)
    fleet.crash(7)
    await fleet.run(94_000)
    expect(mourners(fleet, 7)).toBe(0)
    await fleet.run(105_000)
    expect(mourners(fleet, 7)).toBe(SIZE - 1)
    fleet.restart(7)
    await fleet.run(200_000)
    expect(mourners(fleet, 7)).toBe(0)
  })

  it('one behind NAT, which nobody can ask, is given ten seconds to come back', async () => {
    const at = (node: number) => ({ name: `node-${node}`, labels: {}, facts: {}, region: 0, dialable: node !== 7 })
    const fleet = world({ fleet: { size: SIZE, at } })
    await fleet.run(90_000)
    fleet.crash(7)
    await fleet.run(99_000)
    expect(mourners(fleet, 7)).toBe(0)
    await fleet.run(112_000)
    expect(mourners(fleet, 7)).toBe(SIZE - 1)
  })

  it('a machine that only sleeps does not answer either, and is back when it wakes', async () => {
    const fleet = world()
    await fleet.run(90_000)
    fleet.sleep(7)
    // Nobody is told: its neighbours notice by their pings.
    await fleet.run(150_000)
    expect(mourners(fleet, 7)).toBe(SIZE - 1)
    fleet.wake(7)
    await fleet.run(165_000)
    expect(mourners(fleet, 7)).toBe(0)
  })

  it('each side of a partition believes the other gone, and nobody does soon after it healed', async () => {
    const fleet = world()
    await fleet.run(90_000)
    fleet.partition([range(0, 12), range(12, SIZE)])
    await fleet.run(150_000)
    expect([mourners(fleet, 3), mourners(fleet, 20)]).toEqual([12, 12])
    fleet.heal()
    await fleet.run(260_000)
    expect(range(0, SIZE).map((node) => mourners(fleet, node))).toEqual(range(0, SIZE).map(() => 0))
  })

  it('links that lose packets make nobody down', async () => {
    const fleet = world({ links: { loss: 0.05, latencyMs: [[150]] } })
    for (const end of range(1, 11)) {
      await fleet.run(end * 60_000)
      expect(range(0, SIZE).map((node) => mourners(fleet, node))).toEqual(range(0, SIZE).map(() => 0))
    }
  })
})
