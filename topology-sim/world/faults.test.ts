import { describe, expect, it } from 'vitest'
import { compileForFleet } from '../run/policies.ts'
import { hasher } from './crypto.ts'
import type { NodeSpec, PolicyBundle, World, WorldOptions } from './types.ts'
import { makeWorld } from './world.ts'

const LABELS = { role: 'web' }
const FACTS = {}

function spec(node: number): NodeSpec {
  return { name: `node-${node}`, labels: LABELS, facts: FACTS, region: 0 }
}

function bundle(name: string): PolicyBundle {
  const work = { takes: { median: 50, sigma: 0.3 }, fails: 0, drifts: 0 }
  const part = { select: 'true', resources: { [`file/${name}`]: work }, set: {} }
  const made = compileForFleet('web/site', part, undefined, (bytes) => hasher.sha256(bytes)).bundle
  if (made === undefined) throw new Error('it does not compile')
  return made
}

function world(size: number, but: Partial<WorldOptions> = {}): World {
  return makeWorld({ seed: 5, fleet: { size, at: spec }, signatures: 'model', ...but })
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)

async function settled(fleet: World, ms = 120_000): Promise<void> {
  await fleet.run(fleet.nowMs + ms)
  expect(fleet.converged()).toMatchObject({ converged: fleet.converged().nodes })
  expect(fleet.check(true)).toEqual([])
}

describe('what happens to machines and wires', () => {
  it('a partition keeps a version on one side, and a heal brings it to the other', async () => {
    const fleet = world(20)
    fleet.partition([range(0, 10), range(10, 20)])
    const publication = fleet.publish(0, bundle('a'))
    await fleet.run(60_000)
    expect(publication.counts.applied).toBe(10)
    fleet.heal()
    await settled(fleet)
    expect(publication.counts.applied).toBe(20)
  })

  it('a crash forgets nothing that was durable, and the node catches up', async () => {
    const fleet = world(16)
    const first = fleet.publish(0, bundle('a'))
    await fleet.run(10_000)
    fleet.crash(7)
    const second = fleet.publish(0, bundle('b'))
    await fleet.run(20_000)
    expect([first.counts.applied, second.counts.applied]).toEqual([16, 15])
    fleet.restart(7)
    expect(fleet.inspect(7).policies).toMatchObject([{ inForce: first.version }])
    await settled(fleet)
    expect(fleet.inspect(7).policies).toMatchObject([{ inForce: second.version, state: 'ok' }])
  })

  it('a node that lost its disk gets everything back', async () => {
    const fleet = world(12)
    const publication = fleet.publish(0, bundle('a'))
    await fleet.run(10_000)
    fleet.crash(3)
    await fleet.run(15_000)
    fleet.restart(3, { disk: false })
    expect(fleet.inspect(3)).toMatchObject({ bundles: [], pools: { records: 0 } })
    await settled(fleet)
    expect(fleet.inspect(3).policies).toMatchObject([{ inForce: publication.version }])
  })

  it('a laptop that slept takes what it missed', async () => {
    const fleet = world(12)
    await fleet.run(5_000)
    fleet.sleep(4)
    const publication = fleet.publish(0, bundle('a'))
    await fleet.run(60_000)
    expect(publication.counts.applied).toBe(11)
    fleet.wake(4)
    await settled(fleet)
    expect(publication.counts.applied).toBe(12)
  })

  it('a newcomer joins by an invite, a leaver is no member any more', async () => {
    const at = (node: number): NodeSpec => ({ ...spec(node), absent: node === 9 })
    const fleet = world(10, { fleet: { size: 10, at } })
    const publication = fleet.publish(0, bundle('a'))
    await fleet.run(10_000)
    expect(publication.counts.applied).toBe(9)
    fleet.join(9)
    await settled(fleet)
    expect(fleet.inspect(9).policies).toMatchObject([{ inForce: publication.version }])
    fleet.leave(2)
    await fleet.run(fleet.nowMs + 60_000)
    expect(fleet.engine(0)?.view.ledger.certificateOf(fleet.keyOf(2), 0).state).toBe('left')
    expect(fleet.inspect(2)).toMatchObject({ neighbours: [], status: 'left' })
    expect(fleet.check(true)).toEqual([])
  })

  it('a revoked member is hung up on everywhere', async () => {
    const fleet = world(10)
    await fleet.run(1_000)
    fleet.revoke(6, 'member')
    await fleet.run(90_000)
    expect(fleet.inspect(6).neighbours).toEqual([])
    expect(fleet.check(true)).toEqual([])
  })

  it('a grant lets another node publish, and its end makes what comes later void', async () => {
    const fleet = world(10)
    fleet.grant(3, { policies: ['web/*'] })
    await fleet.run(60_000)
    const publication = fleet.publish(3, bundle('a'))
    await settled(fleet)
    expect(publication.counts.applied).toBe(10)
    fleet.revoke(3, 'feed')
    await fleet.run(fleet.nowMs + 60_000)
    const refused = fleet.publish(3, bundle('b'))
    await fleet.run(fleet.nowMs + 10_000)
    expect(refused).toMatchObject({ version: null, reply: { ok: false } })
    expect(fleet.inspect(5).policies).toMatchObject([{ inForce: publication.version }])
  })

  it('what a key without a grant signs is void on every node', async () => {
    const fleet = world(10)
    const publication = fleet.publishAs('thief', 4, bundle('a'))
    await fleet.run(30_000)
    expect(publication.counts.applied).toBe(0)
    expect(fleet.check(true)).toEqual([])
  })

  it('a full disk stops one node, and only as long as it is full', async () => {
    const fleet = world(10)
    fleet.slowDisk(5, Number.POSITIVE_INFINITY)
    const publication = fleet.publish(0, bundle('a'))
    await fleet.run(20_000)
    expect(publication.counts.applied).toBe(9)
    fleet.slowDisk(5, 1)
    await settled(fleet)
    expect(publication.counts.applied).toBe(10)
  })

  it('a clock that jumps changes nothing of what is in force', async () => {
    const fleet = world(10)
    fleet.setClock(2, 3_600_000)
    fleet.setClock(3, -3_600_000)
    const publication = fleet.publish(0, bundle('a'))
    await settled(fleet)
    expect(publication.counts.applied).toBe(10)
  })

  it('black holes and liars slow a version down, and do not stop it', async () => {
    const fleet = world(24)
    for (const node of range(1, 8))
      fleet.misbehave(node, { relay: () => 'drop', frame: () => 'drop', blob: () => 'junk' })
    const publication = fleet.publish(0, bundle('a'))
    await fleet.run(180_000)
    for (const node of range(8, 24)) expect(publication.appliedMs[node]).toBeGreaterThan(0)
    for (const node of range(1, 8)) fleet.misbehave(node, undefined)
    await settled(fleet)
  })

  it('what drifts is corrected', async () => {
    const fleet = world(6)
    fleet.publish(0, bundle('a'))
    await fleet.run(10_000)
    const seen: string[] = []
    fleet.observe({ node: 3, see: ({ kind, text }) => void (kind === 'apply' && seen.push(text)) })
    fleet.drift(3, ['file/a'])
    await fleet.run(20_000)
    expect(seen).toEqual([expect.stringContaining('corrective')])
  })
})
