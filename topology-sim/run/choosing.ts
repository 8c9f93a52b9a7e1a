import type { Random } from '../kernel/random.ts'
import type { Stage } from './stage.ts'

/** Whom an event is about. */

export function everyone({ fleet }: Stage): number[] {
  return Array.from({ length: fleet.size }, (_, node) => node)
}

export function upOf({ fleet, world }: Stage, condition: string): number[] {
  return fleet.choose(condition).filter((node) => world.isUp(node))
}

export function sideOf({ fleet }: Stage, names: readonly string[]): number[] {
  const nodes: number[] = []
  for (let node = 0; node < fleet.size; node++)
    if (names.includes(fleet.regionOf(node)) || names.includes(fleet.groupOf(node))) nodes.push(node)
  return nodes
}

interface Some {
  readonly share?: number | undefined
  readonly count?: number | undefined
}

/** A share or a number of them at random, in the order of their numbers; all if nothing is said. */
export function sample(nodes: readonly number[], { share, count }: Some, random: Random): number[] {
  const wanted = Math.min(nodes.length, count ?? Math.ceil(nodes.length * (share ?? 1)))
  if (wanted === nodes.length) return [...nodes]
  return random
    .sample(nodes.length, wanted)
    .sort((a, b) => a - b)
    .map((i) => nodes[i] ?? 0)
}

export function neighboursOf({ world }: Stage, nodes: readonly number[]): number[] {
  const around = new Set(nodes.flatMap((node) => world.inspect(node).neighbours.map((name) => world.nodeOf(name))))
  return [...around].filter((node) => !nodes.includes(node)).sort((a, b) => a - b)
}
