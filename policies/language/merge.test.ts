import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Value } from '../model.ts'
import { findTbd, isValueMap, mergeLayers, sorted, type ValueMap } from './merge.ts'

const { layer } = fc.letrec<{ value: Value; layer: ValueMap }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null),
    fc.integer(),
    fc.constantFrom('x', 'y', 'TBD'),
    fc.array(fc.integer(), { maxLength: 2 }),
    tie('layer'),
  ),
  layer: fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value'), { maxKeys: 3, noNullPrototype: true }),
}))

function hasNull(value: Value): boolean {
  return value === null || (isValueMap(value) && Object.values(value).some(hasNull))
}

describe('laying one layer on another', () => {
  it('merges maps deeply, replaces lists, and deletes by null', () => {
    const under = { users: { alice: { groups: ['a', 'b'] }, bob: { shell: 'sh' } }, port: 1 }
    const over = { users: { alice: { groups: ['c'] }, bob: null }, extra: true }
    expect(mergeLayers(under, over)).toEqual({ users: { alice: { groups: ['c'] } }, port: 1, extra: true })
  })

  it('deletes also inside what is new', () => {
    expect(mergeLayers({ a: 1 }, { a: { b: null, c: 1 } })).toEqual({ a: { c: 1 } })
  })

  it('does not depend on the order of keys, and sorts them', () => {
    expect(Object.keys(mergeLayers({ b: 1, a: 2 }, { d: 1, c: 2 }))).toEqual(['a', 'b', 'c', 'd'])
    expect(JSON.stringify(sorted({ b: [{ z: 1, y: 2 }], a: null }))).toBe('{"a":null,"b":[{"y":2,"z":1}]}')
  })

  it('is associative where a map stays a map: layers may be merged before they are laid, if their nulls are kept', () => {
    // Not otherwise, as with any merge in which a map can replace what is no map: that is why layers go from the left.
    const leaf = fc.oneof(fc.constant(null), fc.integer(), fc.array(fc.integer(), { maxLength: 2 }))
    const leaves = fc.dictionary(fc.constantFrom('a', 'b', 'c'), leaf, { maxKeys: 3, noNullPrototype: true })
    const shaped = fc.record(
      { map: fc.record({ deep: leaves, x: leaf }, { requiredKeys: [], noNullPrototype: true }), y: leaf },
      { requiredKeys: [], noNullPrototype: true },
    )
    fc.assert(
      fc.property(shaped, shaped, shaped, (a, b, c) => {
        const fromLeft = [a, b, c].reduce<ValueMap>((under, over) => mergeLayers(under, over), {})
        const upperFirst = mergeLayers(mergeLayers({}, a), mergeLayers(b, c, true))
        expect(upperFirst).toEqual(fromLeft)
      }),
      { numRuns: 1000 },
    )
  })

  it('leaves no null of the upper layer, changes nothing when repeated, and nothing with an empty layer', () => {
    fc.assert(
      fc.property(layer, layer, (a, b) => {
        const base = mergeLayers({}, a)
        const merged = mergeLayers(base, b)
        expect(hasNull(merged)).toBe(false)
        expect(mergeLayers(merged, b)).toEqual(merged)
        expect(mergeLayers(base, {})).toEqual(base)
      }),
    )
  })
})

it('finds what is TBD', () => {
  expect(findTbd({ a: 'TBD', b: { c: 'TBD', d: 1 }, e: ['TBD'] })).toEqual([['a'], ['b', 'c']])
})
