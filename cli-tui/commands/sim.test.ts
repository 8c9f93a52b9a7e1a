import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chorus, type Ran } from '../testing/world.ts'

const dir = mkdtempSync(join(tmpdir(), 'chorus-sim-'))
afterAll(() => rmSync(dir, { recursive: true }))
const sim = (...argv: string[]): Promise<Ran> => chorus(['sim', ...argv], { cwd: dir })
const scenario = (name: string, text: string): string => {
  writeFileSync(join(dir, name), text)
  return name
}

const SMALL = `scenario: A small fleet
fleet: { web: { count: 20, labels: { role: web } } }
policies: { site: { folder: site } }
events: [{ at: 1s, publish: site }]
expect: [{ converged: 100%, within: 10s }]
`
const FLEET = {
  v: 1,
  kind: 'fleet',
  mesh: 'm',
  nodes: ['11', '12', '11', '12', '12', '12'].map((version, i) => ({
    name: `host-${i + 1}`,
    labels: { role: 'web' },
    facts: { os: { version } },
  })),
}

beforeAll(async () => {
  mkdirSync(join(dir, 'site'))
  writeFileSync(
    join(dir, 'site', 'policy.yaml'),
    'policy: web/site\nselect: labels.role == \'web\'\nresources:\n  file/index: { path: /srv/index.html, content: "hello\\n" }\n',
  )
  writeFileSync(join(dir, 'fleet.json'), JSON.stringify(FLEET))
  scenario('small.yaml', SMALL)
  // What each version is measured by makes 1.5 TB of 1.5 million nodes.
  scenario('many.yaml', SMALL.replace('{ at: 1s, publish: site }', '{ at: 1s, publish: site }, '.repeat(2_000)))
  const ran = await sim('run', 'small.yaml', '--report', 'out')
  expect([ran.code, ran.err]).toEqual([0, expect.stringContaining('report.html')])
})

describe('chorus sim run', () => {
  it('says what came of it, with a plot, and nothing moves off a terminal', async () => {
    const { code, out, err } = await sim('run', 'small.yaml')
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/^A small fleet\nseed 1 · 20 nodes · model network/)
    expect(out).toMatch(/site +ops +1 s +20 +100% +100%/)
    expect(out).toContain('✓ at least 100% converged within 10 s: 100%')
    expect(out).toContain('100% ┤')
    const bars = [...(/^Connections a node.*\n((?: {2}.*\n)+)/m.exec(out)?.[1] ?? '').matchAll(/ (\d+)$/gm)]
    expect(bars.reduce((sum, [, nodes]) => sum + Number(nodes), 0)).toBe(20)
  })

  it('makes a larger fleet of an exported one', async () => {
    const ran = await sim('run', 'small.yaml', '--fleet', 'fleet.json', '--nodes', '40')
    expect([ran.code, ran.err]).toEqual([0, ''])
    expect(ran.out).toContain('40 nodes')
  })

  it('says that a fleet has no places in a scenario of several regions, unless they match it', async () => {
    const regions = (match: string): string => `${SMALL}regions: { eu: { ${match} }, us: {} }\n`
    const fleet = 'fleet: { web: { count: 20, labels: { role: web }, region: eu } }'
    const text = (match: string): string => regions(match).replace(/^fleet: .*$/m, fleet)
    scenario('places.yaml', text(''))
    const ran = await sim('run', 'places.yaml', '--fleet', 'fleet.json')
    expect(ran.err).toContain(
      'All nodes of the fleet are in region eu, as no region says which of them it has (eu, us).',
    )
    expect((await sim('run', 'places.yaml')).err).toBe('')
    scenario('matched.yaml', text("match: facts.os.version == '11'"))
    expect((await sim('run', 'matched.yaml', '--fleet', 'fleet.json')).err).toBe('')
  })

  it('leaves a run, tables and a page behind', () => {
    expect(readdirSync(join(dir, 'out')).toSorted()).toEqual([
      'convergence.csv',
      'failed-hosts.csv',
      'publications.csv',
      'regions.csv',
      'report.html',
      'run.json',
      'timeline.csv',
    ])
  })

  it('prints one versioned document with --json, the same for the same seed', async () => {
    const one = JSON.parse((await sim('run', 'small.yaml', '--json')).out)
    expect(one).toMatchObject({ v: 1, kind: 'sim-run', seed: 1, complete: true, expectations: [{ ok: true, line: 5 }] })
    expect(one.traceHash).toBe(JSON.parse(readFileSync(join(dir, 'out', 'run.json'), 'utf8')).traceHash)
    const other = JSON.parse((await sim('run', 'small.yaml', '--seed', '9', '--nodes', '12', '--json')).out)
    expect(other).toMatchObject({ seed: 9, nodes: 12 })
    expect(other.traceHash).not.toBe(one.traceHash)
  })

  it('exits with 3 when an expectation is not met', async () => {
    scenario('hard.yaml', SMALL.replace('within: 10s', 'within: 1ms'))
    const { code, out } = await sim('run', 'hard.yaml')
    expect([code, out]).toEqual([3, expect.stringContaining('✗ at least 100% converged within 0.001 s: 0%')])
  })

  it('tries my next policy on my fleet: who is hit if it fails there?', async () => {
    const ran = await sim(
      'run',
      'small.yaml',
      '--fleet',
      'fleet.json',
      '--policy',
      'site',
      '--fail',
      "facts.os.version == '11'",
      '--json',
    )
    const { nodes, publications } = JSON.parse(ran.out)
    expect([ran.code, nodes]).toEqual([3, 6])
    const hosts = publications[0].blast.hosts.map(({ name }: { readonly name: string }) => name).sort()
    expect([publications[0].failed, hosts]).toEqual([2, ['host-1', 'host-3']])
  })

  it('says so if what was to fail is true of no node', async () => {
    const { code, err } = await sim('run', 'small.yaml', '--fail', "node.name == 'nobody'")
    expect([code, err]).toEqual([0, expect.stringContaining('was true of no node')])
  })

  it('runs several seeds in threads, with intervals', async () => {
    const { code, out } = await sim('run', 'small.yaml', '--seeds', '1..3', '--jobs', '2', '--report', 'seeds')
    expect([code, out]).toEqual([0, expect.stringMatching(/FIGURE \(3 runs\) +MEAN +95%/)])
    expect(out).toMatch(/site: applied p99 .* ± /)
    for (const seed of [1, 2, 3]) expect(existsSync(join(dir, 'seeds', `seed-${seed}`, 'report.html'))).toBe(true)
    const merged = await sim('compare', 'seeds')
    expect([merged.code, merged.out]).toEqual([0, expect.stringContaining('A small fleet (20 nodes, 3 seeds)')])
  })

  it.each<[what: string, argv: readonly string[], code: number, said: RegExp]>([
    [
      'a scenario that is not there',
      ['lan-10'],
      1,
      /E_NOT_FOUND: there is no file and no ready scenario "lan-10"\. Did you mean lan-100\?/,
    ],
    ['a seed that is none', ['small.yaml', '--seed', '-1'], 2, /E_USAGE/],
    ['seeds that are no range', ['small.yaml', '--seeds', '5..1'], 2, /E_USAGE: --seeds wants a range such as 1\.\.8/],
    ['zero nodes', ['small.yaml', '--nodes', '0'], 2, /E_USAGE: --nodes wants a whole number of at least 1/],
    ['a condition that does not parse', ['small.yaml', '--fail', 'facts.os =='], 2, /E_USAGE: --fail: /],
    ['a policy folder that is not there', ['small.yaml', '--policy', 'sit'], 1, /E_SOURCE/],
    [
      'a fleet that is none',
      ['small.yaml', '--fleet', 'small.yaml'],
      1,
      /E_SCENARIO: small\.yaml cannot be used as a fleet: it is not JSON/,
    ],
    [
      'more nodes than there can be',
      ['small.yaml', '--nodes', '2000000'],
      2,
      /E_USAGE: --nodes 2000000 does not fit this scenario: a simulation has at most 1,500,000 nodes, not 2,000,000/,
    ],
    [
      'more memory than there is',
      ['many.yaml', '--nodes', '1500000'],
      1,
      /E_MEMORY: this run needs about .* of memory, and .* are free\n +Use --nodes \d+/,
    ],
  ])('refuses %s', async (_, argv, code, said) => {
    const ran = await sim('run', ...argv)
    expect([ran.code, ran.err]).toEqual([code, expect.stringMatching(said)])
  })

  it('shows every mistake of a scenario with its place, and those of a policy with theirs', async () => {
    scenario('wrong.yaml', SMALL.replace('count: 20', 'cont: 20').replace('at: 1s', 'at: -1s'))
    const wrong = await sim('run', 'wrong.yaml')
    expect([wrong.code, wrong.err]).toEqual([
      1,
      expect.stringContaining("wrong.yaml:2:17: Group 'web' has no 'cont'. Did you mean 'count'?"),
    ])
    expect(wrong.err).toContain("wrong.yaml:4:16: 'at' must be a time")
    expect(wrong.err).toContain('E_SCENARIO: wrong.yaml has 3 mistakes, shown above')
    mkdirSync(join(dir, 'bad'))
    writeFileSync(
      join(dir, 'bad', 'policy.yaml'),
      'policy: web/bad\nselect: "true"\nresources:\n  file/x: { pth: /x }\n',
    )
    const bad = await sim('run', 'small.yaml', '--policy', 'bad')
    expect([bad.code, bad.err]).toEqual([
      1,
      expect.stringContaining("bad/policy.yaml:4:13: file/x: there is no attribute 'pth'"),
    ])
    expect(bad.err).toContain('E_POLICY: bad has ')
  })

  it('ends early at Ctrl-C and keeps what it has come to', async () => {
    scenario('long.yaml', SMALL.replace('at: 1s', 'at: 100m').replace('fleet:', 'run: 2h\nfleet:'))
    const stop = AbortSignal.abort()
    const ran = await chorus(['sim', 'run', 'long.yaml', '--report', 'partial'], { cwd: dir, signal: stop })
    expect([ran.code, ran.err]).toEqual([1, expect.stringContaining('stopped before the end')])
    expect(JSON.parse(readFileSync(join(dir, 'partial', 'run.json'), 'utf8')).complete).toBe(false)
    expect(ran.out).toContain('what follows is partial')
  })
})

describe('Ctrl-C while many nodes are made', () => {
  it('ends it, and says that there is nothing to report', async () => {
    scenario('many.yaml', SMALL)
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 200)
    const ran = await chorus(['sim', 'run', 'many.yaml', '--nodes', '300000'], { cwd: dir, signal: stop.signal })
    expect([ran.code, ran.out]).toEqual([1, ''])
    expect(ran.err).toContain('stopped while the nodes were made')
  })
})

describe('chorus sim replay', () => {
  it('gives the same run again, to its end', async () => {
    const { code, out } = await sim('replay', 'out/run.json')
    expect([code, out]).toEqual([0, expect.stringContaining('the same run to its end')])
  })

  it('stops at a time, and shows the whole state of a node', async () => {
    const early = JSON.parse((await sim('replay', 'out/run.json', '--at', '0.5s', '--node', '7', '--json')).out)
    expect(early).toMatchObject({ atMs: 500, same: null, node: { name: 'web-8', node: 7, status: 'up', policies: [] } })
    const late = JSON.parse((await sim('replay', 'out/run.json', '--at', '3s', '--node', 'web-8', '--json')).out)
    expect(late.node.policies).toMatchObject([{ policy: 'web/site', state: 'ok' }])
    expect(late.events.length).toBeGreaterThan(3)
    const { out } = await sim('replay', 'out/run.json', '--at', '3s', '--node', 'web-8')
    expect(out).toMatch(/^ledger +\d+ records, digest \w{10}, 0 pending, 0 held, 0 gaps$/m)
  })

  it('follows one record', async () => {
    const id: string = JSON.parse(readFileSync(join(dir, 'out', 'run.json'), 'utf8')).publications[0].version
    const { events, seen } = JSON.parse(
      (await sim('replay', 'out/run.json', '--record', id.slice(0, 20), '--limit', '5', '--json')).out,
    )
    expect(events).toHaveLength(5)
    expect(seen).toBeGreaterThan(20)
    expect(new Set(events.map(({ record }: { readonly record: string }) => record))).toEqual(new Set([id]))
  })

  it.each<[argv: readonly string[], said: RegExp]>([
    [['none.json'], /E_NOT_FOUND/],
    [['small.yaml'], /E_RUN_FILE/],
    [
      ['out/run.json', '--node', 'web-88'],
      /E_NOT_FOUND: no node of this fleet is called "web-88"; did you mean "web-8"\?/,
    ],
    [['out/run.json', '--at', '-5s'], /E_USAGE: --at wants a time/],
  ])('refuses %s', async (argv, said) => {
    expect((await sim('replay', ...argv)).err).toMatch(said)
  })

  it('says when the scenario is not what it was', async () => {
    scenario('moving.yaml', SMALL)
    await sim('run', 'moving.yaml', '--report', 'moving')
    scenario('moving.yaml', SMALL.replace('count: 20', 'count: 21'))
    const { code, err } = await sim('replay', 'moving/run.json')
    expect([code, err]).toEqual([3, expect.stringContaining('is not what it was in that run')])
  })
})

describe('chorus sim compare', () => {
  it('says what got better or worse', async () => {
    scenario('slow.yaml', SMALL.replace('policies:', 'regions: { far: { latency: 200ms } }\npolicies:'))
    await sim('run', 'slow.yaml', '--seeds', '1,2,3', '--report', 'slow')
    const { code, out, err } = await sim('compare', 'seeds', 'slow')
    expect(code).toBe(0)
    expect(out).toMatch(/site: delivered p50 .* ± .* worse/)
    expect(out).toMatch(/\d+ figures? better, \d+ worse, \d+ the same/)
    expect(err).toBe('')
    const single = await sim('compare', 'out/run.json', 'slow/seed-1/run.json', '--json')
    expect(JSON.parse(single.out).figures[0]).toMatchObject({
      verdict: expect.any(String),
      difference: { plusMinus: null },
    })
  })
})

describe('chorus sim list and schema', () => {
  it('list the ready scenarios, and print the schema', async () => {
    const { out } = await sim('list')
    expect(out).toMatch(/three-regions +Three regions of 10,000 machines get a new web site/)
    const schema = JSON.parse((await sim('schema')).out)
    expect(Object.keys(schema.properties)).toEqual(expect.arrayContaining(['fleet', 'regions', 'events', 'expect']))
  })
})
