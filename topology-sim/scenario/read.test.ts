import { describe, expect, it } from 'vitest'
import { formatDiagnostic } from '../../policies/index.ts'
import { parseFleet } from './fleet-file.ts'
import { readScenario, type ReadScenario } from './read.ts'

const HEAD = 'scenario: A test\n'
const FLEET = 'fleet:\n  web: { count: 10, labels: { role: web } }\n'

/** `line:column message` of everything that is wrong. */
function problems(text: string, options = {}): string[] {
  return readScenario('s.yaml', text, options).diagnostics.map(
    ({ line, column, message }) => `${line}:${column} ${message}`,
  )
}

function read(text: string): NonNullable<ReadScenario['scenario']> {
  const { scenario, diagnostics } = readScenario('s.yaml', text)
  if (scenario === undefined) throw new Error(diagnostics.map(formatDiagnostic).join('\n'))
  return scenario
}

describe('a scenario file', () => {
  it('needs a title and a fleet, and has defaults for the rest', () => {
    const scenario = read(HEAD + FLEET)
    expect(scenario).toMatchObject({
      scenario: 'A test',
      seed: 1,
      run: 120_000,
      network: 'model',
      regions: { local: { latency: { median: 1, sigma: 0 } } },
      publishers: { ops: { policies: ['*'], nodes: 'true' } },
      overlay: { kind: 'random', dials: 6 },
      events: [],
    })
  })

  it('reads amounts with their units', () => {
    const scenario = read(
      `${HEAD}run: 1m30s\n${FLEET}regions: { a: { latency: { median: 500us, p99: 5ms }, bandwidth: 8Mbit } }\n` +
        'links: { loss: 0.5% }\npolicies: { p: { select: "true", size: 1.5MB, resources: { file/x: { drifts: 24%/d } } } }\n' +
        'events: [{ at: 12.5s, skew-clock: "true", by: -2h }]\n',
    )
    expect(scenario.run).toBe(90_000)
    expect(scenario.regions['a']).toMatchObject({ latency: { median: 0.5 }, bandwidth: 1e6 })
    expect(scenario.regions['a']?.latency.sigma).toBeCloseTo(Math.log(10) / 2.3263, 4)
    expect(scenario.links.loss).toBe(0.005)
    expect(scenario.policies['p']).toMatchObject({ size: 1.5e6, resources: { 'file/x': { drifts: 0.01 } } })
    expect(scenario.events[0]).toMatchObject({ kind: 'skew-clock', atMs: 12_500, more: { by: -7_200_000 } })
  })

  it.each([
    ['events: [{ crash: "true" }]', "4:10 The event 'crash' needs 'at': a time, as in 30s, 1m30s or 500us."],
    ['links: { loss: 0.1 }', "4:16 'loss' must be a share, as in 99% or 0.5%, not '0.1'."],
    ['regions: { a: {} }\nlinks: { matrix: { a: { a: 5ms } } }', "5:28 Links are between regions, not within 'a'."],
    ['overlay: { kind: full }\nfleet: { web/eu: { count: 2 } }', "3:18 'web/eu' cannot be the name of a group."],
    ['overlay: { kind: regular, degree: 1 }', '4:35 Pairs of nodes are no network for 10 of them.'],
    ['policies: { p: { folder: nowhere } }', "4:26 There is no folder 'nowhere'."],
    [
      'beacons: "off"\nevents: [{ at: 1s, clone: "true" }]',
      '5:10 Only beacons give a copy away, and this fleet has none.',
    ],
    [
      'policies: { p: { select: "true" } }\nevents: [{ at: 1s, publish: p, crash: "true", leave: "true" }]',
      '5:10 This is 3 events in one: publish and crash and leave.',
    ],
  ])('says where it is wrong, and in one sentence: %s', (text, problem) => {
    expect(problems(`${HEAD}${text.includes('fleet:') ? '' : FLEET}${text}\n`, { isFolder: () => false })).toEqual([
      problem,
    ])
  })

  it('counts zones for each bandwidth in them', () => {
    const groups = Array.from({ length: 4 }, (_, i) => `  g${i}: { count: 70, bandwidth: ${i + 1}Mbit }\n`).join('')
    expect(problems(`${HEAD}fleet:\n${groups}regions: { a: { zones: 60 } }\n`)).toEqual([
      expect.stringContaining('There are 300 zones'),
    ])
  })

  it('orders events by time, those of one time as they are written', () => {
    const events = 'events:\n  - { at: 9s, heal: all }\n  - { at: 1s, crash: "true" }\n  - { at: 1s, leave: "true" }\n'
    expect(read(HEAD + FLEET + events).events.map(({ kind }) => kind)).toEqual(['crash', 'leave', 'heal'])
  })

  it('takes a fleet in which two peers hold one name, and refuses one that no mesh can have', () => {
    const fleet = (...names: string[]): string =>
      JSON.stringify({ v: 1, kind: 'fleet', mesh: 'm', nodes: names.map((name) => ({ name, labels: {}, facts: {} })) })
    expect(parseFleet(fleet('web~12D3Koo', 'web~12D3Kop'))).toMatchObject({
      nodes: [{ name: 'web.12D3Koo' }, { name: 'web.12D3Kop' }],
    })
    expect(parseFleet(fleet('web', 'db', 'web'))).toBe('two of its nodes are called web')
    expect(parseFleet(fleet('web', 'a b'))).toContain('nodes.1.name: a node has a name of letters')
  })

  it('takes the nodes of an exported fleet', () => {
    const fleet = JSON.stringify({
      v: 1,
      kind: 'fleet',
      mesh: 'm',
      nodes: [{ name: 'a', labels: {}, facts: { cpus: 2 } }],
    })
    const readFile = (path: string): string | undefined => (path === 'f.json' ? fleet : undefined)
    expect(readScenario('s.yaml', `${HEAD}fleet: f.json\n`, { readFile }).scenario?.exported).toEqual([
      { name: 'a', labels: {}, facts: { cpus: 2 }, presence: 'always', dialable: true },
    ])
    expect(problems(`${HEAD}fleet: g.json\n`, { readFile })).toEqual([
      "2:8 The fleet 'g.json' cannot be read: there is no such file.",
    ])
  })
})

describe('what is wrong with a scenario is said at its place', () => {
  const policy = 'policies: { site: { select: "true" } }\n'
  it.each<[what: string, text: string, message: string]>([
    ['an unknown key', `${HEAD}sed: 4\n${FLEET}`, "2:1 A scenario has no 'sed'. Did you mean 'seed'?"],
    [
      'an unknown key of a group',
      `${HEAD}fleet: { web: { count: 1, labls: {} } }\n`,
      "2:27 Group 'web' has no 'labls'. Did you mean 'labels'?",
    ],
    ['zero nodes', `${HEAD}fleet: { web: { count: 0 } }\n`, '2:24 Count must be at least 1.'],
    ['no group', `${HEAD}fleet: {}\n`, '2:8 Fleet must be a map of names, not empty.'],
    ['no fleet', HEAD, '1:1 A scenario needs a fleet.'],
    [
      'a negative time',
      `${HEAD}${FLEET}events: [{ at: -3s, heal: all }]\n`,
      "4:16 'at' must be a time, as in 30s, 1m30s or 500us, not '-3s'. It cannot be negative.",
    ],
    [
      'a time without a unit',
      `${HEAD}run: 30\n${FLEET}`,
      "2:6 'run' must be a time of more than zero, as in 30s or 2h, not '30'.",
    ],
    [
      'no time at all',
      `${HEAD}run: 0s\n${FLEET}`,
      "2:6 'run' must be a time of more than zero, as in 30s or 2h, not '0s'.",
    ],
    [
      'a share over the whole',
      `${HEAD}${FLEET}links: { loss: 120% }\n`,
      "4:16 'loss' must be a share, as in 99% or 0.5%, not '120%'.",
    ],
    [
      'an unknown network',
      `${HEAD}network: modle\n${FLEET}`,
      "2:10 Network must be one of model, exact, not 'modle'. Did you mean 'model'?",
    ],
    [
      'an unknown kind of overlay',
      `${HEAD}${FLEET}overlay: { kind: regulr }\n`,
      "4:18 'kind' must be one of random, regular, small-world, star, full, edges, not 'regulr'. Did you mean 'regular'?",
    ],
    [
      'an unknown event',
      `${HEAD}${FLEET}events: [{ at: 1s, parttion: 10% }]\n`,
      "4:20 No event is called 'parttion'. Did you mean 'partition'?",
    ],
    [
      'two events in one',
      `${HEAD}${FLEET}events: [{ at: 1s, heal: all, crash: "true" }]\n`,
      '4:10 This is two events in one: heal and crash.',
    ],
    [
      'an unknown expectation',
      `${HEAD}${FLEET}expect: [{ convreged: 99% }]\n`,
      "4:12 No expectation is called 'convreged'. Did you mean 'converged'?",
    ],
    [
      'an event after the end',
      `${HEAD}run: 10s\n${FLEET}events: [{ at: 11s, heal: all }]\n`,
      '5:16 This happens at 11 s, after the end of the run.',
    ],
    [
      'a policy that is not there',
      `${HEAD}${FLEET}${policy}events: [{ at: 1s, publish: sit }]\n`,
      "5:29 There is no policy 'sit'. Did you mean 'site'?",
    ],
    [
      'a condition that does not parse',
      `${HEAD}${FLEET}events: [{ at: 1s, crash: "labels.role ==" }]\n`,
      '4:27 The expression does not parse: it ends too early.',
    ],
    [
      'a name that conditions do not have',
      `${HEAD}${FLEET}events: [{ at: 1s, crash: "lables.a == 1" }]\n`,
      "4:27 A selector cannot use 'lables', only labels, facts, node, region, group. Did you mean 'labels'?",
    ],
    [
      'a group nowhere',
      `${HEAD}${FLEET}regions: { a: {}, b: {} }\n`,
      "3:8 Group 'web' does not say in which region it is.",
    ],
    [
      'shares that are not the whole',
      `${HEAD}fleet: { web: { count: 9, mix: { labels.a: { x: 50%, y: 40% } } } }\n`,
      '2:44 The shares of labels.a make 90%, not 100%.',
    ],
    [
      'too many neighbours',
      `${HEAD}${FLEET}overlay: { kind: regular, degree: 10 }\n`,
      '4:35 10 nodes cannot have 10 neighbours each.',
    ],
    [
      'half a connection',
      `${HEAD}fleet: { web: { count: 9 } }\noverlay: { kind: regular, degree: 3 }\n`,
      '3:35 9 nodes cannot all have 3 neighbours: that makes half a connection.',
    ],
    [
      'an edge to nowhere',
      `${HEAD}${FLEET}overlay: { kind: edges, edges: [[0, 1], [1, 12]] }\n`,
      '4:41 There is no node 12: they are 0 to 9.',
    ],
    [
      'two islands',
      `${HEAD}fleet: { web: { count: 4 } }\noverlay: { kind: edges, edges: [[0, 1], [2, 3]] }\n`,
      '3:32 There is no way from node 2 to node 0.',
    ],
    [
      'nobody to dial',
      `${HEAD}fleet: { web: { count: 4, nat: true } }\n`,
      '2:8 Every node is behind NAT, so nobody can be dialled.',
    ],
    [
      'too few to dial',
      `${HEAD}fleet: { hub: { count: 2 }, web: { count: 100, nat: true } }\n`,
      '2:8 100 nodes are behind NAT and the other 2 have room for 48 of them.',
    ],
    [
      'a fleet for the exact network',
      `${HEAD}network: exact\nfleet: { web: { count: 9000 } }\n`,
      '2:10 The exact network holds at most 5000 nodes, not 9000.',
    ],
    ['a list that is a map', `${HEAD}${FLEET}events: { at: 1s }\n`, '4:9 Events must be a list, not a map.'],
    [
      'a backup of the future',
      `${HEAD}${FLEET}${policy}events: [{ at: 1s, restore-publisher: ops, from: 2s, publishes: site }]\n`,
      '5:50 A backup cannot be newer than its restoration.',
    ],
    [
      'no YAML',
      `${HEAD}fleet: [\n`,
      '3:1 Flow sequence in block collection must be sufficiently indented and end with a ].',
    ],
  ])('%s', (_, text, message) => {
    expect(problems(text)[0]).toBe(message)
  })

  it('everything at once, in the order of the file', () => {
    expect(problems(`${HEAD}seed: x\nfleet: { web: { count: 0 } }\nregions: { a: { latency: 5 } }\n`)).toHaveLength(3)
  })

  it('never throws for what a file can contain', () => {
    for (const text of [
      '',
      '- 1',
      'null',
      '"x"',
      'scenario: [1]',
      'fleet: 3',
      'fleet: { a: [] }',
      '&a [*a]',
      'events: [[], 3, null]',
    ])
      expect(readScenario('s.yaml', text).scenario).toBeUndefined()
  })
})
