import { describe, expect, it } from 'vitest'
import type { ControlEvent } from '../schema.ts'
import type { NodeWorld } from '../views/world.ts'
import { actor } from '../../../test/support/tools.ts'
import { join, meshOf, Probe } from '../../../test/support/probe.ts'
import { worldOf } from '../../../test/support/world.ts'
import { NodeNews } from './news.ts'
import { SpreadTimes } from './spread.ts'

/** n1 with n2 as a member, and news of what n1 is told. */
function opened(startedAt = 0) {
  const scene = meshOf()
  join(scene, 'n2')
  const version = scene.publish(actor('n1'), 'web/site')
  const probe = new Probe('n1', scene.records, scene.now)
  const told: Omit<ControlEvent, 'at'>[] = []
  const spread = new SpreadTimes()
  const world = (): NodeWorld => ({ ...worldOf(probe), startedAt })
  const news = new NodeNews({ world, spread, emit: (event) => told.push(event), later: (work) => work() })
  const hear = (kind: string, fields: ControlEvent['fields'], at = scene.now + 5000): void =>
    news.hear({ at, kind, level: 'debug', message: '', fields })
  const beacon = (health: string, was: string | null, policies = {}): void =>
    hear('beaconChanged', { key: actor('n2').key, health, was, policies })
  return { news, told, spread, version, hear, beacon, scene }
}

describe('news of nodes', () => {
  it('are changes of state, as loud as what they say', () => {
    const { beacon, told } = opened()
    beacon('ok', null)
    expect(told).toEqual([])
    beacon('failed', 'ok')
    beacon('ok', 'failed')
    beacon('behind', 'ok')
    expect(told.map(({ level, message }) => [level, message])).toEqual([
      ['warn', 'n2 is failed, and was ok.'],
      ['info', 'n2 is ok, and was failed.'],
      ['debug', 'n2 is behind, and was ok.'],
    ])
  })

  it('are told of silence by looking round, once', () => {
    const { beacon, news, told } = opened()
    beacon('ok', null)
    news.sweep()
    news.sweep()
    // The engine under this test has heard no beacon of n2 at all.
    expect(told.map(({ message }) => message)).toEqual(['n2 is unknown, and was ok.'])
  })

  it('measure how long a version took, but only where it was seen to arrive', () => {
    const { beacon, spread, version } = opened()
    const policies = { 'web/site': { version: version.id, state: 'ok' } }
    beacon('ok', null, policies)
    expect(spread.list()).toEqual([])
    beacon('ok', 'behind', policies)
    expect(spread.list()).toMatchObject([{ policy: 'web/site', version: version.id, nodes: 1 }])
  })
})

it('A version from before this daemon started is not measured: nobody saw it arrive', () => {
  const { beacon, spread, version } = opened(Number.MAX_SAFE_INTEGER)
  const policies = { 'web/site': { version: version.id, state: 'ok' } }
  beacon('ok', 'drift', policies)
  expect(spread.list()).toEqual([])
})

describe('news of versions', () => {
  it('say who published what', () => {
    const { hear, told, version } = opened()
    hear('admitted', { id: version.id })
    expect(told).toMatchObject([{ kind: 'published', level: 'info', fields: { policy: 'web/site', seq: 1 } }])
    expect(told[0]?.message).toMatch(/^n1 published web\/site@1/)
  })

  it('are no news when they are old, or no version', () => {
    const { hear, told, version, scene } = opened()
    hear('admitted', { id: version.id }, scene.now + 3_600_000)
    hear('admitted', { id: scene.records[0]?.id })
    expect(told).toEqual([])
  })
})
