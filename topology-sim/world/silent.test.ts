import { describe, expect, it } from 'vitest'
import { runScenario } from '../run/run.ts'
import { AGAIN, setupOf } from '../run/testing/small.ts'

describe('a large fleet at rest', () => {
  it('has nodes that ask by themselves where gossip does not come: within the interval of sync all have it', async () => {
    // More than have engines from the start; two connections each, and hubs with more of them than a mesh holds.
    const { publications, complete } = await runScenario(
      setupOf(`
scenario: Nobody is told
run: 3m
fleet: { hub: { count: 400 }, shop: { count: 2400, nat: true } }
overlay: { kind: random, dials: 2 }
policies: { p: { select: "true" } }
events:
  - { at: 1s, publish: p }
`),
      AGAIN,
    )
    expect(complete).toBe(true)
    expect(publications[0]?.reliability).toBe(1)
    expect(publications[0]?.delivered.last).toBeLessThan(60_000)
  })
})
