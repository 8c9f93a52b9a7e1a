import { expect, it } from 'vitest'
import { BoundedCache } from './cache.ts'

it('makes an entry once and never holds more than its bound', () => {
  const cache = new BoundedCache<number>(16)
  let made = 0
  for (let round = 0; round < 3; round++) cache.get('same', () => ++made)
  expect(made).toBe(1)
  for (let i = 0; i < 1000; i++) {
    cache.get(`key ${i}`, () => i)
    expect(cache.size).toBeLessThanOrEqual(16)
  }
})

it('keeps nothing when making fails', () => {
  const cache = new BoundedCache<number>(4)
  const fail = (): number => {
    throw new Error('no')
  }
  expect(() => cache.get('a', fail)).toThrow('no')
  expect(cache.get('a', () => 1)).toBe(1)
})
