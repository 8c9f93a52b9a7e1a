import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { exactNetwork } from '../topology-sim/index.ts'
import { playReal } from './fidelity/real.ts'
import { apart, figuresOf } from './fidelity/sample.ts'
import type { Figure, Figures } from './fidelity/sample.ts'
import { playVirtual } from './fidelity/virtual.ts'
import type { Setting } from './fidelity/virtual.ts'
import { report } from './lib/results.ts'

/**
 * How near is the model to the real GossipSub class, and that to real daemons? The same scenario on all three, on the
 * connections that the real ones made: one record at a time from node 0, nobody selected, one latency on every link.
 * Usage: node bench/fidelity.ts [nodes] [seeds of each virtual one] [--virtual | --real-from FILE]
 */
const NODES = Number(process.argv[2] ?? 20)
const SEEDS = Number(process.argv[3] ?? 60)
/** Far above what two busy cores add. */
const LATENCY_MS = 250

/** What an earlier run measured on daemons, which takes ten minutes: `--real-from bench/results/fidelity.json`. */
interface Measured {
  readonly real: Figures
  readonly edges: Setting['edges']
  readonly bundleBytes: number
  readonly loadAverage: number
}
const from = process.argv.indexOf('--real-from')
const measured = from > 0 ? earlier(process.argv[from + 1] ?? '') : await measure()
const setting: Setting = {
  nodes: NODES,
  edges: measured?.edges ?? ringAndChords(NODES),
  latencyMs: LATENCY_MS,
  bundleBytes: measured?.bundleBytes ?? 700,
}
const load = measured?.loadAverage ?? loadavg()[0] ?? 0
const exact = figuresOf(await playVirtual(setting, SEEDS, await exactNetwork()))
const model = figuresOf(await playVirtual(setting, SEEDS))
const daemons = measured?.real ?? null

const distances = (one: Figures, other: Figures) => ({
  meanMs: apart(one.meanMs, other.meanMs),
  p50Ms: apart(one.p50Ms, other.p50Ms),
  p99Ms: apart(one.p99Ms, other.p99Ms),
  hops: apart(one.hops, other.hops),
  copiesPerNode: apart(one.copiesPerNode, other.copiesPerNode),
  bytesPerNode: apart(one.bytesPerNode, other.bytesPerNode),
})
report('fidelity', {
  nodes: NODES,
  connections: setting.edges.length,
  edges: setting.edges,
  bundleBytes: setting.bundleBytes,
  latencyMs: LATENCY_MS,
  loadAverage: load,
  model,
  exact,
  real: daemons ?? 'not run',
  modelToExact: distances(model, exact),
  exactToReal: daemons === null ? null : distances(exact, daemons),
  aims: { modelToExact: 0.1, exactToReal: 0.1 },
})
mkdirSync('docs', { recursive: true })
writeFileSync('docs/fidelity.md', page())

async function measure(): Promise<Measured | null> {
  if (process.argv.includes('--virtual')) return null
  const real = await playReal(NODES, LATENCY_MS)
  const { edges, bundleBytes } = real
  return { real: figuresOf(real), edges, bundleBytes, loadAverage: loadavg()[0] ?? 0 }
}

function earlier(path: string): Measured {
  // Written by `report` below.
  return JSON.parse(readFileSync(path, 'utf8')) as Measured
}

function page(): string {
  const cell = (figure: Figure | null | undefined): string =>
    figure === null || figure === undefined ? '' : `${figure.mean.toFixed(2)} ± ${figure.within.toFixed(2)}`
  const row = (name: string, pick: (figures: Figures) => Figure | null): string => {
    const far = apart(pick(model), pick(exact))
    const real = daemons === null ? null : apart(pick(exact), pick(daemons))
    const percent = (share: number | null): string => (share === null ? '' : `${(share * 100).toFixed(1)} %`)
    const columns = [cell(pick(model)), cell(pick(exact)), daemons === null ? '' : cell(pick(daemons))]
    return `| ${[name, ...columns, percent(far), percent(real)].join(' | ')} |`
  }
  return `# Fidelity

How near the simulator is to what it simulates: the same scenario on the model, on the real GossipSub class under virtual time, and on
real daemons behind proxies that delay everything by ${LATENCY_MS} ms. ${NODES} nodes with the ${setting.edges.length} connections that the daemons made, one record at a
time, nobody selected. Mean over ${SEEDS} seeds (${daemons?.publishes ?? 0} publishes on daemons) with its 95 % confidence interval. Written by \`npm run bench:fidelity\`; the
figures with the machine are in \`bench/results/fidelity.json\`.

| | model | exact | real | model to exact | exact to real |
|---|---|---|---|---|---|
${row('delivery, mean (ms)', ({ meanMs }) => meanMs)}
${row('delivery, p50 (ms)', ({ p50Ms }) => p50Ms)}
${row('delivery, p99 (ms)', ({ p99Ms }) => p99Ms)}
${row('hops', ({ hops }) => hops)}
${row('copies a node', ({ copiesPerNode }) => copiesPerNode)}
${row('bytes a node', ({ bytesPerNode }) => bytesPerNode)}

Bytes are all that come because of a publish (gossip, its control, sync, the bundle of ${setting.bundleBytes} bytes), less what comes when nothing is published; with all
headers in the simulator, without those of TCP and IP on real daemons. On real daemons time begins one latency before the first arrival, so that
the publisher's disk is left out; they do not tell hops. The machine had a load of ${load.toFixed(1)} on ${cpus().length} cores while they ran${load > cpus().length ? ': it, and not the network, is what made them late' : ''}.
`
}

/** Without real daemons: a ring, and three chords for each node. */
function ringAndChords(nodes: number): [number, number][] {
  const edges: [number, number][] = []
  for (let node = 0; node < nodes; node++) {
    for (const step of [1, 3, 7]) if (step * 2 < nodes) edges.push([node, (node + step) % nodes])
  }
  return edges
}
