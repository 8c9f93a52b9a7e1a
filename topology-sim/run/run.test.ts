import { describe, expect, it } from 'vitest'
import type { RunResult } from './result.ts'
import { runScenario } from './run.ts'
import { AGAIN, setupOf, type SetupOptions } from './testing/small.ts'

const run = (text: string, options: SetupOptions = {}): Promise<RunResult> => runScenario(setupOf(text, options), AGAIN)

const WEB = `
scenario: Web servers
fleet:
  web: { count: 30, labels: { role: web }, mix: { facts.os.version: { "11": 50%, "12": 50% } } }
  db: { count: 10, labels: { role: db } }
policies:
  site: { select: labels.role == 'web', resources: { file/a: {}, file/b: { failsOn: facts.os.version == '11' } } }
  good: { select: labels.role == 'web' }
`

describe('a run of a scenario', () => {
  it('is the same for the same seed, and another for another', async () => {
    const text = `${WEB}events: [{ at: 1s, publish: good }]\n`
    const [one, two, three] = [await run(text), await run(text), await run(text, { seed: 2 })]
    expect(two).toEqual(one)
    expect(three.traceHash).not.toBe(one.traceHash)
    expect(one.publications[0]).toMatchObject({
      name: 'good',
      by: 'ops',
      selected: 30,
      converged: 1,
      reliability: 1,
      failed: 0,
    })
    expect(one.publications[0]?.applied).toMatchObject({ count: 30 })
    expect(one.publications[0]?.acknowledgedMs).toBeGreaterThan(0)
    expect(one.complete).toBe(true)
  })

  it('says who is hit: the hosts, the resource, and what was spared', async () => {
    const { publications, timeline, complete } = await run(`${WEB}events: [{ at: 1s, publish: site }]\n`)
    const [site] = publications
    const blast = site?.blast
    expect(blast?.touched).toBe(30)
    expect(blast?.failed).toBeGreaterThan(5)
    expect(blast?.failed).toBeLessThan(25)
    expect(blast?.resources).toEqual([
      { key: 'file/a', hosts: 30, failed: 0 },
      { key: 'file/b', hosts: 30, failed: blast?.failed },
    ])
    expect(blast?.groups).toEqual([{ name: 'web', touched: 30, failed: blast?.failed }])
    expect(blast?.hosts.every(({ name, resource }) => name.startsWith('web-') && resource === 'file/b')).toBe(true)
    expect(site?.converged).toBeCloseTo(1 - (blast?.failed ?? 0) / 30, 5)
    expect(timeline.map(({ kind }) => kind)).toContain('publish')
    expect(complete).toBe(true)
  })

  it('lets everything fail on hosts of a condition', async () => {
    const text = `${WEB}events: [{ at: 1s, publish: good }]\n`
    const { publications } = await run(text, { fail: "facts.os.version == '12'" })
    expect(publications[0]?.failed).toBeGreaterThan(5)
    expect(publications[0]?.blast.hosts[0]?.resource).toBe('file/main')
  })

  it('heals after a partition, and says how long it took', async () => {
    const text = `
scenario: Two halves
fleet: { a: { count: 15, region: a }, b: { count: 15, region: b } }
regions: { a: {}, b: {} }
policies: { p: { select: "true" } }
events:
  - { at: 1s, partition: [[a], [b]], for: 40s }
  - { at: 20s, publish: p }
expect:
  - { healed: 90s }
  - { converged: 100%, within: 5s }
  - { isolated: 0 }
  - { lost: 0 }
`
    const { convergence, publications, expectations, violations } = await run(text)
    expect(convergence.faultsEndedMs).toBe(41_000)
    expect(convergence.healMs).toBeGreaterThan(0)
    expect(publications[0]?.regions.map(({ region, delivered }) => [region, delivered.count])).toEqual([
      ['a', 15],
      ['b', 15],
    ])
    // Half of the fleet could not have it within five seconds.
    expect(expectations.map(({ ok }) => ok)).toEqual([true, false, true, true])
    expect(violations).toEqual([])
  })

  it('shows what a thief reaches, and what a revocation stops', async () => {
    const text = `
scenario: Stolen
run: 60s
fleet: { prod: { count: 20, labels: { env: prod } }, test: { count: 5, labels: { env: test } } }
publishers: { ci: { policies: ["t/*"], nodes: labels.env == 'test' } }
policies: { t/bad: { select: "true" }, p/bad: { select: labels.env == 'prod' } }
events:
  - { at: 1s, steal-key: ci, publishes: t/bad }
  - { at: 2s, steal-key: ci, publishes: p/bad }
  - { at: 20s, revoke: ci }
expect: [{ reached: 20% }, { unauthorised: 0 }]
`
    const { publications, expectations } = await run(text)
    expect(publications.map(({ name, thief, blast }) => [name, thief, blast.touched])).toEqual([
      ['t/bad', true, 5],
      ['p/bad', true, 0],
    ])
    expect(expectations).toMatchObject([{ ok: true, value: 0.2 }, { ok: true }])
  })

  it('is not met by an expectation that cannot be measured', async () => {
    const { expectations } = await run(`${WEB}expect: [{ healed: 1s }, { converged: 1% }]\n`)
    expect(expectations).toMatchObject([
      { ok: false, value: null, found: 'no fault has ended' },
      { ok: false, value: null, found: 'nothing was published' },
    ])
  })

  it('keeps what it has come to when it is stopped', async () => {
    const stop = new AbortController()
    const setup = setupOf(`${WEB}run: 2h\nevents: [{ at: 1s, publish: good }, { at: 110m, heal: all }]\n`)
    const result = await runScenario(setup, AGAIN, {
      signal: stop.signal,
      onSlice: ({ nowMs }) => {
        if (nowMs > 60_000) stop.abort()
        return Promise.resolve()
      },
    })
    expect(result).toMatchObject({ complete: false, publications: [{ converged: 1 }] })
    expect(result.endedMs).toBeLessThan(7_200_000)
  })

  it('acts out every kind of event', async () => {
    const text = `
scenario: A bad day
run: 90s
fleet:
  web: { count: 24, labels: { role: web } }
  late: { count: 3, labels: { role: web } }
publishers: { ops: {}, ci: { nodes: labels.role == 'web' } }
policies: { p: { select: "true" }, q: { select: "true" } }
events:
  - { at: 1s, publish: p, by: ops }
  - { at: 2s, slow-disk: labels.role == 'web', count: 3, takes: 50ms, for: 5s }
  - { at: 3s, skew-clock: node.name == 'web-2', by: +2h, for: 10s }
  - { at: 4s, corrupt-disk: node.name == 'web-3' }
  - { at: 5s, malicious: node.name == 'web-4', do: replay, for: 20s }
  - { at: 5s, malicious: node.name == 'web-5', do: forge, for: 20s }
  - { at: 5s, malicious: node.name == 'web-6', do: junk-signatures, for: 20s }
  - { at: 5s, malicious: node.name == 'web-7', do: flood, for: 20s }
  - { at: 5s, malicious: node.name == 'web-8', do: delay, delay: 1s, for: 20s }
  - { at: 5s, malicious: node.name == 'web-9', do: equivocate, for: 20s }
  - { at: 5s, malicious: node.name == 'web-10', do: lie-about-blobs, for: 20s }
  - { at: 5s, malicious: node.name == 'web-11', do: eclipse, for: 20s }
  - { at: 6s, join: late }
  - { at: 7s, crash: node.name == 'web-12' }
  - { at: 8s, restart: node.name == 'web-12', disk: lose }
  - { at: 9s, leave: node.name == 'web-13' }
  - { at: 10s, publish: q, by: ci }
  - { at: 12s, restore-publisher: ci, from: 5s, publishes: q }
  - { at: 15s, rotate-charter: root }
  - { at: 30s, partition: 30% }
  - { at: 40s, heal: all }
  - { at: 41s, retire: p, by: ops }
expect: [{ unauthorised: 0 }, { lost: 0 }]
`
    const { timeline, expectations, violations } = await run(text)
    const kinds = new Set(timeline.map(({ kind }) => kind))
    for (const kind of [
      'slow-disk',
      'skew-clock',
      'corrupt-disk',
      'malicious',
      'join',
      'crash',
      'restart',
      'leave',
      'restore-publisher',
      'rotate-charter',
      'partition',
      'heal',
      'retire',
    ])
      expect(kinds, kind).toContain(kind)
    expect(violations).toEqual([])
    expect(expectations.every(({ ok }) => ok)).toBe(true)
  })

  it('lets a copied machine be noticed by its original', async () => {
    const text = `
scenario: A copy
run: 4m
fleet: { web: { count: 12 } }
policies: { p: { select: "true" } }
events: [{ at: 90s, clone: node.name == 'web-5' }, { at: 200s, publish: p }]
`
    const { timeline, violations } = await run(text)
    expect(timeline.filter(({ kind }) => kind === 'clone').map(({ text: what }) => what)).toEqual([
      'copied, with the key: 1 node',
      'web-5 notices that another machine works with its key (E_CLONED)',
    ])
    expect(violations).toEqual([])
  })
})
