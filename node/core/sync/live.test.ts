import { describe, expect, it } from 'vitest'
import { beacon } from '../../../test/support/beacon.ts'
import { actor } from '../../../test/support/tools.ts'
import { connect, converse, join, meshOf, Probe } from '../../../test/support/probe.ts'
import { DEFAULT_TIMING } from '../engine/settings.ts'
import { LIMITS } from '../limits.ts'
import type { Scene } from '../testing/actors.ts'

const NAMES = ['n2', 'n3', 'n4']
const { beaconMs } = DEFAULT_TIMING

function world(): { scene: Scene; a: Probe; b: Probe } {
  const scene = meshOf()
  for (const name of NAMES) join(scene, name)
  const of = (name: string): Probe => new Probe(name, scene.records, scene.now)
  return { scene, a: of('n1'), b: of('n2') }
}

const stateOf = (probe: Probe, name: string) => probe.engine.view.nodes().find(({ key }) => key === actor(name).key)

describe('beacons by sync', () => {
  it('show a node that starts what its neighbour has heard, with its age, and the neighbour itself', () => {
    const { scene, a, b } = world()
    b.hear(beacon(scene, 'n3', b.now, { health: 'drift', addrs: ['/ip4/10.0.0.3/tcp/1'] }))
    b.pass(20_000)
    a.pass(20_000)
    connect(a, b)
    expect(stateOf(a, 'n2')).toMatchObject({ state: 'ok', ageMs: expect.any(Number) })
    expect(stateOf(a, 'n3')).toMatchObject({ state: 'drift', ageMs: 20_000 })
    expect(stateOf(a, 'n4')).toMatchObject({ state: 'unknown' })
    expect(a.take('dial')).toMatchObject([{ peer: actor('n3').key }])
  })

  it('keep nobody alive: a beacon that is told again and again grows old all the same', () => {
    const { scene, a, b } = world()
    const c = new Probe('n4', scene.records, scene.now)
    b.hear(beacon(scene, 'n3', b.now))
    b.pass(2 * beaconMs)
    a.pass(2 * beaconMs)
    connect(a, b)
    a.pass(0.9 * beaconMs)
    c.pass(2.9 * beaconMs)
    connect(c, a)
    expect(stateOf(c, 'n3')).toMatchObject({ state: 'ok' })
    c.pass(0.2 * beaconMs)
    expect(stateOf(c, 'n3')).toMatchObject({ state: 'down' })
  })

  it('of the silent are not told', () => {
    const { scene, a, b } = world()
    b.hear(beacon(scene, 'n3', b.now))
    for (const one of [a, b]) one.pass(3 * beaconMs + 1)
    connect(a, b)
    expect(stateOf(a, 'n3')).toMatchObject({ state: 'unknown' })
  })

  it('are passed on to nobody, and asked for no more than now and then', () => {
    const { scene, a, b } = world()
    for (const one of [a, b]) one.pass(0.9 * beaconMs)
    b.hear(beacon(scene, 'n3', b.now))
    a.take('gossip')
    connect(a, b)
    expect(stateOf(a, 'n3')).toMatchObject({ state: 'ok' })
    expect(a.take('gossip')).toEqual([])
    const key = actor('n2').key
    for (let i = 0; i < 20; i++) {
      a.pass(LIMITS.beacons.handMs / 40)
      a.feed({ type: 'peerUp', peer: key })
      const asks = a.take('send').filter(({ frame }) => frame.type === 'ask' && frame.ask.kind === 'live')
      expect(asks).toEqual([])
      converse(a, b)
    }
  })

  it('come in steps that fit a frame, however many there are', () => {
    const scene = meshOf()
    const names = Array.from({ length: 60 }, (_, i) => `m${i}`)
    for (const name of ['n2', ...names]) join(scene, name)
    const [a, b] = [new Probe('n1', scene.records, scene.now), new Probe('n2', scene.records, scene.now)]
    const facts = Object.fromEntries(Array.from({ length: 7 }, (_, i) => [`fact${i}`, 'x'.repeat(1000)]))
    for (const name of names) b.hear(beacon(scene, name, b.now, { facts }))
    connect(a, b)
    expect(names.filter((name) => stateOf(a, name)?.state !== 'ok')).toEqual([])
  })

  it('that nobody asked for, or that are no beacons, end the round', () => {
    const { scene, a } = world()
    const peer = actor('n2').key
    for (const wrong of [beacon(scene, 'n1', a.now), scene.publish(actor('n1'), 'web/site')]) {
      a.feed({ type: 'peerDown', peer })
      a.feed({ type: 'peerUp', peer })
      const [first] = a.take('send')
      const same = { kind: 'digest', digest: a.engine.view.ledger.digest } as const
      a.feed({ type: 'syncFrame', peer, frame: { type: 'answer', id: first?.frame.id ?? 0, answer: same } })
      const [asked] = a.take('send')
      expect(asked?.frame).toMatchObject({ ask: { kind: 'live' } })
      const answer = { kind: 'live', heard: [{ ageMs: 0, envelope: wrong.bytes }], more: false } as const
      a.feed({ type: 'syncFrame', peer, frame: { type: 'answer', id: asked?.frame.id ?? 0, answer } })
      expect(a.kinds()).toContain('syncFailed')
    }
  })
})
