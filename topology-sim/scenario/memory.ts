import { nodesOf, type Scenario } from './types.ts'

/** Measured with `chorus sim run million`, rounded up. Bytes. */
const BASE = 120e6
/** An engine with its driver's tables and connections, as collecting leaves them: 100,000 took 1.06 GB in all. */
const NODE = 10_000
/** What a version is measured by: five times and two flags a node, and its place in engines. */
const PUBLICATION = 500
/** The real GossipSub class with its peers and caches. */
const EXACT_NODE = 400_000

/** Bytes that a run takes at its peak, roughly: enough to say that it cannot fit before it starts. */
export function memoryOf(scenario: Scenario): number {
  const nodes = nodesOf(scenario)
  const publications = scenario.events.filter(({ kind }) => kind === 'publish' || kind === 'steal-key').length
  return modelMemoryOf(nodes, publications) + (scenario.network === 'exact' ? nodes * EXACT_NODE : 0)
}

/** The same for a fleet over the gossip model. */
export function modelMemoryOf(nodes: number, publications: number): number {
  return BASE + nodes * (NODE + publications * PUBLICATION)
}
