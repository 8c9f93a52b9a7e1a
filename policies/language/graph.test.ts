import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeCycle, findCycle, type Ordered } from './graph.ts'

const resource = (key: string, links: Partial<Ordered> = {}): Ordered => ({
  key,
  require: [],
  before: [],
  notify: [],
  subscribe: [],
  ...links,
})

describe('a circle', () => {
  it.each<[string, Partial<Ordered>, Partial<Ordered>]>([
    ['require and require', { require: ['b'] }, { require: ['a'] }],
    ['before and before', { before: ['b'] }, { before: ['a'] }],
    ['notify and before', { notify: ['b'] }, { before: ['a'] }],
    ['notify and require the same', { notify: ['b'], require: ['b'] }, {}],
    ['subscribe and notify back', { subscribe: ['b'] }, { subscribe: ['a'] }],
  ])('is found in %s', (_what, a, b) => {
    const cycle = findCycle([resource('a', a), resource('b', b)])
    expect(describeCycle(cycle ?? [])).toBe('these resources wait for each other: a -> b -> a')
  })

  it('is not seen where two links say the same', () => {
    expect(
      findCycle([resource('a', { notify: ['b'] }), resource('b', { require: ['a'], subscribe: ['a'] })]),
    ).toBeUndefined()
  })

  it('is not seen in what is not there', () => {
    expect(findCycle([resource('a', { require: ['x'], before: ['y'], notify: ['z'] })])).toBeUndefined()
  })

  it('is looked for in 20,000 resources in a row without overflowing', () => {
    const row = Array.from({ length: 20_000 }, (_, i) => resource(`${i}`, i === 0 ? {} : { require: [`${i - 1}`] }))
    expect(findCycle(row)).toBeUndefined()
    expect(findCycle([...row, resource('x', { require: ['19999'], before: ['0'] })])).toHaveLength(20_001)
  })

  it('is found exactly where there is no order', () => {
    const edges = fc.array(fc.tuple(fc.nat(5), fc.nat(5)), { maxLength: 12 })
    fc.assert(
      fc.property(edges, (pairs) => {
        const resources = Array.from({ length: 6 }, (_, i) =>
          resource(`${i}`, { require: pairs.filter(([of]) => of === i).map(([, on]) => `${on}`) }),
        )
        const done = new Set<string>()
        for (let round = 0; round < 6; round++)
          for (const one of resources) if (one.require.every((key) => done.has(key))) done.add(one.key)
        expect(findCycle(resources) === undefined).toBe(done.size === 6)
      }),
    )
  })
})
