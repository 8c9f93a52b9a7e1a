import { describe, expect, it } from 'vitest'
import { actor } from '../../../test/support/tools.ts'
import { join, meshOf, Probe } from '../../../test/support/probe.ts'
import { LIMITS } from '../limits.ts'
import type { Envelope, Version } from '../records/types.ts'
import type { AppliedPolicy } from './port.ts'
import { DEFAULT_SETTINGS } from './settings.ts'

const n1 = actor('n1')

function world() {
  const scene = meshOf()
  join(scene, 'n2')
  const probe = new Probe('n2', scene.records, scene.now, { settings: { mirror: false } })
  return { scene, probe }
}

function store(probe: Probe, version: Envelope<Version>): void {
  const bundle = version.body.bundle
  if (bundle !== null) probe.feed({ type: 'blobStored', ...bundle })
}

/** Hears a version and has its bundle at once. */
function bring(probe: Probe, version: Envelope<Version>): void {
  probe.hear(version)
  store(probe, version)
}

/** As after a sync: charters do not come by gossip. */
function takeCharter(probe: Probe, charter: Envelope): void {
  probe.feed({ type: 'record', via: 'local', from: null, bytes: charter.bytes, ref: -1 })
}

function finish(probe: Probe, but: Partial<AppliedPolicy> = {}): readonly string[] {
  const runs = probe.take('apply')
  for (const { run, policies } of runs) {
    const results = policies.map(({ policy, version }) => ({
      policy,
      version,
      state: 'ok' as const,
      outcomes: [],
      ...but,
    }))
    probe.feed({ type: 'applied', run, policies: results })
  }
  return runs.map(({ why }) => why)
}

const shown = (probe: Probe) => probe.engine.view.policies()[0]

describe('converging', () => {
  it('applies a winner when its bundle is here, and says so', () => {
    const { scene, probe } = world()
    const version = scene.publish(n1, 'web/site')
    probe.hear(version)
    expect(probe.take('apply')).toEqual([])
    expect(shown(probe)).toMatchObject({ state: 'behind', code: 'E_UNFETCHED', inForce: null })
    store(probe, version)
    const [run] = probe.take('apply')
    expect(run).toMatchObject({ why: 'wanted', policies: [{ policy: 'web/site', version: version.id }], removed: [] })
    probe.feed({
      type: 'applied',
      run: run?.run ?? 0,
      policies: [{ policy: 'web/site', version: version.id, state: 'ok', outcomes: [] }],
    })
    expect(shown(probe)).toMatchObject({ state: 'ok', code: null, inForce: version.id, lastGood: version.id })
  })

  it('orders policies by `after`, then by name', () => {
    const { scene, probe } = world()
    const site = scene.publish(n1, 'web/site', { after: ['x/late'] })
    const late = scene.publish(n1, 'x/late', { after: ['web/site-2', 'nowhere'] })
    const two = scene.publish(n1, 'web/site-2')
    for (const version of [site, late, two]) probe.hear(version)
    for (const version of [site, late, two]) store(probe, version)
    finish(probe)
    probe.feed({ type: 'command', ref: 1, command: { type: 'converge' } })
    const order = probe
      .take('apply')
      .at(-1)
      ?.policies.map(({ policy }) => policy)
    expect(order).toEqual(['web/site-2', 'x/late', 'web/site'])
  })

  it('says which policies are wanted and not there yet: nothing may be purged before', () => {
    const { scene, probe } = world()
    const late = scene.publish(n1, 'web/late')
    probe.hear(late)
    bring(probe, scene.publish(n1, 'web/site'))
    expect(probe.take('apply')).toMatchObject([{ policies: [{ policy: 'web/site' }], missing: ['web/late'] }])
    store(probe, late)
    probe.feed({ type: 'applied', run: 1, policies: [] })
    expect(probe.take('apply')).toMatchObject([{ run: 2, missing: [] }])
  })

  it('lets a run end, then begins one for what came meanwhile', () => {
    const { scene, probe } = world()
    bring(probe, scene.publish(n1, 'web/site'))
    const second = scene.publish(n1, 'web/site')
    bring(probe, second)
    expect(probe.take('apply')).toMatchObject([{ run: 1 }])
    probe.feed({ type: 'applied', run: 1, policies: [] })
    expect(probe.take('apply')).toMatchObject([{ run: 2, policies: [{ version: second.id }] }])
  })

  it('keeps the last good version when a bundle is refused, and asks no more for it', () => {
    const { scene, probe } = world()
    const first = scene.publish(n1, 'web/site')
    bring(probe, first)
    finish(probe)
    const second = scene.publish(n1, 'web/site')
    probe.hear(second)
    const cid = second.body.bundle?.cid ?? ''
    probe.take('blobWant')
    probe.feed({ type: 'blobFailed', cid, peer: n1.key, code: 'E_POLICY_SCHEMA', final: true })
    expect(shown(probe)).toMatchObject({
      state: 'failed',
      code: 'E_POLICY_SCHEMA',
      inForce: first.id,
      winner: { id: second.id },
    })
    for (let hour = 0; hour < 24; hour++) {
      probe.pass(3_600_000)
      finish(probe)
    }
    expect(probe.take('blobWant')).toEqual([])
    const third = scene.publish(n1, 'web/site')
    bring(probe, third)
    expect(probe.take('apply').at(-1)?.policies).toMatchObject([{ version: third.id }])
  })

  it('asks again for a bundle that cannot be fetched, less and less often', () => {
    const { scene, probe } = world()
    const version = scene.publish(n1, 'web/site')
    probe.hear(version)
    const cid = version.body.bundle?.cid ?? ''
    const waits: number[] = []
    for (let i = 0; i < 5; i++) {
      probe.take('blobWant')
      probe.feed({ type: 'blobFailed', cid, peer: null, code: 'E_NOT_FOUND', final: false })
      const at = probe.now
      while (probe.take('blobWant').length === 0) probe.pass(500)
      waits.push(probe.now - at)
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000])
  })

  it('goes back to the last good version after a failed health check', () => {
    const { scene, probe } = world()
    const [first, second] = [scene.publish(n1, 'web/site'), scene.publish(n1, 'web/site')]
    bring(probe, first)
    finish(probe)
    bring(probe, second)
    const [run] = probe.take('apply')
    const failed = { policy: 'web/site', version: second.id, state: 'failed', code: 'E_HEALTH', outcomes: [] } as const
    probe.feed({ type: 'applied', run: run?.run ?? 0, policies: [failed] })
    expect(probe.take('apply')).toMatchObject([{ policies: [{ version: first.id }] }])
    probe.feed({
      type: 'applied',
      run: 3,
      policies: [{ policy: 'web/site', version: first.id, state: 'ok', outcomes: [] }],
    })
    expect(shown(probe)).toMatchObject({ inForce: first.id, state: 'failed', code: 'E_HEALTH' })
  })

  it('tries a failed run again, less and less often, and at once with something new', () => {
    const { scene, probe } = world()
    bring(probe, scene.publish(n1, 'web/site'))
    expect(finish(probe, { state: 'failed', code: 'E_EXEC' })).toEqual(['wanted'])
    probe.pass(LIMITS.converge.retryMs * 0.7)
    expect(finish(probe)).toEqual([])
    probe.pass(LIMITS.converge.retryMs * 0.6)
    expect(finish(probe, { state: 'failed', code: 'E_EXEC' })).toEqual(['periodic'])
    bring(probe, scene.publish(n1, 'web/site'))
    expect(finish(probe)).toEqual(['wanted'])
    expect(shown(probe)).toMatchObject({ state: 'ok' })
  })

  it('corrects drift at once, and slows down when someone keeps changing it back', () => {
    const { scene, probe } = world()
    bring(probe, scene.publish(n1, 'web/site'))
    finish(probe)
    probe.take('event')
    const runs: number[] = []
    for (let second = 0; second < 60; second++) {
      probe.feed({ type: 'drifted', resources: ['file/motd'] })
      probe.pass(1000)
      if (finish(probe).length > 0) runs.push(second)
    }
    expect(runs.slice(0, 3)).toEqual([0, 1, 2])
    expect(runs.length).toBeLessThanOrEqual(LIMITS.converge.flapRuns + 1)
    expect(probe.kinds()).toContain('flapping')
    expect(probe.engine.view.alarms().map(({ code }) => code)).toContain('FLAPPING')
  })

  it('checks everything from time to time', () => {
    const { scene, probe } = world()
    bring(probe, scene.publish(n1, 'web/site'))
    finish(probe)
    probe.pass(DEFAULT_SETTINGS.timing.checkMs * 1.3)
    expect(finish(probe)).toEqual(['periodic'])
  })

  it('keeps its hands off while held, shows it, and catches up afterwards', () => {
    const { scene, probe } = world()
    const until = probe.now + 7_200_000
    probe.feed({ type: 'command', ref: 1, command: { type: 'hold', reason: 'debugging', until } })
    bring(probe, scene.publish(n1, 'web/site'))
    probe.feed({ type: 'drifted', resources: ['file/motd'] })
    probe.feed({ type: 'command', ref: 2, command: { type: 'converge' } })
    probe.pass(7_000_000)
    expect(probe.take('apply')).toEqual([])
    expect(probe.engine.view.health).toBe('held')
    expect(probe.take('reply')).toMatchObject([
      { reply: { ok: true } },
      { ref: 2, reply: { ok: false, code: 'E_HELD' } },
    ])
    probe.pass(300_000)
    expect(finish(probe)).toHaveLength(1)
    expect(probe.engine.view.local.hold).toBe(null)
  })

  it('removes what is retired, and what selects this node no longer', () => {
    const { scene, probe } = world()
    const first = scene.publish(n1, 'web/site')
    bring(probe, first)
    finish(probe)
    probe.hear(scene.publish(n1, 'web/site', { action: 'retire', bundle: null }))
    expect(probe.take('apply')).toMatchObject([{ policies: [], removed: ['web/site'] }])
    probe.feed({ type: 'applied', run: 2, policies: [] })
    expect(probe.engine.view.local.inForce).toEqual({})
  })

  it('keeps the last good version of one that needs a newer chorus, and says so', () => {
    const { scene, probe } = world()
    const first = scene.publish(n1, 'web/site')
    bring(probe, first)
    finish(probe)
    bring(probe, scene.publish(n1, 'web/site', { requires: { chorus: '99.0' } }))
    expect(shown(probe)).toMatchObject({ state: 'behind', code: 'E_NEWER', inForce: first.id })
    expect(probe.kinds()).toContain('heldBack')
    probe.feed({ type: 'command', ref: 1, command: { type: 'converge' } })
    expect(probe.take('apply').at(-1)?.policies).toMatchObject([{ version: first.id }])
  })

  it('keeps the last good versions under a charter that asks for a newer chorus, until one does not', () => {
    const { scene, probe } = world()
    const first = scene.publish(n1, 'web/site')
    bring(probe, first)
    finish(probe)
    takeCharter(probe, scene.charter([actor('root')], { minVersion: '99.0' }))
    const second = scene.publish(n1, 'web/site')
    bring(probe, second)
    expect(shown(probe)).toMatchObject({ state: 'behind', code: 'E_NEWER', inForce: first.id })
    expect(probe.engine.view.alarms().map(({ code }) => code)).toEqual(['E_NEWER', 'E_NEWER'])
    probe.feed({ type: 'command', ref: 1, command: { type: 'converge' } })
    expect(probe.take('apply').at(-1)?.policies).toMatchObject([{ version: first.id }])
    probe.feed({
      type: 'applied',
      run: 2,
      policies: [{ policy: 'web/site', version: first.id, state: 'ok', outcomes: [] }],
    })
    takeCharter(probe, scene.charter([actor('root')], { minVersion: '0.1.0' }))
    expect(probe.take('apply').at(-1)?.policies).toMatchObject([{ version: second.id }])
  })

  it('remembers what is in force over a restart, and checks it again', () => {
    const { scene, probe } = world()
    const version = scene.publish(n1, 'web/site')
    bring(probe, version)
    finish(probe)
    const { local } = probe.engine.view
    const again = new Probe('n2', scene.records, scene.now, { local, settings: { mirror: false } })
    expect(shown(again)).toMatchObject({ inForce: version.id })
    expect(again.take('blobWant')).toHaveLength(1)
    store(again, version)
    expect(finish(again)).toEqual(['periodic'])
  })

  it('says which bundles are worth keeping: every head, winner and last good version', () => {
    const { scene, probe } = world()
    const versions = [1, 2, 3].map(() => scene.publish(n1, 'web/site'))
    for (const version of versions.slice(0, 2)) bring(probe, version)
    finish(probe)
    finish(probe)
    for (const version of versions.slice(2)) probe.hear(version)
    const cids = versions.map(({ body }) => body.bundle?.cid ?? '')
    expect(probe.take('blobKeep').at(-1)?.cids).toEqual(cids.slice(1).toSorted())
  })

  it('fetches heads for late comers if it is a mirror, and what it is asked to keep', () => {
    const { scene } = world()
    const version = scene.publish(n1, 'web/site', { selector: 'false' })
    const selects = (selector: string) => selector === 'true'
    const make = (mirror: boolean) => new Probe('n2', scene.records, scene.now, { selects, settings: { mirror } })
    expect(make(true).take('blobWant')).toHaveLength(1)
    const plain = make(false)
    expect(plain.take('blobWant')).toEqual([])
    plain.feed({ type: 'peerUp', peer: n1.key })
    const ask = { kind: 'holds', version: version.id, custody: true } as const
    plain.feed({ type: 'syncFrame', peer: n1.key, frame: { type: 'ask', id: 9, ask } })
    expect(plain.take('blobWant')).toMatchObject([{ cid: version.body.bundle?.cid, from: [n1.key] }])
    plain.take('send')
    store(plain, version)
    expect(plain.take('send')).toMatchObject([
      { frame: { type: 'answer', id: 9, answer: { kind: 'holds', version: version.id } } },
    ])
  })
})
