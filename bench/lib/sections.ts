/** One line of a table: where the figure is in the result, as names joined by dots. */
export interface Row {
  readonly what: string
  readonly path: string
  readonly unit?: string
  readonly aim?: string
}

/** The sections of docs/performance.md, one for each `npm run bench:*` that has figures to show. */
export const SECTIONS: readonly { readonly bench: string; readonly rows: readonly Row[] }[] = [
  {
    bench: 'spread',
    rows: [
      { what: 'verified on the last of 30 nodes', path: 'chorus.lastMs', unit: 'ms' },
      { what: 'verified on the first other node', path: 'chorus.firstMs', unit: 'ms' },
      { what: 'serf: the last of 30 agents', path: 'serf.lastMs', unit: 'ms' },
      { what: 'last node, of serf in the same run', path: 'lastToSerf', aim: 'at most 0.1' },
      { what: 'versions that did not arrive', path: 'chorus.misses', aim: '0' },
      { what: 'bytes that a node receives for one version', path: 'chorus.bytesReceivedPerVersion' },
      { what: 'of the floor (record and bundle once)', path: 'chorus.timesTheFloor', aim: 'at most 3' },
      { what: 'copies of the record by gossip', path: 'chorus.gossipCopiesPerVersion' },
      { what: 'bytes a second of an idle node with these neighbours', path: 'chorus.idleBytesPerSecond' },
      { what: 'resident memory of a node', path: 'chorus.rssMb', unit: 'MB' },
    ],
  },
  {
    bench: 'blob',
    rows: [
      { what: '100 MB verified on the last of 10 peers', path: 'chorus.verifiedSeconds', unit: 's' },
      { what: 'the same, and written to its place on all', path: 'chorus.appliedSeconds', unit: 's' },
      { what: "aria2's swarm", path: 'aria2.seconds', unit: 's' },
      { what: 'of aria2 in the same run', path: 'ratioToAria2', aim: 'at most 1' },
      { what: 'bundles that the seed sent', path: 'chorus.bundlesSentBySeed', aim: 'at most 1.5' },
      { what: 'CPU of all eleven nodes, writing included', path: 'chorus.cpuSecondsOfAll', unit: 's' },
    ],
  },
  {
    bench: 'idle',
    rows: [
      { what: 'resident memory, 10 neighbours', path: 'rssMb', unit: 'MB', aim: 'at most 90 MB' },
      { what: 'of that its own, not shared with other Node processes', path: 'ownMb', unit: 'MB' },
      { what: 'CPU, % of a core', path: 'cpuPercentOfACore', aim: 'at most 0.5' },
      { what: '`chorus status` beyond an empty Node', path: 'statusBeyondNodeMs', unit: 'ms', aim: 'at most 150 ms' },
    ],
  },
  {
    bench: 'converge',
    rows: [
      { what: 'one-shot, 1,000 files cold, of cf-agent', path: 'ratios.onceCold', aim: 'at most 1.0' },
      { what: 'one-shot, nothing to do, of cf-agent', path: 'ratios.onceNothing', aim: 'at most 1.2' },
      { what: 'daemon, nothing to do, of cf-agent', path: 'ratios.residentNothing', aim: 'at most 0.15' },
      { what: 'a drifted file repaired by the daemon', path: 'resident.repairMs', unit: 'ms', aim: 'at most 100 ms' },
      { what: 'cf-agent cold', path: 'once.cfengine3.cold', unit: 'ms' },
      { what: 'cf-agent nothing to do', path: 'once.cfengine3.nothing', unit: 'ms' },
      { what: 'chorus converge (folder) cold', path: 'once.chorus converge (folder).cold', unit: 'ms' },
      { what: 'chorus converge (folder) nothing to do', path: 'once.chorus converge (folder).nothing', unit: 'ms' },
      { what: 'puppet apply cold', path: 'once.puppet-agent.cold', unit: 'ms' },
      { what: 'puppet apply nothing to do', path: 'once.puppet-agent.nothing', unit: 'ms' },
      { what: 'daemon nothing to do', path: 'resident.nothingMs', unit: 'ms' },
      { what: 'an empty Node starts and ends', path: 'emptyNodeMs', unit: 'ms' },
    ],
  },
  {
    bench: 'policy',
    rows: [
      { what: 'compile 1,000 resources with 3 layers', path: 'figures.0.ms', unit: 'ms', aim: 'at most 200 ms' },
      { what: 'compile 10,000 resources', path: 'figures.1.ms', unit: 'ms', aim: 'at most 2,000 ms' },
      { what: 'select over the labels of 100,000 nodes', path: 'figures.2.ms', unit: 'ms', aim: 'at most 100 ms' },
      { what: "resolve one node's 1,000 resources", path: 'figures.3.ms', unit: 'ms', aim: 'at most 20 ms' },
    ],
  },
  {
    bench: 'tui',
    rows: [
      { what: 'CPU of a frame, moving the cursor', path: 'cursor.cpuMsPerFrame', unit: 'ms', aim: 'at most 10 ms' },
      { what: 'CPU of a frame, paging', path: 'scroll.cpuMsPerFrame', unit: 'ms', aim: 'at most 10 ms' },
      {
        what: 'CPU of a frame when 1 % of the nodes change',
        path: 'changeOfOnePercent.cpuMsPerFrame',
        unit: 'ms',
        aim: 'at most 10 ms',
      },
      { what: 'share of the screen that a move redraws', path: 'redrawn' },
      { what: 'memory of the terminal UI at its most', path: 'memoryMb.peak', unit: 'MB', aim: 'at most 120 MB' },
    ],
  },
  {
    bench: 'beacons',
    rows: [100, 300, 1000, 2000].flatMap((nodes) => [
      { what: `${nodes} nodes: bytes that a node sends in a minute`, path: `n${nodes}.bytesPerNodeMinute` },
      { what: `${nodes} nodes: a death is seen (median)`, path: `n${nodes}.deathMs.p50`, unit: 'ms' },
      { what: `${nodes} nodes: seen by the last observer`, path: `n${nodes}.deathMs.max`, unit: 'ms' },
      { what: `${nodes} nodes: it is back (median)`, path: `n${nodes}.backMs.p50`, unit: 'ms' },
      { what: `${nodes} nodes: back for the last observer`, path: `n${nodes}.backMs.max`, unit: 'ms' },
      { what: `${nodes} nodes: living nodes called dead, of all looks`, path: `n${nodes}.falseAlarms`, aim: '0' },
    ]),
  },
  {
    bench: 'sim',
    rows: [
      ...[1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000].flatMap((nodes) =>
        growth(nodes, `curve.nodes=${nodes}`),
      ),
      { what: 'the gossip model alone, 100,000 nodes', path: 'gossipAlone.eventsPerSecond', unit: 'events/s' },
      { what: 'frames that it stands for', path: 'gossipAlone.framesPerSecond', unit: 'frames/s' },
      { what: 'PeerSim, 100,000 nodes, recorded', path: 'peersim.eventsPerSecond', unit: 'events/s' },
      { what: 'the gossip model alone, of PeerSim', path: 'peersim.timesFaster' },
    ],
  },
  {
    bench: 'fidelity',
    rows: [
      ...away('model from exact', 'modelToExact'),
      ...away('exact from real daemons', 'exactToReal'),
      { what: 'delivery on daemons, mean', path: 'real.meanMs.mean', unit: 'ms' },
      { what: 'a hop through a daemon, beyond its link', path: 'nodeMs.mean', unit: 'ms' },
      { what: 'CPU of all cores, by the daemons', path: 'cpuShare', unit: '%' },
    ],
  },
  {
    bench: 'mutants',
    rows: [
      { what: 'rules of the engine taken out, one at a time', path: 'total' },
      { what: 'of those that a seed noticed', path: 'killed', aim: 'all' },
      { what: 'seeds played for each, at most', path: 'seedsAtMost' },
    ],
  },
]

function growth(nodes: number, path: string): readonly Row[] {
  const size = nodes.toLocaleString('en-US')
  const aims = new Map([
    [100_000, { time: 'at most 10,000 ms', memory: '' }],
    [1_000_000, { time: 'at most 120,000 ms', memory: 'at most 16,000 MB' }],
  ])
  const aim = aims.get(nodes)
  const aimed = (text: string | undefined) => (text === undefined || text === '' ? {} : { aim: text })
  return [
    {
      what: `${size} nodes: published to all converged, CPU`,
      path: `${path}.totalCpuMs`,
      unit: 'ms',
      ...aimed(aim?.time),
    },
    {
      what: `${size} nodes: events of real engines`,
      path: `${path}.eventsPerSecond`,
      unit: 'events/s',
      aim: '5,000,000',
    },
    { what: `${size} nodes: of the bare kernel's time`, path: `${path}.timesBareKernel`, unit: 'times' },
    { what: `${size} nodes: memory at its most`, path: `${path}.peakMB`, unit: 'MB', ...aimed(aim?.memory) },
  ]
}

function away(what: string, path: string): readonly Row[] {
  const figures = [
    ['delivery, mean', 'meanMs'],
    ['delivery, p50', 'p50Ms'],
    ['delivery, p99', 'p99Ms'],
    ['hops', 'hops'],
    ['copies a node', 'copiesPerNode'],
    ['bytes a node', 'bytesPerNode'],
  ]
  return figures.map(([name, key]) => ({
    what: `${what}: ${name}`,
    path: `${path}.${key}`,
    unit: '%',
    aim: 'within 10 %',
  }))
}
