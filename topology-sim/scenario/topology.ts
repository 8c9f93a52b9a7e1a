import { SIM_LIMITS } from '../limits.ts'
import type { Scenario } from './types.ts'
import { nodesOf } from './types.ts'

/** Something that no network can look like. */
export interface TopologyProblem {
  readonly path: readonly (string | number)[]
  readonly message: string
  readonly hint: string
}

/** The model keeps a bit for each neighbour of a node in 32 bits. */
export const NEIGHBOURS_MAX = 32
/** Of those a node that can be dialled may be asked for at most (`SIM_LIMITS.places`, as the daemon's own limit). */
const PLACES = 24
/** Regions times zones times uplinks: the tables of the links grow with the square. */
export const AREAS_MAX = 200
/** The real GossipSub class takes about 1 MB a node. */
export const EXACT_NODES_MAX = 5_000

/** What is impossible about fleet, regions and overlay; empty if nothing is. */
export function topologyProblems(scenario: Scenario): TopologyProblem[] {
  const { fleet, exported, regions, overlay, network } = scenario
  const nodes = nodesOf(scenario)
  const problems: TopologyProblem[] = []
  const say = (path: TopologyProblem['path'], message: string, hint: string): void =>
    void problems.push({ path, message, hint })
  const areas = areasOf(scenario)
  if (areas > AREAS_MAX)
    say(
      ['regions'],
      `there are ${areas} zones, those of groups with a bandwidth of their own counted apart; the limit is ${AREAS_MAX}`,
      'Take fewer zones a region.',
    )
  if (nodes > SIM_LIMITS.nodes)
    say(
      ['fleet'],
      `a simulation has at most ${SIM_LIMITS.nodes.toLocaleString('en')} nodes, not ${nodes.toLocaleString('en')}`,
      'Take fewer, or --nodes.',
    )
  const dialable = exported?.some((node) => node.dialable) ?? Object.values(fleet).some((group) => !group.nat)
  if (!dialable)
    say(['fleet'], 'every node is behind NAT, so nobody can be dialled', 'Leave nat away from one group at least.')
  const behind = exported?.filter((node) => !node.dialable).length ?? behindNat(fleet)
  const room = (nodes - behind) * PLACES
  if (dialable && behind > room)
    say(
      ['fleet'],
      `${behind} nodes are behind NAT and the other ${nodes - behind} have room for ${room} of them`,
      `At least ${Math.ceil(behind / PLACES)} nodes have to be dialled by them; with two connections each it is twice as many.`,
    )
  if (network === 'exact' && nodes > EXACT_NODES_MAX)
    say(
      ['network'],
      `the exact network holds at most ${EXACT_NODES_MAX} nodes, not ${nodes}`,
      'Use network: model, or --nodes.',
    )
  for (const [name, region] of Object.entries(regions)) {
    if (region.zones === 1 && region.betweenZones !== undefined)
      say(['regions', name, 'betweenZones'], `region '${name}' has one zone only`, 'Say how many zones it has.')
  }
  switch (overlay.kind) {
    case 'regular':
      if (overlay.degree >= nodes)
        say(
          ['overlay', 'degree'],
          `${nodes} nodes cannot have ${overlay.degree} neighbours each`,
          `At most ${nodes - 1}.`,
        )
      else if ((overlay.degree * nodes) % 2 === 1)
        say(
          ['overlay', 'degree'],
          `${nodes} nodes cannot all have ${overlay.degree} neighbours: that makes half a connection`,
          'Make one of the two even.',
        )
      else if (overlay.degree === 1 && nodes > 2)
        say(
          ['overlay', 'degree'],
          `pairs of nodes are no network for ${nodes} of them`,
          'Give each 2 neighbours or more.',
        )
      break
    case 'star':
    case 'full':
      if (nodes - 1 > NEIGHBOURS_MAX && network === 'model')
        say(
          ['overlay'],
          `a node has at most ${NEIGHBOURS_MAX} neighbours, here it would need ${nodes - 1}`,
          'Use kind: random, or a smaller fleet.',
        )
      break
    case 'edges':
      problems.push(...edgeProblems(overlay.edges, nodes))
      break
    default:
  }
  return problems
}

/** As the network sees them: zones, and once more for each bandwidth in them. */
function areasOf({ fleet, regions }: Scenario): number {
  const first = Object.keys(regions)[0] ?? ''
  const own = new Set<string>()
  for (const { region = first, bandwidth } of Object.values(fleet))
    if (bandwidth !== undefined && bandwidth !== regions[region]?.bandwidth) own.add(`${region}\n${bandwidth}`)
  const zones = (region: string): number => regions[region]?.zones ?? 1
  const all = [...Object.keys(regions), ...[...own].map((name) => name.split('\n')[0] ?? '')]
  return all.reduce((sum, region) => sum + zones(region), 0)
}

function edgeProblems(edges: readonly (readonly [number, number])[], nodes: number): TopologyProblem[] {
  const degrees = new Map<number, number>()
  const root = Int32Array.from({ length: nodes }, (_, node) => node)
  const find = (node: number): number => {
    let at = node
    while (root[at] !== at) at = root[at] = root[root[at] ?? 0] ?? 0
    return at
  }
  for (const [i, edge] of edges.entries()) {
    const path = ['overlay', 'edges', i]
    const outside = edge.find((node) => node >= nodes)
    if (outside !== undefined)
      return [{ path, message: `there is no node ${outside}: they are 0 to ${nodes - 1}`, hint: 'Correct the edge.' }]
    if (edge[0] === edge[1])
      return [{ path, message: `node ${edge[0]} cannot be connected to itself`, hint: 'Correct the edge.' }]
    for (const node of edge) {
      const degree = (degrees.get(node) ?? 0) + 1
      degrees.set(node, degree)
      if (degree > NEIGHBOURS_MAX)
        return [{ path, message: `node ${node} has more than ${NEIGHBOURS_MAX} neighbours`, hint: 'Give it fewer.' }]
    }
    root[find(edge[0])] = find(edge[1])
  }
  const alone = Array.from({ length: nodes }, (_, node) => node).find((node) => find(node) !== find(0))
  if (alone === undefined) return []
  const message = `there is no way from node ${alone} to node 0`
  return [
    {
      path: ['overlay', 'edges'],
      message,
      hint: 'Add an edge between their parts; for a time without one use partition.',
    },
  ]
}

function behindNat(fleet: Scenario['fleet']): number {
  return Object.values(fleet).reduce((sum, { count, nat }) => sum + (nat ? count : 0), 0)
}
