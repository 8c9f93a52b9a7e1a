import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { heapFlags } from '../cli-tui/sim/heap.ts'
import { compileForFleet, makeWorld, modelMemoryOf } from '../topology-sim/index.ts'
import { hasher } from '../node/crypto.ts'
import { EventQueue } from '../topology-sim/kernel/queue.ts'
import { Random } from '../topology-sim/kernel/random.ts'
import { GossipModel, type GossipEvent, type GossipMessage } from '../topology-sim/network/gossip-model.ts'
import { randomOverlay } from '../topology-sim/network/graph.ts'
import { Links } from '../topology-sim/network/links.ts'
import { GOSSIP_DEFAULTS } from '../topology-sim/network/params.ts'
import { round } from './lib/figures.ts'
import { report } from './lib/results.ts'

/**
 * One policy from publish to all converged, in fleets of 1,000 to 1,000,000 nodes of three regions: real engines over the gossip model,
 * each size in a process of its own. Beside it the bare kernel (as many events, as many pending, nothing done), and the gossip model
 * without engines, which is what a protocol simulator such as PeerSim runs.
 *
 *     npm run bench:sim                  to 100,000 nodes
 *     npm run bench:sim -- --million     to 1,000,000: five minutes more
 *
 * Of sizes to 100,000 the median of three runs. Sizes that are not run keep what an earlier run found.
 *
 * Beacons are off above 256 nodes (everybody would hear everybody). Signatures are a keyed hash: they are made for one record only.
 */
const { values } = parseArgs({
  options: {
    million: { type: 'boolean', default: false },
    max: { type: 'string', default: '100000' },
    of: { type: 'string' },
  },
})

/** PeerSim 1.0.5, event-driven engine, 100,000 nodes: recorded on the machine of this project's trial runs. Events a second. */
const PEERSIM = 1_700_000
/** Runs of a size up to the largest that is run more than once. */
const RUNS = 3
const REPEATED_MAX = 100_000
const SIZES = [1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000]
const AIMS = new Map([
  [100_000, 10_000],
  [1_000_000, 120_000],
])
interface Figures {
  readonly nodes: number
  readonly makeMs: number
  readonly runMs: number
  /** Of the main thread, its collector's pauses included: what an idle machine would need. */
  readonly makeCpuMs: number
  readonly runCpuMs: number
  readonly virtualMs: number
  readonly events: number
  readonly frames: number
  readonly peakMB: number
  readonly bytesPerNode: number
  readonly converged: number
  readonly traceHash: string
  readonly violations: number
  readonly bareMs: number
}

function threadMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

async function one(nodes: number): Promise<Figures> {
  const labels = { role: 'web' }
  const facts = {}
  const { bundle } = compileForFleet('web/site', { select: 'true', resources: {}, set: {} }, undefined, (b) =>
    hasher.sha256(b),
  )
  if (bundle === undefined) throw new Error('the policy does not compile')
  const start = performance.now()
  const startCpu = threadMs()
  const fleet = { size: nodes, at: (node: number) => ({ name: `node-${node}`, labels, facts, region: node % 3 }) }
  const world = makeWorld({ seed: 1, fleet, regions: ['a', 'b', 'c'], beacons: 'off', signatures: 'model' })
  const made = performance.now()
  const madeCpu = threadMs()
  const publication = world.publish(0, bundle)
  const { nowMs } = await world.run({ untilMs: 600_000, when: () => publication.counts.applied === nodes })
  const ran = performance.now()
  const ranCpu = threadMs()
  const peakMB = Math.round(process.resourceUsage().maxRSS / 1024)
  const { frames } = world.network.counters
  return {
    nodes,
    makeMs: Math.round(made - start),
    runMs: Math.round(ran - made),
    makeCpuMs: Math.round(madeCpu - startCpu),
    runCpuMs: Math.round(ranCpu - madeCpu),
    virtualMs: Math.round(nowMs),
    events: world.events,
    frames,
    peakMB,
    bytesPerNode: Math.round((peakMB * 1e6) / nodes),
    converged: publication.counts.applied / nodes,
    traceHash: world.traceHash,
    violations: world.check(true).length,
    bareMs: Math.round(bareKernel(world.events, nodes)),
  }
}

/** As many events with as many pending ones (Jones' hold model, 1986), and nothing done. Milliseconds. */
function bareKernel(events: number, nodes: number): number {
  const queue = new EventQueue()
  const random = new Random(1, 'bare kernel')
  const start = threadMs()
  for (let node = 0; node < nodes; node++) queue.add(random.below(1_000_000), 0, node)
  for (let left = events; left > 0 && queue.next(); left--) queue.add(queue.time + random.below(200_000), 0, queue.a)
  return threadMs() - start
}

/** The model with nodes that accept everything: events and frames a second. */
function gossipAlone(nodes: number, messages: number) {
  const queue = new EventQueue()
  const graph = randomOverlay(nodes, 6, 24, new Random(1, 'overlay'))
  const settings = { latencyUs: [[20_000]], jitter: 0.1, loss: 0, uplink: [Number.POSITIVE_INFINITY] }
  const links = new Links(settings, new Uint8Array(nodes), new Random(1, 'links'))
  let frames = 0
  const counter = { data: () => void frames++, control: () => void frames++ }
  const host = {
    get nowUs() {
      return queue.time
    },
    schedule: (at: number, kind: GossipEvent, node: number, from: number, message: GossipMessage | null) =>
      queue.add(at, kind, node, from, message),
    connected: () => true,
    deliver: () => 'accept' as const,
  }
  const model = new GossipModel(graph, GOSSIP_DEFAULTS, links, new Random(1, 'gossip'), host, counter)
  for (let node = 0; node < nodes; node++) {
    for (let i = 0; i < graph.degree(node); i++)
      if (graph.neighbour(node, i) > node) model.connect(node, graph.neighbour(node, i))
  }
  model.mesh.settle()
  let events = 0
  let delivered = 0
  const start = threadMs()
  for (let i = 0; i < messages; i++) {
    const message = model.publish((i * 7919) % nodes, 600, null)
    // Only this model schedules anything here.
    for (; queue.next(); events++)
      model.handle(queue.kind as GossipEvent, queue.a, queue.b, queue.payload as GossipMessage | null)
    delivered += message.delivered
  }
  const seconds = (threadMs() - start) / 1000
  const perSecond = (count: number): number => Math.round(count / seconds)
  return {
    nodes,
    messages,
    delivered,
    events,
    frames,
    eventsPerSecond: perSecond(events),
    framesPerSecond: perSecond(frames),
  }
}

/** Lines of the last file for other sizes than these. */
function earlier(sizes: readonly number[]): readonly { readonly nodes: number }[] {
  try {
    // Written below.
    const last = JSON.parse(readFileSync('bench/results/sim.json', 'utf8')) as {
      readonly curve: readonly { readonly nodes: number }[]
    }
    return last.curve.filter(({ nodes }) => !sizes.includes(nodes))
  } catch {
    return []
  }
}

/** With the heap that `chorus sim run` gives to such a fleet. */
function inProcess(nodes: number): Figures {
  const flags = [...heapFlags(modelMemoryOf(nodes, 1)), '--max-old-space-size=15000']
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [...flags, import.meta.filename, '--of', String(nodes)],
    {
      encoding: 'utf8',
      maxBuffer: 1 << 24,
    },
  )
  if (status !== 0) throw new Error(`${nodes} nodes: ${stderr.slice(-2000)}`)
  // What this very file prints below.
  return JSON.parse(stdout) as Figures
}

/** The run in the middle, by the time that it took in all: what else goes on in a machine changes that by a third. */
function medianOf(runs: readonly Figures[]): Figures {
  const sorted = runs.toSorted((a, b) => a.makeCpuMs + a.runCpuMs - (b.makeCpuMs + b.runCpuMs))
  const middle = sorted[runs.length >> 1]
  if (middle === undefined) throw new RangeError('no run')
  return middle
}

if (values.of !== undefined) {
  console.log(JSON.stringify(await one(Number(values.of))))
} else {
  const max = values.million ? 1_000_000 : Number(values.max)
  const load = loadavg()[0] ?? 0
  const curve = SIZES.filter((size) => size <= max).map((size) => {
    const figures = medianOf(Array.from({ length: size <= REPEATED_MAX ? RUNS : 1 }, () => inProcess(size)))
    const perSecond = (count: number): number => Math.round((count * 1000) / figures.runCpuMs)
    const totalMs = figures.makeMs + figures.runMs
    const totalCpuMs = figures.makeCpuMs + figures.runCpuMs
    const aimMs = AIMS.get(size)
    const line = {
      ...figures,
      totalMs,
      totalCpuMs,
      eventsPerSecond: perSecond(figures.events),
      framesPerSecond: perSecond(figures.frames),
      bareEventsPerSecond: Math.round((figures.events * 1000) / figures.bareMs),
      timesBareKernel: round(figures.runCpuMs / figures.bareMs),
      ...(aimMs === undefined ? {} : { aimMs, reached: totalMs <= aimMs, reachedByCpu: totalCpuMs <= aimMs }),
    }
    console.error(
      `${size} nodes: ${totalMs} ms (${totalCpuMs} ms of CPU), ${line.eventsPerSecond} events/s, ${figures.peakMB} MB`,
    )
    return line
  })
  const alone = gossipAlone(100_000, 10)
  const all = [...curve, ...earlier(curve.map(({ nodes }) => nodes))].toSorted((a, b) => a.nodes - b.nodes)
  report('sim', {
    note: 'Rates are by CPU time of the main thread, as others used the machine at the same time (see loadBefore); wall times are beside them.',
    loadBefore: round(load),
    curve: all,
    gossipAlone: alone,
    peersim: { eventsPerSecond: PEERSIM, nodes: 100_000, timesFaster: round(alone.eventsPerSecond / PEERSIM) },
  })
}
