import { describe, expect, it } from 'vitest'
import { isVersion } from '../../node/core/index.ts'
import { Driver } from './driver.ts'
import type { RunResult } from './result.ts'
import { runScenario } from './run.ts'
import { AGAIN, setupOf } from './testing/small.ts'

const run = (text: string): Promise<RunResult> => runScenario(setupOf(text), AGAIN)

const TWO = `
scenario: Two halves
fleet: { a: { count: 15, region: a, labels: { role: web } }, b: { count: 15, region: b, labels: { role: db } } }
regions: { a: { latency: 1ms }, b: { latency: 1ms } }
policies: { p: { select: "true" }, web: { select: labels.role == 'web' } }
`

describe('what a run answers', () => {
  it('counts failures among the nodes that are asked about', async () => {
    const { expectations } = await run(`
scenario: Half of them fail
fleet: { old: { count: 10, labels: { age: old } }, new: { count: 10, labels: { age: new } } }
policies: { p: { select: "true", resources: { file/a: { failsOn: labels.age == 'old' } } } }
events: [{ at: 1s, publish: p }]
expect:
  - { failed: 60% }
  - { failed: 60%, nodes: labels.age == 'old' }
  - { failed: 0%, nodes: labels.age == 'new' }
  - { failed: 0%, nodes: labels.age == 'none' }
`)
    expect(expectations.map(({ ok, value }) => [ok, value])).toEqual([
      [true, 0.5],
      [false, 1],
      [true, 0],
      [false, null],
    ])
  })

  it('asks of some nodes only what is for them', async () => {
    const { expectations } = await run(`${TWO}
events: [{ at: 1s, publish: p }, { at: 2s, publish: web }]
expect:
  - { converged: 100%, nodes: labels.role == 'db' }
  - { converged: 100%, nodes: labels.rol == 'db' }
`)
    expect(expectations).toMatchObject([
      { ok: true, value: 1 },
      { ok: false, value: null, found: 'there is no such node' },
    ])
  })

  it('takes times of "*" as they were given, and those of each policy for itself', async () => {
    const { publications } = await run(`
scenario: Slow and quick
fleet: { web: { count: 200 } }
policies:
  quick: { select: "true", resources: { file/main: { takes: 10ms } } }
  slow: { select: "true", resources: { file/main: { takes: 10s } } }
  wide: { select: "true", resources: { '*': { takes: { median: 1s, p99: 30s } } } }
events: [{ at: 1s, publish: quick }, { at: 20s, publish: slow }, { at: 60s, publish: wide }]
`)
    const [quick, slow, wide] = publications.map(({ applied }) => applied)
    expect(quick?.last).toBeLessThan(1_000)
    expect(slow?.p50).toBeGreaterThan(10_000)
    expect(wide?.p50).toBeLessThan(2_000)
    expect(wide?.p99).toBeGreaterThan(10_000)
  })

  it('keeps a partition while another that overlaps it ends', async () => {
    const { publications, timeline } = await run(`${TWO}
events:
  - { at: 1s, partition: [[a]], for: 60s }
  - { at: 2s, partition: 20%, for: 5s }
  - { at: 20s, publish: p }
`)
    expect(publications[0]?.regions.map(({ delivered }) => delivered.last ?? 0)).toEqual([
      expect.closeTo(100, -3),
      expect.closeTo(45_000, -5),
    ])
    expect(publications[0]?.regions[1]?.delivered.p50).toBeGreaterThan(40_000)
    expect(timeline.filter(({ kind }) => kind === 'heal').map(({ text }) => text)).toEqual([
      'a part of the network is back, another is still cut off',
      'the network is whole again',
    ])
  })

  it('has healed when those that lost their disks have everything again', async () => {
    const lost = await run(`${TWO}
events:
  - { at: 1s, publish: p }
  - { at: 10s, crash: region == 'b', count: 4, for: 20s, disk: lose }
expect: [{ healed: 60s }]
`)
    expect(lost.convergence.healMs).toBeGreaterThan(100)
    expect(lost.expectations[0]?.ok).toBe(true)
    const kept = await run(`${TWO}
events:
  - { at: 1s, publish: p }
  - { at: 10s, crash: region == 'b', count: 4, for: 20s }
`)
    expect(kept.convergence.healMs).toBe(0)
  })

  it('measures healing from the last fault, whatever is published later', async () => {
    const { convergence } = await run(`${TWO}
events: [{ at: 1s, partition: [[a]], for: 10s }, { at: 80s, publish: p }]
`)
    expect(convergence).toMatchObject({ faultsEndedMs: 11_000, healMs: 0 })
  })

  it('goes on until what was to end by itself has ended', async () => {
    const slow = await run(`${TWO}events: [{ at: 1s, slow-disk: region == 'b', takes: 20ms, for: 40s }]\n`)
    expect(slow.endedMs).toBeGreaterThan(41_000)
    const copied = await run(`${TWO}run: 5m\nevents: [{ at: 1s, clone: region == 'b', for: 4m }]\n`)
    expect(copied.timeline.map(({ text }) => text).join()).toContain('E_CLONED')
  })

  it('ends although a version was refused, and measures newcomers from when they came', async () => {
    const refused = await run(`${TWO}
publishers: { ops: {}, ci: {} }
events: [{ at: 1s, publish: p, by: ci }, { at: 5s, revoke: ci }, { at: 20s, publish: p, by: ci }]
`)
    expect(refused.endedMs).toBeLessThan(60_000)
    const joined = await run(`${TWO}events: [{ at: 1s, publish: p }, { at: 30s, join: b }]\n`)
    expect(joined.publications[0]).toMatchObject({ selected: 30, converged: 1, applied: { count: 30 } })
    expect(joined.publications[0]?.applied.last).toBeLessThan(20_000)
  })

  it('lets junk come first, and the right record is taken all the same', async () => {
    const scenario = setupOf(`
scenario: Everybody next to the publisher lies
fleet: { web: { count: 30 }, bad: { count: 10 } }
policies: { p: { select: "true" } }
events: [{ at: 1s, malicious: group == 'bad', do: junk-signatures, for: 20s }, { at: 2s, publish: p }]
`)
    const lines: string[] = []
    const driver = new Driver(scenario)
    driver.world.observe({ see: ({ kind, text, atMs }) => kind === 'heard' && atMs < 2_900 && lines.push(text) })
    await driver.run()
    expect(lines.filter((text) => text.includes('bad-') && text.endsWith('reject')).length).toBeGreaterThan(20)
    expect(driver.published[0]?.publication.counts).toMatchObject({ durable: 40, applied: 40 })
    expect(driver.world.violations).toEqual([])
  })

  it('says why a version is in force nowhere', async () => {
    const { timeline } = await run(`${TWO}
publishers: { ops: {}, ci: { policies: ['web'] } }
events:
  - { at: 1s, publish: p, by: ci }
  - { at: 5s, publish: web, by: ci }
  - { at: 15s, publish: web, by: ci }
  - { at: 30s, restore-publisher: ci, from: 10s, publishes: web }
`)
    const fates = timeline.filter(({ kind }) => kind === 'fate').map(({ text }) => text)
    expect(fates).toEqual([
      'p: void, nobody applies it (E_SCOPE)',
      'web: loses the fork: of the versions with its number another one wins',
    ])
  })

  it.each([
    ['whose key may publish: all see its fork, and agree who wins', 'a-1', 2],
    ['whose key may not: nobody takes what it signed', 'a-7', 0],
  ])('lets a member equivocate, one %s', async (_, liar, own) => {
    const driver = new Driver(
      setupOf(`${TWO}
publishers: { ops: { region: b } }
events: [{ at: 1s, malicious: node.name == '${liar}', do: equivocate, for: 20s }, { at: 2s, publish: p }]
`),
    )
    await driver.run()
    const { world } = driver
    const views = Array.from({ length: 30 }, (__, node) => world.engine(node)?.view)
    const key = world.keyOf(world.nodeOf(liar))
    for (const view of views) {
      const versions = [...(view?.ledger.records() ?? [])].filter(isVersion).filter(({ body }) => body.key === key)
      expect(versions).toHaveLength(own)
      expect(new Set(versions.map(({ body }) => `${body.feedSeq} ${body.seq}`)).size).toBe(Math.min(1, own))
      const [state] = view?.policies() ?? []
      expect(state).toMatchObject({ heads: { length: Math.max(1, own) }, state: 'ok', inForce: state?.winner?.id })
      expect(state?.inForce).toBe(views[0]?.policies()[0]?.inForce)
    }
    expect(world.violations).toEqual([])
  })
})
