import { makeWorld } from '../../topology-sim/index.ts'
import type { NetworkFactory, PolicyBundle } from '../../topology-sim/index.ts'
import { NOBODY } from './sample.ts'
import type { Sample } from './sample.ts'

/** The scenario that all three play: records of one size, one at a time, over links of one latency. */
export interface Setting {
  readonly nodes: number
  readonly edges: readonly (readonly [number, number])[]
  readonly latencyMs: number
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
export async function playVirtual(setting: Setting, seeds: number, network?: NetworkFactory): Promise<Sample[]> {
  const samples: Sample[] = []
  for (let seed = 1; seed <= seeds; seed++) samples.push(await publishOnce(setting, seed, network))
  return samples
}

async function publishOnce(
  { nodes, edges, latencyMs }: Setting,
  seed: number,
  network?: NetworkFactory,
): Promise<Sample> {
  const world = makeWorld({
    seed,
    fleet: { size: nodes, at: (node) => ({ name: `n${node}`, labels: {}, facts: {}, region: 0 }) },
    signatures: 'model',
    beacons: 'off',
    mirror: false,
    overlay: { kind: 'edges', edges },
    links: { latencyMs: [[latencyMs]], jitter: 0 },
    ...(network === undefined ? {} : { network }),
  })
  await world.run(2_000)
  const { gossip = 0, control = 0 } = world.measure().bytesBy
  const publication = world.publish(0, BUNDLE)
  // The last heartbeat that tells of it comes 3 s later.
  await world.run(8_000)
  const after = world.measure().bytesBy
  const known = [...publication.knownMs]
    .filter((_, node) => node !== 0)
    .map((ms) => ms - (publication.publishedMs ?? 0))
  const hops = [...publication.hops].filter((hop) => hop > 0)
  return {
    deliveriesMs: known.toSorted((a, b) => a - b),
    hops: hops.reduce((sum, hop) => sum + hop, 0) / Math.max(1, hops.length),
    copiesPerNode: publication.copies / nodes,
    bytesPerNode: ((after['gossip'] ?? 0) - gossip + (after['control'] ?? 0) - control) / nodes,
  }
}
