import { expect, it } from 'vitest'
import { FlapLimit } from './flap.ts'
import { DAEMON_LIMITS } from './limits.ts'

const { flapDrifts, flapWindowMs } = DAEMON_LIMITS

it('A resource that never comes to rest is told of so often, then not until the window has passed; others go on', () => {
  const flapping: string[][] = []
  const limit = new FlapLimit((resources) => flapping.push([...resources]))
  const told: number[] = []
  for (let at = 0; at < 2 * flapWindowMs; at += flapWindowMs / 100)
    if (limit.pass(['p file/a'], at).length > 0) told.push(at)
  expect(told.length).toBe(2 * flapDrifts)
  expect(told[flapDrifts]).toBeGreaterThanOrEqual(flapWindowMs)
  expect(flapping).toEqual([['p file/a'], ['p file/a']])
  expect(limit.pass(['p file/a', 'p file/b'], 2 * flapWindowMs - 1)).toEqual(['p file/b'])
})
