import { makeWorld } from '../../topology-sim/index.ts'
import type { NetworkFactory, PolicyBundle } from '../../topology-sim/index.ts'
import type { Edges } from './delayed-mesh.ts'
import { NOBODY } from './sample.ts'
import type { Cost, Delivery, Sample } from './sample.ts'

/** The scenario that all three play: records of one size, one at a time, over links of one latency. */
export interface Setting {
  readonly nodes: number
  /** One for each mesh of daemons; worlds take them in turns. */
  readonly overlays: readonly Edges[]
  readonly latencyMs: number
  /** What a daemon takes for each hop, as measured. */
  readonly nodeMs: number
  readonly bundleBytes: number
}

/** No node is selected: the record alone is what spreads. */
const BUNDLE: PolicyBundle = {
  policy: 'bench/fidelity',
  selector: NOBODY,
  after: [],
  onFork: 'newest',
  uses: [],
  cid: 'bafyreihy32nmkzrqs7khmd75k262vcwvsrljhtvx4ua4zotud7vlusux7y',
  size: 1000,
  byName: false,
  resourcesOf: () => [],
}

/** One world for each seed, one publish in it, by another node each time. */
export async function playVirtual(setting: Setting, seeds: number, network?: NetworkFactory): Promise<Sample> {
  const deliveries: Delivery[] = []
  const costs: Cost[] = []
  for (let seed = 1; seed <= seeds; seed++) {
    const { delivery, cost } = await publishOnce(setting, seed, network)
    deliveries.push(delivery)
    costs.push(cost)
  }
  return { deliveries, costs }
}

async function publishOnce(setting: Setting, seed: number, network?: NetworkFactory) {
  const { nodes, overlays, latencyMs, nodeMs, bundleBytes } = setting
  const [publisher, before] = [seed % nodes, (seed + 1) % nodes]
  const world = makeWorld({
    seed,
    fleet: { size: nodes, at: (node) => ({ name: `n${node}`, labels: {}, facts: {}, region: 0 }) },
    signatures: 'model',
    grants: [publisher, before].map((holder) => ({ holder, grant: {} })),
    beacons: 'off',
    overlay: { kind: 'edges', edges: overlays[seed % overlays.length] ?? [] },
    links: { latencyMs: [[latencyMs]], jitter: 0, nodeMs },
    ...(network === undefined ? {} : { network }),
  })
  // Received by a node: what one sends another receives.
  const spent = (): number => {
    const bytes = Object.values(world.measure().bytesBy).reduce((sum, each) => sum + each, 0)
    return (bytes - HEADER_BYTES * world.network.counters.frames) / nodes
  }
  await world.run(SPAN_MS)
  const start = spent()
  await world.run(2 * SPAN_MS)
  const idle = spent() - start
  // A version names the one before it, and finds streams open.
  world.publish(before, { ...BUNDLE, size: bundleBytes })
  await world.run(3 * SPAN_MS)
  const already = spent()
  const publication = world.publish(publisher, { ...BUNDLE, size: bundleBytes, cid: SECOND })
  await world.run(4 * SPAN_MS)
  // Also brings hops and copies up to date.
  const bytes = spent() - already - idle
  const ms = [...publication.knownMs]
    .filter((_, node) => node !== publisher)
    .map((at) => at - (publication.publishedMs ?? 0))
  const hops = [...publication.hops].filter((hop) => hop > 0)
  const delivery = {
    ms: ms.toSorted((a, b) => a - b),
    hops: hops.reduce((sum, hop) => sum + hop, 0) / Math.max(1, hops.length),
  }
  return { delivery, cost: { copies: publication.copies / nodes, bytes } }
}

/** Whole rounds of periodic sync, and the heartbeats that tell of a record. */
const SPAN_MS = 60_000
/** TCP and IP with timestamps, which daemons do not see and so cannot count. */
const HEADER_BYTES = 52
const SECOND = 'bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
