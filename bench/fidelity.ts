import { readFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { exactNetwork } from '../topology-sim/index.ts'
import type { Edges } from './fidelity/delayed-mesh.ts'
import { line, randomOverlay } from './fidelity/overlay.ts'
import { writePage } from './fidelity/page.ts'
import { playReal } from './fidelity/real.ts'
import type { Arrivals } from './fidelity/real.ts'
import { apart, figuresOf, meanOf } from './fidelity/sample.ts'
import type { Figure, Figures } from './fidelity/sample.ts'
import { playVirtual } from './fidelity/virtual.ts'
import { report } from './lib/results.ts'

/**
 * How near is the model to the real GossipSub class, and that to real daemons? The same scenario on all three, on the
 * connections that the real ones made: one record at a time, nobody selected, one latency on every link. What a hop through
 * a daemon takes is measured before that, on a line of daemons, and is the only thing that is measured for the simulator.
 *
 *     npm run bench:fidelity                         24 daemons, 10 minutes; wants a machine that does nothing else
 *     npm run bench:fidelity -- --nodes 12 --blocks 1
 *     npm run bench:fidelity -- --virtual            what the last run measured on daemons, against the simulator as it is now
 */
const option = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(`--${name}`)
  return at > 0 ? Number(process.argv[at + 1]) : otherwise
}
const NODES = option('nodes', 24)
const BLOCKS = option('blocks', 3)
/** Of each virtual one. */
const SEEDS = option('seeds', 96)
/** Far above what two busy cores add. */
const LATENCY_MS = 300
/** Connections that each node dials: it ends with up to twice as many. */
const DIALS = 4
const APART_MS = 2_000
const LINE = 6
const LINE_MS = 30_000
const IDLE_MS = 30_000

/** What daemons did, as `report` writes it. */
interface Measured {
  readonly nodes: number
  readonly latencyMs: number
  readonly overlays: readonly Edges[]
  readonly bundleBytes: number
  readonly nodeMs: Figure
  readonly loadAverage: number
  /** Of all cores, by the daemons, while they published. */
  readonly cpuShare: number
  readonly real: Figures
}

const measured = process.argv.includes('--virtual') ? earlier() : await measure()
const setting = { ...measured, nodeMs: measured.nodeMs.mean }
const exact = figuresOf(await playVirtual(setting, SEEDS, await exactNetwork()))
const model = figuresOf(await playVirtual(setting, SEEDS))
const { real } = measured

const distances = (one: Figures, other: Figures) => ({
  meanMs: apart(one.meanMs, other.meanMs),
  p50Ms: apart(one.p50Ms, other.p50Ms),
  p99Ms: apart(one.p99Ms, other.p99Ms),
  hops: apart(one.hops, other.hops),
  copiesPerNode: apart(one.copiesPerNode, other.copiesPerNode),
  bytesPerNode: apart(one.bytesPerNode, other.bytesPerNode),
})
const result = {
  ...measured,
  connections: meanOf(measured.overlays.map((edges) => edges.length)).mean,
  model,
  exact,
  modelToExact: distances(model, exact),
  exactToReal: distances(exact, real),
  aims: { modelToExact: 0.1, exactToReal: 0.1 },
}
report('fidelity', { ...result, overlays: measured.overlays.map((edges) => edges.map(String).join(' ')) })
writePage({ ...result, cores: cpus().length })

async function measure(): Promise<Measured> {
  const timing = { latencyMs: LATENCY_MS, apartMs: APART_MS }
  const through = await playReal({
    ...timing,
    dials: line(LINE),
    blocks: 1,
    blockMs: LINE_MS,
    idleMs: 0,
    varied: false,
  })
  const nodeMs = meanOf(through.arrivals.map(({ ms }) => hopMs(ms) - LATENCY_MS))
  // Every node publishes once in a block.
  const blockMs = (NODES + 2) * APART_MS
  const blocks = { blocks: BLOCKS, blockMs, idleMs: IDLE_MS, varied: true }
  const mesh = await playReal({ ...timing, ...blocks, dials: randomOverlay(NODES, DIALS, 1) })
  const { overlays, costs, bundleBytes, cpuShare } = mesh
  const deliveries = mesh.arrivals.map((arrivals, at) => {
    const ms = mesh.deliveries[at]?.ms ?? []
    return { ms, hops: hopsOf(arrivals, LATENCY_MS + nodeMs.mean) }
  })
  return {
    nodes: NODES,
    latencyMs: LATENCY_MS,
    overlays,
    bundleBytes,
    nodeMs,
    loadAverage: loadavg()[0] ?? 0,
    cpuShare,
    real: figuresOf({ deliveries, costs }),
  }
}

/** From the first node after the publisher to the last one of a line. */
function hopMs(ms: readonly number[]): number {
  return ((ms.at(-1) ?? Number.NaN) - (ms[1] ?? Number.NaN)) / (ms.length - 2)
}

/** A daemon does not tell how far a record came; but a way takes hardly less than its hops and hardly more. */
function hopsOf({ ms }: Arrivals, hop: number): number {
  const hops = ms.filter((at) => !Number.isNaN(at)).map((at) => Math.max(1, Math.round(at / hop)))
  return hops.reduce((sum, each) => sum + each, 0) / hops.length
}

function earlier(): Measured {
  // Written by `report` above.
  const file = JSON.parse(readFileSync('bench/results/fidelity.json', 'utf8')) as Omit<Measured, 'overlays'> & {
    readonly overlays: readonly string[]
  }
  const pair = (text: string): readonly [number, number] => {
    const [a = 0, b = 0] = text.split(',').map(Number)
    return [a, b]
  }
  const { nodes, latencyMs, bundleBytes, nodeMs, loadAverage, cpuShare, real } = file
  const overlays = file.overlays.map((edges) => edges.split(' ').map(pair))
  return { nodes, latencyMs, overlays, bundleBytes, nodeMs, loadAverage, cpuShare, real }
}
