import { describe, expect, it } from 'vitest'
import { SpreadTimes } from './spread.ts'
import { TRAFFIC, TrafficSteps } from './traffic.ts'

const version = (seq: number): { policy: string; version: string; seq: number; at: number } => ({
  policy: 'web/site',
  version: `v${seq}`,
  seq,
  at: 1_000_000 * seq,
})

describe('how fast versions spread', () => {
  it('is told by nearest rank, with a histogram', () => {
    const times = new SpreadTimes()
    for (let node = 1; node <= 100; node++) times.reached(`n${node}`, version(1), 1_000_000 + node * 100)
    const [one] = times.list()
    expect(one).toMatchObject({ nodes: 100, p50Ms: 5000, p90Ms: 9000, p99Ms: 9900 })
    expect(one?.buckets.reduce((sum, [, count]) => sum + count, 0)).toBe(100)
    expect(one?.buckets[0]).toEqual([500, 5])
  })

  it('counts each node once, and no node before the version was written', () => {
    const times = new SpreadTimes()
    times.reached('n1', version(1), 999_000)
    times.reached('n1', version(1), 1_060_000)
    expect(times.list()).toMatchObject([{ nodes: 1, p50Ms: 0 }])
  })

  it('leaves out who was away for days, and forgets old versions', () => {
    const times = new SpreadTimes()
    times.reached('laptop', version(1), 1_000_000 + 3 * 86_400_000)
    expect(times.list()).toEqual([])
    for (let seq = 1; seq <= 40; seq++) times.reached('n1', version(seq), 1_000_000 * seq + 5)
    expect(times.list()).toHaveLength(16)
    expect(times.list()[0]?.seq).toBe(40)
  })
})

it('traffic is what the counters grew by in each step, for ten minutes', () => {
  const steps = new TrafficSteps()
  for (let step = 0; step <= TRAFFIC.steps + 5; step++) steps.sample({ wireIn: step * 10, wireOut: step * step })
  const line = steps.line()
  expect([line.in.length, line.out.length]).toEqual([TRAFFIC.steps, TRAFFIC.steps])
  expect(new Set(line.in)).toEqual(new Set([10]))
  expect(line.out.at(-1)).toBe((TRAFFIC.steps + 5) ** 2 - (TRAFFIC.steps + 4) ** 2)
})
