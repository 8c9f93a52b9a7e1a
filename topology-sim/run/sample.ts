import type { World } from '../world/types.ts'
import type { ScenarioFleet } from './fleet.ts'
import type { TopologySample } from './result.ts'

/** Nodes in a drawing: more are a grey cloud on any screen. */
const NODES = 300

/** A connected part of the fleet, breadth first from node 0, as it is at the end. */
export function sampleTopology(world: World, fleet: ScenarioFleet): TopologySample {
  const regions = fleet.areas.regions
  const order = new Map<number, number>()
  const queue: number[] = [0]
  order.set(0, 0)
  // Fewer from each, so that a large fleet shows its depth and not one crowded neighbourhood.
  for (let i = 0; i < queue.length && order.size < NODES; i++) {
    for (const name of world.inspect(queue[i] ?? 0).neighbours) {
      const other = world.nodeOf(name)
      if (order.has(other) || order.size >= NODES) continue
      order.set(other, order.size)
      queue.push(other)
    }
  }
  for (let node = 0; node < world.nodes && order.size < Math.min(NODES, world.nodes); node++)
    if (!order.has(node)) order.set(node, order.size)
  const edges: [number, number][] = []
  const nodes = [...order.keys()].map((node) => {
    const { name, status, health, neighbours } = world.inspect(node)
    const from = order.get(node) ?? 0
    for (const other of neighbours) {
      const to = order.get(world.nodeOf(other))
      if (to !== undefined && from < to) edges.push([from, to])
    }
    return {
      name,
      region: regions.indexOf(fleet.regionOf(node)),
      group: fleet.groups.indexOf(fleet.groupOf(node)),
      state: status === 'up' ? health : status,
    }
  })
  return { nodes, edges, of: world.nodes }
}
