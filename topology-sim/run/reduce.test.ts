import { describe, expect, it } from 'vitest'
import type { Violation } from '../world/invariants.ts'
import { makeWorld } from '../world/world.ts'
import type { World, WorldOptions } from '../world/types.ts'
import { reduceEvents } from './reduce.ts'
import { runScenario } from './run.ts'
import { AGAIN, setupOf } from './testing/small.ts'

const TEXT = `
scenario: Much ado
run: 60s
fleet: { web: { count: 6 } }
policies: { p: { select: "true" } }
events:
  - { at: 1s, publish: p }
  - { at: 2s, crash: node.name == 'web-2', for: 5s }
  - { at: 3s, leave: node.name == 'web-3' }
  - { at: 4s, slow-disk: "true", takes: 20ms, for: 5s }
  - { at: 5s, skew-clock: node.name == 'web-4', by: +1h, for: 5s }
`

/** A real world, but for a fault of its own: it breaks when a node left while another one's clock was set. */
function faulty(options: WorldOptions): World {
  const world = makeWorld(options)
  let left = false
  const broken: Violation[] = []
  const leave = world.leave.bind(world)
  const setClock = world.setClock.bind(world)
  Object.defineProperties(world, {
    leave: {
      value: (node: number) => {
        left = true
        leave(node)
      },
    },
    setClock: {
      value: (node: number, ms: number) => {
        if (left) broken.push({ invariant: 'pools', atMs: world.nowMs, node, message: 'a fault of this test' })
        setClock(node, ms)
      },
    },
    violations: { get: () => broken },
  })
  return world
}

describe('a scenario that breaks an invariant', () => {
  it('is reduced to the events that it takes', async () => {
    const setup = { ...setupOf(TEXT), makeWorld: faulty }
    expect((await runScenario(setup, AGAIN)).violations).not.toEqual([])
    const events = await reduceEvents(setup, AGAIN, 'pools')
    expect(events.map(({ kind }) => kind)).toEqual(['leave', 'skew-clock'])
  })
})
