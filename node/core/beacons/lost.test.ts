import { describe, expect, it } from 'vitest'
import { hasher } from '../../crypto.ts'
import { join, meshOf, Probe } from '../../../test/support/probe.ts'
import { actor } from '../../../test/support/tools.ts'
import { LIMITS } from '../limits.ts'
import { decodeEnvelope, seal } from '../records/codec.ts'
import { isBeacon } from '../records/guards.ts'
import type { Beacon, Envelope, LostPeer } from '../records/types.ts'
import type { Scene } from '../testing/actors.ts'

const NAMES = ['n2', 'n3', 'n4']
const { firstMs, againMs, goneMs, silentMs, graceMs, named } = LIMITS.lost
const peer = actor('n2').key

function world(names: readonly string[] = NAMES): { scene: Scene; probe: Probe } {
  const scene = meshOf()
  for (const name of names) join(scene, name)
  return { scene, probe: new Probe('n1', scene.records, scene.now) }
}

function beacon(scene: Scene, name: string, at: number, lost: readonly LostPeer[] = []): Envelope<Beacon> {
  const who = actor(name)
  const { mesh } = scene.ledger.env
  const fixed = { v: 1, type: 'live/beacon', mesh, key: who.key, crit: [], agent: 'chorus/0.1.0' } as const
  const said = { policies: {}, health: 'ok', presence: 'always', addrs: [], facts: {}, charters: [] } as const
  return seal({ ...fixed, ...said, at, instance: `${name}-1`, seq: Math.floor(at / 100), lost }, [who], hasher)
}

const stateOf = (probe: Probe, name = 'n2') =>
  probe.engine.view.nodes().find(({ key }) => key === actor(name).key)?.state

/** Passes time, answering the driver's part: whether anybody is there. @returns how often it was asked */
function passing(probe: Probe, ms: number, reachable: boolean | null): number {
  let asked = 0
  for (let passed = 0; passed < ms; passed += 100) {
    probe.pass(100)
    for (const ask of probe.take('probe')) {
      asked += 1
      probe.feed({ type: 'probed', peer: ask.peer, reachable })
    }
  }
  return asked
}

function linked(): { scene: Scene; probe: Probe } {
  const made = world()
  made.probe.feed({ type: 'peerUp', peer })
  made.probe.hear(beacon(made.scene, 'n2', made.probe.now))
  made.probe.pass(5_000)
  return made
}

function saidLost(probe: Probe): readonly (readonly LostPeer[])[] {
  return probe
    .take('gossip')
    .map(({ bytes }) => decodeEnvelope(bytes, hasher))
    .flatMap((envelope) => (isBeacon(envelope) ? [envelope.body.lost ?? []] : []))
}

describe('a neighbour whose connection ended', () => {
  it('is asked for, named when nobody answers, and shown as down when it had time to contradict', () => {
    const { probe } = linked()
    const at = probe.engine.view.heard(peer)?.beacon.body.at ?? 0
    probe.feed({ type: 'peerDown', peer })
    probe.take('gossip')
    expect(passing(probe, goneMs + againMs, false)).toBeGreaterThanOrEqual(LIMITS.lost.failures)
    expect(stateOf(probe)).toBe('ok')
    passing(probe, graceMs, false)
    expect(saidLost(probe)).toEqual([[{ key: peer, at }]])
    expect(stateOf(probe)).toBe('down')
    expect(probe.kinds()).toContain('lost')
    probe.feed({ type: 'peerUp', peer })
    expect(stateOf(probe)).toBe('ok')
    probe.pass(LIMITS.beacons.spacingMs * 2)
    expect(saidLost(probe)).toEqual([[]])
  })

  it('is not asked for again once somebody answers there', () => {
    const { probe } = linked()
    probe.feed({ type: 'peerDown', peer })
    expect(passing(probe, 60_000, true)).toBe(1)
    expect(stateOf(probe)).toBe('ok')
  })

  it('is gone a little later if there is no address to ask at', () => {
    const { probe } = linked()
    probe.feed({ type: 'peerDown', peer })
    passing(probe, silentMs - 1_000, null)
    expect(probe.kinds()).not.toContain('lost')
    passing(probe, 2_000 + againMs, null)
    expect(probe.kinds()).toContain('lost')
  })

  it('is nothing to speak of if it is no member, or if this node hung up on it', () => {
    const { scene, probe } = linked()
    probe.hear(scene.revoke(actor('root'), { what: 'member', target: peer }))
    probe.feed({ type: 'peerDown', peer })
    expect(passing(probe, 20_000, false)).toBe(0)
  })

  it('is asked for anew by a node that was cut off itself, before it is named', () => {
    const { probe } = linked()
    for (const name of ['n3', 'n2']) probe.feed({ type: 'peerUp', peer: actor(name).key })
    for (const name of ['n3', 'n2']) probe.feed({ type: 'peerDown', peer: actor(name).key })
    passing(probe, 20_000, false)
    expect(stateOf(probe)).toBe('down')
    probe.take('gossip')
    probe.feed({ type: 'peerUp', peer: actor('n3').key })
    expect(stateOf(probe)).toBe('ok')
    expect(passing(probe, 20_000, true)).toBe(1)
    expect(saidLost(probe).flat()).toEqual([])
  })

  it('lives if it says so, though nobody here reaches it', () => {
    const { scene, probe } = linked()
    probe.feed({ type: 'peerDown', peer })
    passing(probe, firstMs + LIMITS.lost.lateMs, false)
    probe.hear(beacon(scene, 'n2', probe.now))
    expect(passing(probe, 60_000, false)).toBe(0)
    expect(stateOf(probe)).toBe('ok')
  })

  it('is one of 16 at most that a beacon names', () => {
    const names = Array.from({ length: 40 }, (_, i) => `m${i}`)
    const { probe } = world(names)
    for (const name of names) probe.feed({ type: 'peerUp', peer: actor(name).key })
    for (const name of names) probe.feed({ type: 'peerDown', peer: actor(name).key })
    probe.take('gossip')
    passing(probe, 10_000, false)
    expect(saidLost(probe).at(-1)).toHaveLength(named)
  })
})

describe('what others say of a node', () => {
  it('is believed after a while, unless it says something newer, or is a neighbour here', () => {
    const { scene, probe } = world()
    const [at, key] = [probe.now, actor('n3').key]
    probe.hear(beacon(scene, 'n3', at))
    probe.hear(beacon(scene, 'n4', at, [{ key, at }]))
    expect(stateOf(probe, 'n3')).toBe('ok')
    probe.pass(graceMs)
    expect(stateOf(probe, 'n3')).toBe('down')
    probe.feed({ type: 'peerUp', peer: key })
    expect(stateOf(probe, 'n3')).toBe('ok')
    probe.feed({ type: 'peerDown', peer: key })
    probe.hear(beacon(scene, 'n3', probe.now))
    probe.pass(graceMs)
    expect(stateOf(probe, 'n3')).toBe('ok')
  })

  it('is not believed any more when who said it takes it back, or falls silent', () => {
    const { scene, probe } = world()
    const [at, key] = [probe.now, actor('n3').key]
    probe.hear(beacon(scene, 'n3', at))
    probe.hear(beacon(scene, 'n4', at, [{ key, at }]))
    probe.pass(graceMs)
    probe.hear(beacon(scene, 'n4', probe.now))
    expect(stateOf(probe, 'n3')).toBe('ok')
  })

  it('that is dated in the future is nobody’s word', () => {
    const { scene, probe } = world()
    const [at, key] = [probe.now, actor('n3').key]
    probe.hear(beacon(scene, 'n3', at))
    probe.hear(beacon(scene, 'n4', at, [{ key, at: at + 2 * LIMITS.intake.futureMs }]))
    probe.pass(graceMs)
    expect(stateOf(probe, 'n3')).toBe('ok')
  })

  it('is contradicted by a beacon if this node itself is named, once', () => {
    const { scene, probe } = world()
    probe.pass(30_000)
    probe.take('gossip')
    probe.hear(beacon(scene, 'n4', probe.now, [{ key: probe.key, at: probe.now - 30_000 }]))
    probe.pass(LIMITS.beacons.spacingMs)
    expect(saidLost(probe)).toHaveLength(1)
    probe.pass(LIMITS.beacons.spacingMs * 4)
    expect(saidLost(probe)).toEqual([])
  })
})
