import { describe, expect, it } from 'vitest'
import { beacon } from '../../../test/support/beacon.ts'
import { actor } from '../../../test/support/tools.ts'
import { join, meshOf, Probe } from '../../../test/support/probe.ts'
import { hasher } from '../../crypto.ts'
import { LIMITS } from '../limits.ts'
import { decodeEnvelope } from '../records/codec.ts'
import { isBeacon } from '../records/guards.ts'
import type { AppliedPolicy } from '../engine/port.ts'
import type { Beacon, Envelope, PolicyNews, Version } from '../records/types.ts'
import type { Scene } from '../testing/actors.ts'

const n1 = actor('n1')
const CANARIES = ['n2', 'n3']
const OTHERS = ['n4', 'n5', 'n6', 'n7']
const SOAK_MS = 600_000
const rollout = { waves: [{ select: 'canary' }, { percent: 100 }], soakMs: SOAK_MS, maxFailures: 1 }

/** One node on a bench in a mesh of seven, of which n1 is selected by nothing. */
function world(name: string) {
  const scene = meshOf()
  for (const canary of CANARIES) join(scene, canary, { role: 'web', env: 'canary' })
  for (const other of OTHERS) join(scene, other, { role: 'web' })
  const probe = opened(name, scene)
  probe.pass(LIMITS.rollout.settleMs)
  return { scene, probe }
}

function opened(name: string, scene: Scene): Probe {
  return new Probe(name, scene.records, scene.now, {
    settings: { mirror: false },
    selects: (selector, { labels }) =>
      selector === 'true' || (selector === 'canary' ? labels['env'] === 'canary' : labels['role'] === selector),
  })
}

/** The first version is everywhere, the second comes in waves. */
function published(name: string, but: Record<string, unknown> = {}) {
  const { scene, probe } = world(name)
  const old = scene.publish(n1, 'web/site', { selector: 'web' })
  bring(probe, old)
  finish(probe)
  const version = scene.publish(n1, 'web/site', { selector: 'web', rollout: { ...rollout, ...but } })
  const say = says(scene, probe)
  for (const other of [...CANARIES, ...OTHERS]) if (other !== name) say(other, { version: old.id, state: 'ok' })
  bring(probe, version)
  return { scene, probe, old, version, say }
}

function says(scene: Scene, probe: Probe) {
  return (name: string, news: PolicyNews, but: Partial<Beacon> = {}): void => {
    probe.now += 1000
    probe.hear(beacon(scene, name, probe.now, { policies: { 'web/site': news }, ...but }))
    probe.pass(LIMITS.rollout.lookMs)
  }
}

function bring(probe: Probe, version: Envelope<Version>): void {
  probe.hear(version)
  const { bundle } = version.body
  if (bundle !== null) probe.feed({ type: 'blobStored', ...bundle })
}

function finish(probe: Probe, but: Partial<AppliedPolicy> = {}): readonly string[] {
  return probe.take('apply').flatMap(({ run, policies }) => {
    const results = policies.map(({ policy, version }) => ({
      policy,
      version,
      state: 'ok' as const,
      outcomes: [],
      ...but,
    }))
    probe.feed({ type: 'applied', run, policies: results })
    return results.map(({ version }) => version)
  })
}

const shown = (probe: Probe) => probe.engine.view.policies()[0]
const own = (probe: Probe): PolicyNews | undefined => {
  probe.pass(3 * LIMITS.beacons.spacingMs)
  const sent = probe.take('gossip').flatMap(({ bytes }) => {
    const envelope = decodeEnvelope(bytes, hasher)
    return isBeacon(envelope) ? [envelope.body] : []
  })
  return sent.at(-1)?.policies['web/site']
}

describe('a version that comes in waves', () => {
  it('begins with the first wave at once', () => {
    const { probe, version } = published('n2')
    expect(finish(probe)).toEqual([version.id])
    expect(shown(probe)).toMatchObject({ state: 'ok', inForce: version.id })
    expect(own(probe)).toMatchObject({ version: version.id, state: 'ok', since: expect.any(Number) })
  })

  it('waits elsewhere until the wave before has it, healthy, for the soak', () => {
    const { probe, old, version, say } = published('n4')
    expect(probe.take('apply')).toEqual([])
    expect(shown(probe)).toMatchObject({ state: 'waiting', code: 'E_WAVE', inForce: old.id })
    expect(own(probe)).toMatchObject({ version: old.id, state: 'waiting', code: 'E_WAVE', want: version.id })
    expect(probe.engine.view.alarms().filter(({ code }) => code === 'E_WAVE')).toEqual([])
    say('n2', { version: version.id, state: 'ok', since: probe.now })
    say('n3', { version: version.id, state: 'ok', since: probe.now })
    const since = probe.now
    for (let minute = 0; minute < 9; minute++) {
      for (const name of CANARIES) say(name, { version: version.id, state: 'ok', since })
      probe.pass(57_000)
      expect(probe.take('apply')).toEqual([])
      expect(shown(probe)?.reason).toContain('soaks')
    }
    probe.pass(since + SOAK_MS - probe.now)
    expect(finish(probe)).toEqual([version.id])
    expect(shown(probe)).toMatchObject({ state: 'ok', inForce: version.id })
  })

  it('does not open a wave while one of those before is still to come', () => {
    const { probe, old, version, say } = published('n4')
    say('n2', { version: version.id, state: 'ok', since: probe.now - SOAK_MS })
    say('n3', { version: old.id, state: 'behind', want: version.id })
    probe.pass(LIMITS.beacons.intervalMs)
    expect(probe.take('apply')).toEqual([])
    expect(shown(probe)?.reason).toContain('of 2 before it 1 have it')
  })

  it('takes one that falls silent on the way to it for a failure, and not one that waits', () => {
    const { probe, old, version, say } = published('n4', { maxFailures: 0 })
    say('n3', { version: old.id, state: 'waiting', code: 'E_WAVE', want: version.id })
    probe.pass(4 * LIMITS.beacons.intervalMs)
    expect(shown(probe)).toMatchObject({ code: 'E_WAVE' })
    say('n2', { version: old.id, state: 'behind', want: version.id })
    probe.pass(4 * LIMITS.beacons.intervalMs)
    expect(shown(probe)).toMatchObject({ code: 'E_HALTED' })
  })

  it('counts nobody who is held, silent or away', () => {
    const { probe, old, version, say } = published('n4')
    say('n2', { version: old.id, state: 'held' }, { health: 'held' })
    say('n3', { version: version.id, state: 'ok', since: probe.now - SOAK_MS })
    expect(finish(probe)).toEqual([version.id])
  })

  it('never opens a wave because nobody answers', () => {
    const { probe } = published('n4')
    probe.pass(24 * 3_600_000)
    expect(finish(probe)).not.toContain(shown(probe)?.winner?.id)
    expect(shown(probe)).toMatchObject({ state: 'waiting', code: 'E_WAVE' })
  })

  it('goes on with as many failures as are allowed, and halts everywhere beyond', () => {
    const { probe, old, version, say } = published('n4')
    const failed = { version: old.id, state: 'failed', code: 'E_HEALTH', want: version.id } as const
    say('n2', failed)
    say('n3', failed)
    expect(shown(probe)).toMatchObject({ state: 'waiting', code: 'E_HALTED', inForce: old.id })
    expect(probe.engine.view.alarms()).toMatchObject([{ code: 'E_HALTED', subject: 'web/site' }])
    expect(probe.engine.view.rollouts()[0]?.waves).toMatchObject([
      { state: 'done', failed: 2, opensInMs: null },
      { state: 'halted', pending: 4, opensInMs: null },
    ])
    probe.pass(2 * SOAK_MS)
    expect(finish(probe)).not.toContain(version.id)
    say('n2', failed)
    say('n3', { version: version.id, state: 'ok', since: probe.now - SOAK_MS })
    probe.pass(LIMITS.rollout.checkMs * 2)
    expect(finish(probe)).toContain(version.id)
  })

  it('halts in the first wave too, for whoever comes late', () => {
    const { scene, probe } = world('n5')
    const all = { ...rollout, maxFailures: 0, waves: [{ percent: 100 }] }
    const version = scene.publish(n1, 'web/site', { selector: 'web', rollout: all })
    says(scene, probe)('n2', { version: version.id, state: 'failed' })
    bring(probe, version)
    expect(probe.take('apply')).toEqual([])
    expect(shown(probe)).toMatchObject({ state: 'waiting', code: 'E_HALTED', inForce: null })
  })

  it('takes a node that goes down with it for a failure', () => {
    const { probe, version, say } = published('n4', { maxFailures: 0 })
    say('n2', { version: version.id, state: 'ok', since: probe.now })
    probe.pass(4 * LIMITS.beacons.intervalMs)
    expect(shown(probe)).toMatchObject({ code: 'E_HALTED' })
  })

  it('does not blame it for what failed before', () => {
    const { probe, old, version, say } = published('n4', { maxFailures: 0 })
    say('n5', { version: old.id, state: 'failed', code: 'E_HEALTH' })
    expect(shown(probe)).toMatchObject({ code: 'E_WAVE' })
    expect(probe.engine.view.rollouts()).toMatchObject([{ failed: 0, halted: false, mine: 1 }])
    say('n2', { version: version.id, state: 'ok', since: probe.now - SOAK_MS })
    say('n3', { version: version.id, state: 'ok', since: probe.now - SOAK_MS })
    expect(finish(probe)).toEqual([version.id])
  })

  it('lets a latecomer begin when it has listened for a while', () => {
    const { scene, version } = published('n4')
    const late = opened('n6', scene)
    bring(late, version)
    late.now += 1000
    for (const name of CANARIES) {
      late.hear(
        beacon(scene, name, late.now, {
          policies: { 'web/site': { version: version.id, state: 'ok', since: late.now - SOAK_MS } },
        }),
      )
    }
    expect(late.take('apply')).toEqual([])
    late.pass(LIMITS.rollout.settleMs)
    expect(finish(late)).toEqual([version.id])
  })

  it('never takes back what has begun here', () => {
    const { probe, old, version, say } = published('n2', { maxFailures: 0 })
    expect(finish(probe)).toEqual([version.id])
    say('n3', { version: old.id, state: 'failed', want: version.id })
    probe.feed({ type: 'drifted', resources: ['file/a'] })
    probe.pass(LIMITS.converge.correctMs)
    expect(finish(probe)).toContain(version.id)
    expect(shown(probe)).toMatchObject({ state: 'ok', inForce: version.id })
  })

  it('waits for ever after an empty first wave, and says why', () => {
    const { probe } = published('n4', { waves: [{ select: 'nobody' }, { percent: 100 }] })
    probe.pass(2 * SOAK_MS)
    expect(shown(probe)).toMatchObject({ code: 'E_WAVE', reason: expect.stringContaining('nobody would try it first') })
  })

  it('is not begun by a build that does not understand its waves', () => {
    const { probe, old } = published('n2', { waves: [{ moon: 'full' }] })
    expect(shown(probe)).toMatchObject({ state: 'behind', code: 'E_NEWER', inForce: old.id })
  })
})

describe('who is in which wave', () => {
  it('is the same for everybody, and a share is rounded up', () => {
    const waves = [{ count: 1 }, { percent: 34 }, { percent: 100 }]
    const views = ['n2', 'n5', 'n7'].map((name) => published(name, { waves }).probe.engine.view.rollouts()[0])
    for (const view of views) expect(view?.waves.map(({ nodes }) => nodes)).toEqual([1, 2, 3])
    const mine = ['n2', 'n3', ...OTHERS].map((name) => published(name, { waves }).probe.engine.view.rollouts()[0]?.mine)
    expect(mine.map(String).toSorted()).toEqual(['0', '1', '1', '2', '2', '2'])
  })

  it('changes with the version, so that it is not always the same who goes first', () => {
    const firsts = new Set<string>()
    const { scene, probe } = world('n2')
    for (let i = 0; i < 12; i++) {
      bring(
        probe,
        scene.publish(n1, 'web/site', {
          selector: 'web',
          rollout: { ...rollout, waves: [{ count: 1 }, { percent: 100 }] },
        }),
      )
      firsts.add(String(probe.engine.view.rollouts()[0]?.mine))
    }
    expect([...firsts].toSorted()).toEqual(['0', '1'])
  })
})
