import { describe, expect, it } from 'vitest'
import { SIM_LIMITS } from '../limits.ts'
import { compileForFleet } from '../run/policies.ts'
import { hasher } from './crypto.ts'
import { makeState } from './make.ts'
import { quantiles } from './measuring.ts'
import type { NodeSpec, PolicyBundle, TraceLine, World, WorldOptions } from './types.ts'
import { makeWorld } from './world.ts'

const LABELS = { role: 'web' }
const FACTS = {}
const spec = (node: number): NodeSpec => ({ name: `node-${node}`, labels: LABELS, facts: FACTS, region: node % 2 })

function bundle(): PolicyBundle {
  const made = compileForFleet('web/site', { select: 'true', resources: {}, set: {} }, undefined, (bytes) =>
    hasher.sha256(bytes),
  )
  if (made.bundle === undefined) throw new Error('it does not compile')
  return made.bundle
}

function world(but: Partial<WorldOptions> = {}): World {
  return makeWorld({ seed: 9, fleet: { size: 20, at: spec }, regions: ['a', 'b'], signatures: 'model', ...but })
}

describe('what can be seen of a run', () => {
  it('measures how far, how fast and at what cost', async () => {
    const fleet = world({ beacons: 'off' })
    fleet.publish(0, bundle())
    await fleet.run(10_000)
    const { publications, isolated, degrees, regionBytes, bytesPerNode, up, events, frames } = fleet.measure()
    expect(publications).toMatchObject([{ reliability: 1, converged: 1, failed: 0, selected: 20 }])
    const [figures] = publications
    expect(figures?.known.p50).toBeLessThan(figures?.durable.p50 ?? 0)
    expect(figures?.durable.last).toBeLessThan(figures?.applied.last ?? 0)
    expect(figures?.hops.count).toBeGreaterThan(10)
    expect(figures?.acknowledgedMs).toBeGreaterThan(0)
    expect([isolated, up]).toEqual([0, 20])
    expect(degrees.reduce((sum, count) => sum + count, 0)).toBe(20)
    expect(regionBytes.flat().reduce((sum, bytes) => sum + bytes, 0)).toBeCloseTo((bytesPerNode.mean * 20) / 2)
    expect(Math.min(events, frames)).toBeGreaterThan(100)
  })

  it('has beacons in small fleets, by which everybody knows the health of everybody', async () => {
    const fleet = world()
    fleet.publish(0, bundle())
    await fleet.run(20_000)
    expect(fleet.measure().beacons).toBe(true)
    expect(
      fleet
        .engine(7)
        ?.view.nodes()
        .map(({ state }) => state),
    ).toEqual(Array.from({ length: 20 }, () => 'ok'))
    expect(fleet.inspect(7).stale).toBeNull()
  })

  it('has none in larger ones unless they are wanted, and nobody is stale for that', async () => {
    const size = SIM_LIMITS.beaconNodes + 1
    const fleet = world({ fleet: { size, at: spec } })
    await fleet.run(400_000)
    expect(fleet.measure().beacons).toBe(false)
    expect(fleet.inspect(7).stale).toBeNull()
  })

  it('counts nodes that are cut off', async () => {
    const fleet = world({ overlay: { kind: 'edges', edges: Array.from({ length: 9 }, (_, i) => [i, i + 1] as const) } })
    expect(fleet.measure().isolated).toBe(10)
  })

  it('changes nothing by being watched', async () => {
    const hashOf = async (watched: boolean): Promise<string> => {
      const fleet = world()
      const lines: TraceLine[] = []
      if (watched) fleet.observe({ see: (line) => void lines.push(line) })
      fleet.publish(0, bundle())
      await fleet.run(5_000)
      expect(lines.length > 100).toBe(watched)
      return fleet.traceHash
    }
    expect(await hashOf(true)).toBe(await hashOf(false))
  })

  it('tells the timeline of one node, and the way of one record', async () => {
    const fleet = world()
    const timeline: TraceLine[] = []
    fleet.observe({ node: 5, see: (line) => void timeline.push(line) })
    const publication = fleet.publish(0, bundle())
    await fleet.run(2_000)
    const way: TraceLine[] = []
    const kinds = timeline.filter(({ node }) => node === 5).map(({ kind }) => kind)
    for (const kind of ['heard', 'persisted', 'bundle', 'apply', 'applied'] as const) expect(kinds).toContain(kind)
    expect(timeline.every(({ node, from }) => node === 5 || from === 5)).toBe(true)
    const again = world()
    again.observe({ record: publication.version ?? '', see: (line) => void way.push(line) })
    again.publish(0, bundle())
    await again.run(2_000)
    expect(new Set(way.map(({ node }) => node)).size).toBe(20)
  })

  it('stops where it is told to, and goes on from there as if it had not', async () => {
    const whole = world()
    whole.publish(0, bundle())
    await whole.run(5_000)
    const parts = world()
    parts.publish(0, bundle())
    for (let ms = 100; ms <= 5_000; ms += 100) await parts.run(ms)
    expect(parts.traceHash).toBe(whole.traceHash)
    expect([parts.nowMs, parts.inspect(3).local]).toEqual([5_000, whole.inspect(3).local])
  })

  it('shows the whole state of one node as plain JSON', async () => {
    const fleet = world()
    const publication = fleet.publish(0, bundle())
    await fleet.run(5_000)
    const report = JSON.parse(JSON.stringify(fleet.inspect(4)))
    expect(report).toMatchObject({
      name: 'node-4',
      status: 'up',
      policies: [{ policy: 'web/site', inForce: publication.version, state: 'ok' }],
      pools: { pending: 0, held: 0, gaps: 0 },
    })
    expect(report.ledger).toContain('policy web/site')
    expect(() => fleet.inspect(20)).toThrow('numbered from 0 to 19')
    expect(() => fleet.nodeOf('nobody')).toThrow('no node "nobody"')
  })

  it('takes quantiles by the nearest rank, of numbers only', () => {
    const values = Float64Array.from([Number.NaN, 3, 1, 2, 4])
    expect(quantiles(values)).toEqual({ count: 4, p50: 2, p90: 4, p99: 4, last: 4, mean: 2.5 })
  })
})

describe('invariants', () => {
  it('find nothing where a grant does not cover a policy: its version is void everywhere', async () => {
    const fleet = world({ grants: [{ holder: 'bot', grant: { policies: ['db/*'] } }] })
    const { version, counts } = fleet.publishAs('bot', 3, bundle())
    await fleet.run(5_000)
    expect(fleet.engine(9)?.view.ledger.judge(version ?? '')).toMatchObject({ counts: false, code: 'E_SCOPE' })
    expect([counts.known, counts.applied, fleet.violations]).toEqual([20, 0, []])
  })

  it('tell of an engine that would apply what nobody had the right to publish', () => {
    const state = makeState({ seed: 1, fleet: { size: 4, at: spec }, regions: ['a', 'b'], signatures: 'model' })
    const { cid, size, policy } = bundle()
    const version = { policy, version: cid, seq: 1, bundle: { cid, size }, uses: [], types: null, paths: null }
    state.hosts.apply(2, { type: 'apply', run: 1, why: 'wanted', policies: [version], removed: [], missing: [] })
    expect(state.watch.violations).toMatchObject([{ invariant: 'unauthorised', node: 2 }])
    state.watch.allow(cid)
    state.hosts.apply(3, { type: 'apply', run: 1, why: 'wanted', policies: [version], removed: [], missing: [] })
    expect(state.watch.violations.length).toBe(1)
  })

  it('tell of nodes that do not hold what the others hold', async () => {
    const fleet = world()
    fleet.partition([[0, 1, 2]])
    fleet.publish(0, bundle())
    await fleet.run(5_000)
    const found = new Set(fleet.check(true).map(({ invariant }) => invariant))
    expect(found).toEqual(new Set(['lostPublish', 'notConverged']))
  })
})
