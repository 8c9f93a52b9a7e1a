import { describe, expect, it } from 'vitest'
import { sumOf } from './states.ts'
import { Fleet } from '../testing/fleet.ts'
import { groupsOf, labelNames, sumsOf } from './sums.ts'

const fleet = new Fleet(2000)

describe('sums', () => {
  it('count every node once', () => {
    const sums = sumsOf(fleet)
    expect(sumOf(sums.byState)).toBe(2000)
    expect(sums.converged).toBe(sums.byState.ok)
  })

  it('leave out nodes that are away, for they are not expected', () => {
    const sums = sumsOf(fleet)
    expect(sums.byState.away).toBeGreaterThan(0)
    expect(sums.counted).toBe(2000 - (sums.byState.away ?? 0))
  })

  it('tell how old the oldest beacon is among nodes that are not known to be silent', () => {
    expect(sumsOf(fleet).oldestMs).toBeLessThan(55_000)
    expect(sumsOf(fleet).oldestMs).toBeGreaterThan(0)
  })

  it('count agents, the most common first', () => {
    const [first, second] = sumsOf(fleet).agents
    expect(first?.[0]).toBe('0.1.0')
    expect(second?.[0]).toBe('0.0.9')
  })
})

describe('groups', () => {
  it('by one label hold every node once, largest first', () => {
    const groups = groupsOf(fleet, ['region'])
    expect(groups).toHaveLength(5)
    expect(groups.reduce((sum, { nodes }) => sum + nodes, 0)).toBe(2000)
    expect(groups.map(({ nodes }) => nodes)).toEqual(groups.map(({ nodes }) => nodes).sort((a, b) => b - a))
  })

  it('by two labels have a value for each', () => {
    const groups = groupsOf(fleet, ['region', 'role'])
    expect(groups).toHaveLength(30)
    expect(groups.every(({ values }) => values.length === 2)).toBe(true)
  })

  it('have a place for nodes without the label', () => {
    expect(groupsOf(fleet, ['rack'])).toMatchObject([{ values: [''], nodes: 2000 }])
  })
})

it('labels are found without looking at everyone', () => {
  expect(labelNames(fleet)).toEqual(['region', 'role', 'zone'])
})
