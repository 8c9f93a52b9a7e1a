import fc from 'fast-check'
import { expect, it } from 'vitest'
import { PMap } from './pmap.ts'

const key = fc.oneof(fc.string(), fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), fc.stringMatching(/^k[0-9]{1,3}$/))
const change = fc.record({ key, value: fc.nat(), gone: fc.boolean() })

it('a persistent map does what a Map does, and older maps stay as they were', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 200 }), (changes) => {
      let map = PMap.empty<number>()
      const model = new Map<string, number>()
      const history: { map: PMap<number>; size: number; sum: number }[] = []
      const sum = (values: Iterable<number>) => [...values].reduce((a, b) => a + b, 0)
      for (const { key, value, gone } of changes) {
        history.push({ map, size: model.size, sum: sum(model.values()) })
        map = gone ? map.delete(key) : map.set(key, value)
        if (gone) model.delete(key)
        else model.set(key, value)
      }
      expect(map.size).toBe(model.size)
      expect(new Map(map.entries())).toEqual(model)
      for (const [name, value] of model) expect(map.get(name)).toBe(value)
      for (const then of history) {
        expect(then.map.size).toBe(then.size)
        expect(sum(then.map.values())).toBe(then.sum)
      }
    }),
  )
})

it('a persistent map with the same content has the same order, whatever its history', () => {
  fc.assert(
    fc.property(fc.uniqueArray(key, { maxLength: 60 }), fc.uniqueArray(key, { maxLength: 20 }), (keys, others) => {
      const straight = keys.reduce((map, name) => map.set(name, 1), PMap.empty<number>())
      let winding = [...others, ...keys.toReversed()].reduce((map, name) => map.set(name, 1), PMap.empty<number>())
      for (const name of others) if (!keys.includes(name)) winding = winding.delete(name)
      expect([...winding.keys()]).toEqual([...straight.keys()])
    }),
  )
})

it('setting the same value and deleting what is not there give the same map', () => {
  const map = PMap.empty<number>().set('a', 1)
  expect(map.set('a', 1)).toBe(map)
  expect(map.delete('b')).toBe(map)
  expect(map.has('a')).toBe(true)
  expect(map.delete('a').size).toBe(0)
})

it('changes that share an edit touch no map from before it', () => {
  fc.assert(
    fc.property(fc.array(fc.array(change, { maxLength: 60 }), { maxLength: 6 }), (edits) => {
      let map = PMap.empty<number>()
      const model = new Map<string, number>()
      const history: { map: PMap<number>; entries: Map<string, number> }[] = []
      for (const changes of edits) {
        history.push({ map, entries: new Map(model) })
        const edit = {}
        for (const { key, value, gone } of changes) {
          map = gone ? map.delete(key) : map.set(key, value, edit)
          if (gone) model.delete(key)
          else model.set(key, value)
        }
        expect(map.size).toBe(model.size)
        expect(new Map(map.entries())).toEqual(model)
      }
      for (const then of history) expect(new Map(then.map.entries())).toEqual(then.entries)
    }),
  )
})
