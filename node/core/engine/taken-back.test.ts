import { describe, expect, it } from 'vitest'
import { actor } from '../../../test/support/tools.ts'
import { join, meshOf, Probe } from '../../../test/support/probe.ts'
import type { Envelope, Version } from '../records/types.ts'
import type { AppliedPolicy } from './port.ts'

const n1 = actor('n1')

function world() {
  const scene = meshOf()
  join(scene, 'n2')
  return { scene, probe: new Probe('n2', scene.records, scene.now, { settings: { mirror: false } }) }
}

function store(probe: Probe, { body }: Envelope<Version>): void {
  if (body.bundle !== null) probe.feed({ type: 'blobStored', ...body.bundle })
}

/** Ends the runs that were begun, and gives the versions that were in them. */
function finish(probe: Probe, but: Partial<AppliedPolicy> = {}): string[] {
  return probe.take('apply').flatMap(({ run, policies }) => {
    const results = policies.map(({ policy, version }) => ({
      policy,
      version,
      state: 'ok' as const,
      outcomes: [],
      ...but,
    }))
    probe.feed({ type: 'applied', run, policies: results })
    return policies.map(({ version }) => version)
  })
}

const UNWELL = { state: 'failed', code: 'E_HEALTH' } as const
const CUT_OFF = { state: 'failed', code: 'E_CUT_OFF' } as const

describe('a version that was taken back', () => {
  it('is not tried again after a restart', () => {
    const { scene, probe } = world()
    const [first, second] = [scene.publish(n1, 'web/site'), scene.publish(n1, 'web/site')]
    probe.hear(first)
    store(probe, first)
    finish(probe)
    probe.hear(second)
    store(probe, second)
    expect(finish(probe, UNWELL)).toEqual([second.id])
    expect(finish(probe)).toEqual([first.id])
    const { local } = probe.engine.view
    const again = new Probe('n2', scene.records, scene.now, { local, settings: { mirror: false } })
    for (const version of [first, second]) store(again, version)
    expect(finish(again)).toEqual([first.id])
    const [policy] = again.engine.view.policies()
    expect(policy).toMatchObject({ inForce: first.id, state: 'failed', code: 'E_HEALTH' })
  })

  it('stays if its policy must never fall back', () => {
    const { scene, probe } = world()
    const [first, second] = [scene.publish(n1, 'web/site'), scene.publish(n1, 'web/site')]
    probe.hear(first)
    store(probe, first)
    finish(probe)
    probe.hear(second)
    store(probe, second)
    expect(finish(probe, { ...UNWELL, stays: true })).toEqual([second.id])
    expect(finish(probe)).toEqual([])
    expect(probe.engine.view.policies()[0]).toMatchObject({ inForce: second.id, state: 'failed', code: 'E_HEALTH' })
  })

  it('because it cut the node off does not run again, also if nothing came before it', () => {
    const { scene, probe } = world()
    const only = scene.publish(n1, 'web/site')
    probe.hear(only)
    store(probe, only)
    finish(probe, CUT_OFF)
    for (let hour = 0; hour < 5; hour++) {
      probe.pass(3_600_000)
      expect(finish(probe)).toEqual([])
    }
    expect(probe.engine.view.policies()[0]).toMatchObject({ state: 'failed', code: 'E_CUT_OFF' })
  })

  it('counts again when it turns out well', () => {
    const { scene, probe } = world()
    const only = scene.publish(n1, 'web/site')
    probe.hear(only)
    store(probe, only)
    finish(probe, UNWELL)
    probe.pass(3_600_000)
    expect(finish(probe)).toEqual([only.id])
    expect(probe.engine.view.policies()[0]).toMatchObject({ inForce: only.id, state: 'ok' })
  })
})
