import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SmallMap } from './small-map.ts'

describe('a small map', () => {
  it('holds, finds and forgets as a Map does, in the same order', () => {
    const act = fc.record({ key: fc.constantFrom('a', 'b', 'c'), value: fc.option(fc.nat(9), { nil: undefined }) })
    fc.assert(
      fc.property(fc.array(act), (acts) => {
        const [small, map] = [new SmallMap<number>(), new Map<string, number>()]
        for (const { key, value } of acts) {
          if (value === undefined) expect(small.delete(key)).toBe(map.delete(key))
          else {
            small.set(key, value)
            map.set(key, value)
          }
          expect(small.keys()).toEqual([...map.keys()])
          expect(small.values()).toEqual([...map.values()])
          expect([small.size, small.get(key), small.has(key)]).toEqual([map.size, map.get(key), map.has(key)])
          expect(small.oldest()).toBe(map.keys().next().value)
        }
      }),
    )
  })
})
