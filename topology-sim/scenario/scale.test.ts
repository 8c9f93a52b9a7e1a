import { describe, expect, it } from 'vitest'
import { readScenario } from './read.ts'
import { scaleTo } from './scale.ts'
import { nodesOf, type Scenario } from './types.ts'

function fleetOf(text: string, more = ''): Scenario {
  const { scenario } = readScenario('s.yaml', `scenario: x\nfleet: ${text}\n${more}`)
  if (scenario === undefined) throw new Error('the scenario of this test is wrong')
  return scenario
}
const counts = ({ fleet }: Scenario): number[] => Object.values(fleet).map(({ count }) => count)

describe('a scenario with another number of nodes', () => {
  const scenario = fleetOf('{ a: { count: 70 }, b: { count: 20 }, c: { count: 1 } }')

  it.each([3, 10, 91, 92, 1000, 999_999])('has %i of them, in the same proportions', (nodes) => {
    const scaled = scaleTo(scenario, nodes)
    expect(nodesOf(scaled)).toBe(nodes)
    expect(Math.min(...counts(scaled))).toBeGreaterThanOrEqual(1)
  })

  it('keeps shares as near as whole nodes can', () => {
    expect(counts(scaleTo(scenario, 910))).toEqual([700, 200, 10])
  })

  it('is refused where nodes are named by number, or are fewer than groups', () => {
    const fixed = fleetOf('{ a: { count: 2 } }', 'overlay: { kind: edges, edges: [[0, 1]] }\n')
    expect(() => scaleTo(fixed, 3)).toThrow(/edges/)
    expect(() => scaleTo(scenario, 2)).toThrow(/3 groups/)
  })

  it('repeats an exported fleet under other names', () => {
    const node = { labels: {}, facts: {}, presence: 'always', dialable: true } as const
    const exported = [
      { ...node, name: 'a' },
      { ...node, name: 'b' },
    ]
    const scaled = scaleTo({ ...scenario, exported }, 5)
    expect(scaled.exported?.map(({ name }) => name)).toEqual(['a', 'b', 'a.2', 'b.2', 'a.3'])
  })
})
