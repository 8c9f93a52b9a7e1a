import type { ExportedNode } from './fleet-file.ts'
import type { Scenario } from './types.ts'
import { nodesOf } from './types.ts'

/**
 * The same scenario with another number of nodes: every group keeps its share, and at least one node. An exported fleet is
 * cut off, or repeated under other names.
 *
 * @throws RangeError for an overlay that names its nodes
 */
export function scaleTo(scenario: Scenario, nodes: number): Scenario {
  const now = nodesOf(scenario)
  if (nodes === now) return scenario
  if (scenario.overlay.kind === 'edges')
    throw new RangeError('an overlay of edges names its nodes, so their number is fixed')
  if (scenario.exported !== null) return { ...scenario, exported: repeated(scenario.exported, nodes) }
  const groups = Object.entries(scenario.fleet)
  if (nodes < groups.length)
    throw new RangeError(`there are ${groups.length} groups, so at least as many nodes are needed`)
  const exact = groups.map(([, group]) => (group.count * nodes) / now)
  const counts = exact.map((count) => Math.max(1, Math.floor(count)))
  // The largest remainders get what is left; what is too much is taken from the largest groups.
  const order = exact
    .map((count, i) => [count - Math.floor(count), i] as const)
    .toSorted(([a, i], [b, j]) => b - a || i - j)
  let left = nodes - counts.reduce((sum, count) => sum + count, 0)
  for (let at = 0; left > 0; at++, left--) {
    const i = order[at % order.length]?.[1] ?? 0
    counts[i] = (counts[i] ?? 0) + 1
  }
  for (; left < 0; left++) {
    const largest = counts.indexOf(Math.max(...counts))
    counts[largest] = (counts[largest] ?? 0) - 1
  }
  const fleet = Object.fromEntries(groups.map(([name, group], i) => [name, { ...group, count: counts[i] ?? 1 }]))
  return { ...scenario, fleet }
}

function repeated(nodes: readonly ExportedNode[], count: number): ExportedNode[] {
  const names = new Set(nodes.map(({ name }) => name))
  const called = (name: string, turn: number): string => {
    const made = `${name}.${turn}`
    if (names.has(made)) return called(made, turn)
    names.add(made)
    return made
  }
  return Array.from({ length: count }, (_, i) => {
    const node = nodes[i % nodes.length]
    if (node === undefined) throw new RangeError('the fleet is empty')
    const turn = Math.floor(i / nodes.length)
    return turn === 0 ? node : { ...node, name: called(node.name, turn + 1) }
  })
}
