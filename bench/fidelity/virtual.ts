import { makeWorld } from '../../topology-sim/index.ts'
import type { NetworkFactory, PolicyBundle } from '../../topology-sim/index.ts'
import { NOBODY } from './sample.ts'
import type { Cost, Delivery, Sample } from './sample.ts'

/** The scenario that all three play: records of one size, one at a time, over links of one latency. */
export interface Setting {
  readonly nodes: number
  readonly edges: readonly (readonly [number, number])[]
  readonly latencyMs: number
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

/** One world for each seed, one publish in it, by node 0. */
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
  const { nodes, edges, latencyMs, bundleBytes } = setting
  const world = makeWorld({
    seed,
    fleet: { size: nodes, at: (node) => ({ name: `n${node}`, labels: {}, facts: {}, region: 0 }) },
    signatures: 'model',
    beacons: 'off',
    overlay: { kind: 'edges', edges },
    links: { latencyMs: [[latencyMs]], jitter: 0 },
    ...(network === undefined ? {} : { network }),
  })
  // Received by a node: what one sends another receives.
  const spent = (): number => Object.values(world.measure().bytesBy).reduce((sum, bytes) => sum + bytes, 0) / nodes
  await world.run(SPAN_MS)
  const idle = spent()
  await world.run(2 * SPAN_MS)
  const before = spent()
  const publication = world.publish(0, { ...BUNDLE, size: bundleBytes })
  await world.run(3 * SPAN_MS)
  // Also brings hops and copies up to date.
  const after = spent()
  const ms = [...publication.knownMs].filter((_, node) => node !== 0).map((at) => at - (publication.publishedMs ?? 0))
  const hops = [...publication.hops].filter((hop) => hop > 0)
  const delivery = {
    ms: ms.toSorted((a, b) => a - b),
    hops: hops.reduce((sum, hop) => sum + hop, 0) / Math.max(1, hops.length),
  }
  return { delivery, cost: { copies: publication.copies / nodes, bytes: after - before - (before - idle) } }
}

/** Whole rounds of periodic sync, and the heartbeats that tell of a record. */
const SPAN_MS = 60_000
