import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventQueue } from './queue.ts'
import { Random } from './random.ts'

describe('the event queue', () => {
  it('gives events by time, and events of one time in the order of scheduling', () => {
    const anyTime = fc.oneof(fc.nat(200), fc.nat(10_000_000), fc.nat(2 ** 40))
    fc.assert(
      fc.property(fc.array(anyTime, { maxLength: 300 }), (times) => {
        const queue = new EventQueue()
        times.forEach((time, i) => queue.add(time, 1, i))
        const expected = times.map((time, i) => [time, i] as const).sort((x, y) => x[0] - y[0] || x[1] - y[1])
        const got: (readonly [number, number])[] = []
        while (queue.next()) got.push([queue.time, queue.a])
        expect(got).toEqual(expected)
      }),
    )
  })

  it('agrees with a sorted list while events schedule further ones', () => {
    const random = new Random(7, 'queue test')
    const queue = new EventQueue()
    const list: [number, number][] = []
    let number = 0
    const schedule = (from: number): void => {
      const delays = [0, random.below(50), random.below(100_000), random.below(20_000_000)]
      const time = from + (delays[random.below(4)] ?? 0)
      queue.add(time, 0, number)
      list.push([time, number++])
    }
    for (let i = 0; i < 50; i++) schedule(0)
    for (let step = 0; step < 20_000; step++) {
      list.sort((x, y) => x[0] - y[0] || x[1] - y[1])
      const expected = list.shift()
      expect(queue.peekTime()).toBe(expected?.[0])
      expect(queue.next()).toBe(true)
      expect([queue.time, queue.a]).toEqual(expected)
      schedule(queue.time)
    }
    expect(queue.size).toBe(50)
  })

  it('takes what is scheduled for before the event that somebody looked at', () => {
    const queue = new EventQueue()
    queue.add(90_000_000, 1)
    expect(queue.peekTime()).toBe(90_000_000)
    queue.add(50_000, 2)
    expect(queue.peekTime()).toBe(50_000)
    queue.add(7, 3)
    const kinds: number[] = []
    while (queue.next()) kinds.push(queue.kind)
    expect(kinds).toEqual([3, 2, 1])
  })

  it('never runs backwards: what is scheduled for the past comes now', () => {
    const queue = new EventQueue()
    queue.add(1000, 1)
    queue.next()
    queue.add(10, 2)
    expect(queue.next()).toBe(true)
    expect([queue.time, queue.kind]).toEqual([1000, 2])
    expect(queue.next()).toBe(false)
  })
})

describe('seeded generators', () => {
  it('give the same numbers for the same seed and purpose, on any machine', () => {
    const random = new Random(42, 'latency')
    expect([random.uint32(), random.uint32(), random.uint32()]).toEqual(KNOWN)
  })

  it('are independent by purpose and by seed', () => {
    const first = new Random(1, 'a')
    const others = [new Random(1, 'b'), new Random(2, 'a')]
    const start = Array.from({ length: 8 }, () => first.uint32())
    for (const other of others) expect(Array.from({ length: 8 }, () => other.uint32())).not.toEqual(start)
  })

  it('are uniform enough: 100,000 draws fill 100 cells within five deviations', () => {
    const random = new Random(3, 'uniform')
    const cells = new Uint32Array(100)
    for (let i = 0; i < 100_000; i++) {
      const cell = random.below(100)
      cells[cell] = (cells[cell] ?? 0) + 1
    }
    for (const count of cells) expect(Math.abs(count - 1000)).toBeLessThan(5 * Math.sqrt(1000))
  })

  it('sample without repeating', () => {
    const drawn = new Random(5, 'sample').sample(10, 10)
    expect([...drawn].sort((x, y) => x - y)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })
})

const KNOWN = [3_374_338_082, 3_186_779_814, 3_070_172_366]
