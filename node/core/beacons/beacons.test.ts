import { describe, expect, it } from 'vitest'
import { hasher } from '../../crypto.ts'
import { beacon } from '../../../test/support/beacon.ts'
import { actor } from '../../../test/support/tools.ts'
import { join, meshOf, Probe } from '../../../test/support/probe.ts'
import { DEFAULT_TIMING } from '../engine/settings.ts'
import { LIMITS } from '../limits.ts'
import { decodeEnvelope } from '../records/codec.ts'
import { isBeacon } from '../records/guards.ts'
import type { Beacon } from '../records/types.ts'

const NAMES = ['n2', 'n3', 'n4', 'n5']

function world() {
  const scene = meshOf()
  for (const name of NAMES) join(scene, name)
  return { scene, probe: new Probe('n1', scene.records, scene.now) }
}

function own(probe: Probe): Beacon[] {
  return probe
    .take('gossip')
    .map(({ bytes }) => decodeEnvelope(bytes, hasher))
    .flatMap((envelope) => (isBeacon(envelope) ? envelope.body : []))
}

const stateOf = (probe: Probe, name: string) => probe.engine.view.nodes().find(({ key }) => key === actor(name).key)

describe('beacons', () => {
  it('are sent at a slow jittered rate, counted, with what is in force', () => {
    const { probe } = world()
    probe.pass(10 * DEFAULT_TIMING.beaconMs)
    const sent = own(probe)
    expect(sent.length).toBeGreaterThanOrEqual(8)
    expect(sent.length).toBeLessThanOrEqual(14)
    expect(sent.map(({ seq }) => seq)).toEqual(sent.map((_, i) => i + 1))
  })

  it('are sent soon after a change, and say it', () => {
    const { probe } = world()
    probe.pass(DEFAULT_TIMING.beaconMs / 2)
    own(probe)
    probe.feed({ type: 'command', ref: 1, command: { type: 'hold', reason: 'x', until: null } })
    probe.pass(LIMITS.beacons.spacingMs)
    expect(own(probe)).toMatchObject([{ health: 'held' }])
    probe.feed({ type: 'self', addrs: ['/ip4/10.0.0.1/tcp/1'], facts: { load: 0.5 } })
    probe.pass(LIMITS.beacons.spacingMs * 2)
    // A float does not fit a record: the facts stay out, the rest is said.
    expect(own(probe)).toMatchObject([{ addrs: ['/ip4/10.0.0.1/tcp/1'], facts: {} }])
  })

  it('give every node its state and age; silence makes it down, or away', () => {
    const { scene, probe } = world()
    probe.hear(beacon(scene, 'n2', probe.now, { health: 'drift' }))
    probe.hear(beacon(scene, 'n3', probe.now, { presence: 'intermittent' }))
    expect(stateOf(probe, 'n2')).toMatchObject({ state: 'drift', ageMs: 0 })
    expect(stateOf(probe, 'n4')).toMatchObject({ state: 'unknown', ageMs: null })
    probe.pass(DEFAULT_TIMING.beaconMs * 3 + 1)
    expect(stateOf(probe, 'n2')).toMatchObject({ state: 'down' })
    expect(stateOf(probe, 'n3')).toMatchObject({ state: 'away' })
    probe.hear(beacon(scene, 'n2', probe.now))
    expect(stateOf(probe, 'n2')).toMatchObject({ state: 'ok' })
  })

  it('are relayed once, and never when older than what is known', () => {
    const { scene, probe } = world()
    const [old, young] = [beacon(scene, 'n2', probe.now), beacon(scene, 'n2', probe.now + 5000)]
    expect(probe.hear(young)).toMatchObject({ result: 'accept' })
    expect(probe.hear(young)).toMatchObject({ result: 'ignore' })
    expect(probe.hear(old)).toMatchObject({ result: 'ignore' })
    expect(probe.hear(beacon(scene, 'n3', probe.now - 2 * LIMITS.beacons.ageMs))).toMatchObject({ result: 'ignore' })
  })

  it('of strangers wait for a certificate', () => {
    const { scene, probe } = world()
    const early = beacon(scene, 'n9', probe.now)
    expect(probe.hear(early)).toMatchObject({ result: 'ignore', code: 'E_UNKNOWN_KEY' })
    const count = scene.records.length
    join(scene, 'n9')
    for (const record of scene.records.slice(count)) probe.hear(record)
    expect(stateOf(probe, 'n9')).toMatchObject({ state: 'ok' })
  })

  it('announce charters: one that is not here is a gap, and asked for at once', () => {
    const { scene, probe } = world()
    const charter = scene.charter([actor('root')], { name: 'renamed' })
    probe.feed({ type: 'peerUp', peer: actor('n2').key })
    probe.pass(LIMITS.sync.askTimeoutMs)
    probe.take('send')
    probe.hear(beacon(scene, 'n2', probe.now), actor('n2').key)
    expect(probe.engine.view.gaps).toEqual([charter.id])
    expect(probe.take('send')).toMatchObject([{ frame: { ask: { kind: 'digest' } } }])
  })

  it('bring addresses of members to the driver', () => {
    const { scene, probe } = world()
    probe.hear(beacon(scene, 'n2', probe.now, { addrs: ['/ip4/10.0.0.2/tcp/1'] }))
    expect(probe.take('dial')).toMatchObject([{ peer: actor('n2').key, addrs: ['/ip4/10.0.0.2/tcp/1'], hurry: true }])
  })
})

describe('a key at work in two places', () => {
  it('is noticed by the beacons of the other daemon, and ends publishing', () => {
    const { scene, probe } = world()
    probe.pass(1_000)
    probe.hear(beacon(scene, 'n1', probe.now, { instance: 'the other' }))
    expect(probe.engine.view.cloned).toBe(true)
    expect(probe.kinds()).toContain('cloned')
    const command = { type: 'invite', labels: {}, uses: 1, expiresMs: 1, inviteKey: actor('x').key } as const
    probe.feed({ type: 'command', ref: 1, command })
    expect(probe.take('reply')).toMatchObject([{ reply: { ok: false, code: 'E_CLONED' } }])
  })

  it('is noticed by others who hear both, and over when one is silent; a restart is none', () => {
    const { scene, probe } = world()
    const hear = (instance: string): void => {
      probe.pass(DEFAULT_TIMING.beaconMs / 2)
      probe.hear(beacon(scene, 'n2', probe.now, { instance }))
    }
    const alarms = () => probe.engine.view.alarms().filter(({ code }) => code === 'E_CLONED')
    for (const instance of ['a', 'b', 'b', 'c']) hear(instance)
    expect(alarms()).toEqual([])
    for (const instance of ['b', 'c']) hear(instance)
    expect(alarms()).toMatchObject([{ subject: 'n2' }])
    for (let i = 0; i < 7; i++) hear('c')
    expect(alarms()).toEqual([])
  })

  it('is not seen in its own beacons, nor in those of its last life', () => {
    const { scene, probe } = world()
    probe.pass(1_000)
    probe.hear(beacon(scene, 'n1', probe.now, { instance: 'n1-1' }))
    probe.hear(beacon(scene, 'n1', probe.now - 30_000, { instance: 'before the restart' }))
    expect(probe.engine.view.cloned).toBe(false)
  })

  it('is noticed although the other clock is behind', () => {
    const { scene, probe } = world()
    probe.pass(DEFAULT_TIMING.beaconMs * 2)
    probe.hear(beacon(scene, 'n1', probe.now - 3_600_000, { instance: 'the other' }))
    expect(probe.engine.view.cloned).toBe(true)
  })
})

describe('staleness and clocks', () => {
  it('a node that hears too few others calls itself STALE, and fresh when it hears them again', () => {
    const { scene, probe } = world()
    probe.pass(DEFAULT_TIMING.staleAfterMs * 1.5)
    expect(probe.engine.view.stale).toMatch(/heard 0 of 4/)
    expect(probe.engine.view.health).toBe('stale')
    for (const name of NAMES.slice(1)) probe.hear(beacon(scene, name, probe.now))
    probe.pass(DEFAULT_TIMING.staleAfterMs / 2)
    expect(probe.engine.view.stale).toBe(null)
  })

  it('a node alone in its mesh is never stale', () => {
    const scene = meshOf()
    const probe = new Probe('n1', scene.records, scene.now)
    probe.pass(DEFAULT_TIMING.staleAfterMs * 3)
    expect(probe.engine.view.stale).toBe(null)
  })

  it('a gap that sync does not close makes it STALE', () => {
    const { scene, probe } = world()
    scene.publish(actor('n1'), 'web/site')
    const second = scene.publish(actor('n1'), 'web/site')
    probe.hear(second)
    probe.pass(DEFAULT_TIMING.gapMs + 1_000)
    expect(probe.engine.view.stale).toMatch(/members know of records/)
  })

  it('a clock ten minutes off the median of three members is set aside, and said', () => {
    const { scene, probe } = world()
    const ahead = 20 * 60_000
    probe.pass(DEFAULT_TIMING.staleAfterMs - 1000)
    for (const name of NAMES.slice(0, 3)) probe.hear(beacon(scene, name, probe.now + ahead))
    probe.pass(2000)
    expect(probe.engine.view.skewMs).toBe(ahead)
    expect(probe.kinds()).toContain('clockSkew')
    expect(probe.engine.view.alarms().map(({ code }) => code)).toContain('E_CLOCK_SKEW')
  })

  it('two members are no median', () => {
    const { scene, probe } = world()
    probe.pass(DEFAULT_TIMING.staleAfterMs - 1000)
    for (const name of NAMES.slice(0, 2)) probe.hear(beacon(scene, name, probe.now + 3_600_000))
    probe.pass(2000)
    expect(probe.engine.view.skewMs).toBe(0)
  })
})
