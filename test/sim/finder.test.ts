import { describe, expect, it } from 'vitest'
import { describeEvents, faultScenario, runFaults, shrink } from '../../topology-sim/index.ts'
import { createStage } from './stage.ts'

describe('the bug finder', () => {
  it('notices an engine that believes every signature, and finds the shortest run that shows it', () => {
    const stage = createStage({ verify: () => true })
    const seeds = Array.from({ length: 10 }, (_, i) => 4 * (i + 1))
    const found = seeds.map((seed) => runFaults(stage, faultScenario(seed))).find(({ broken }) => broken !== null)
    const { scenario, broken } = found ?? expect.fail('no seed noticed it')
    const short = shrink(stage, scenario, broken?.rule ?? '')
    expect(short.events.length).toBeLessThan(scenario.events.length / 4)
    expect(runFaults(stage, short).broken?.rule).toBe(broken?.rule)
    expect(describeEvents(short).join('\n')).toMatch(/ ms {2}\w+/)
    // The same run on a sound engine keeps every promise.
    expect(runFaults(createStage(), short).broken).toBeNull()
  })

  it('plays the same run for the same seed', () => {
    const stage = createStage()
    const traceOf = (seed: number): string => JSON.stringify(runFaults(stage, faultScenario(seed)).ordeal.lab.trace)
    expect(traceOf(8)).toBe(traceOf(8))
    expect(traceOf(8)).not.toBe(traceOf(12))
  })
})
