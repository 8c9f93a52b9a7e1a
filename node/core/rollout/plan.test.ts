import { describe, expect, it } from 'vitest'
import { describeWave, rolloutOf } from './plan.ts'

const good = {
  waves: [{ select: "labels.canary == 'yes'" }, { count: 2 }, { percent: 100 }],
  soakMs: 1000,
  maxFailures: 0,
}

const selector = "labels.role == 'web'"

describe('the rollout of a version', () => {
  it('is what its author wrote, or none', () => {
    expect(rolloutOf({ rollout: null, selector })).toBeNull()
    expect(rolloutOf({ rollout: good, selector })).toEqual(good)
    expect(rolloutOf({ rollout: good, selector })?.waves.map(describeWave)).toEqual([
      "labels.canary == 'yes'",
      '2 nodes',
      '100%',
    ])
  })

  it.each([
    ['a word', 'all'],
    ['no waves', { ...good, waves: [] }],
    ['too many waves', { ...good, waves: Array.from({ length: 101 }, () => ({ count: 1 })) }],
    ['an unknown kind of wave', { ...good, waves: [{ region: 'eu' }] }],
    ['a wave of two kinds', { ...good, waves: [{ count: 1, percent: 2 }] }],
    ['more than all', { ...good, waves: [{ percent: 101 }] }],
    ['half a node', { ...good, waves: [{ count: 0.5 }] }],
    ['no soak', { waves: good.waves, maxFailures: 0 }],
    ['a negative bound', { ...good, maxFailures: -1 }],
    ['something newer', { ...good, window: 'night' }],
  ])('is not understood with %s', (_, rollout) => {
    expect(rolloutOf({ rollout, selector })).toBeUndefined()
  })

  it('is not understood if facts select, which nobody knows of others', () => {
    expect(rolloutOf({ rollout: good, selector: "facts.os == 'linux'" })).toBeUndefined()
  })
})
