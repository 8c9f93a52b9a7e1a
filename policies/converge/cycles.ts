import type { Edge } from './graph.ts'

/**
 * Takes circles out of a graph. A circle with an automatic edge loses that edge, a soft one first; one without is reported, and its edges
 * among its members are dropped, so that the rest can go on.
 *
 * @returns the edges that are left, and the members of each circle in order
 */
export function breakCycles(
  nodes: number,
  edges: readonly Edge[],
): { readonly kept: readonly Edge[]; readonly circles: readonly (readonly number[])[] } {
  const dropped = new Set<Edge>()
  const circles: number[][] = []
  for (;;) {
    const left = unreachable(nodes, edges, dropped)
    if (left === undefined) break
    for (const circle of findCircles(left, edges, dropped)) {
      const auto = circle.find(({ kind }) => kind === 'soft') ?? circle.find(({ kind }) => kind === 'auto')
      if (auto !== undefined) {
        dropped.add(auto)
        continue
      }
      circles.push(circle.map((edge) => edge.from))
      for (const edge of circle) dropped.add(edge)
    }
  }
  return { kept: dropped.size === 0 ? edges : edges.filter((edge) => !dropped.has(edge)), circles }
}

/** The nodes that no order reaches: those in circles and those behind them. undefined if there are none. */
function unreachable(
  nodes: number,
  edges: readonly Edge[],
  dropped: ReadonlySet<Edge>,
): ReadonlySet<number> | undefined {
  const before = new Int32Array(nodes)
  const next: number[][] = Array.from({ length: nodes }, () => [])
  for (const edge of edges) {
    if (dropped.has(edge)) continue
    before[edge.to] = (before[edge.to] ?? 0) + 1
    next[edge.from]?.push(edge.to)
  }
  const ready: number[] = []
  for (let i = 0; i < nodes; i++) if (before[i] === 0) ready.push(i)
  for (let at = 0; at < ready.length; at++) {
    for (const to of next[ready[at] ?? 0] ?? []) {
      before[to] = (before[to] ?? 0) - 1
      if (before[to] === 0) ready.push(to)
    }
  }
  if (ready.length === nodes) return undefined
  return new Set(Array.from({ length: nodes }, (_, i) => i).filter((i) => (before[i] ?? 0) > 0))
}

/** Circles without a common node, at least one: where each node has an edge from another, going backwards must meet itself. */
function findCircles(left: ReadonlySet<number>, edges: readonly Edge[], dropped: ReadonlySet<Edge>): Edge[][] {
  const into = new Map<number, Edge>()
  for (const edge of edges) {
    if (!dropped.has(edge) && left.has(edge.from) && left.has(edge.to) && !into.has(edge.to)) into.set(edge.to, edge)
  }
  const circles: Edge[][] = []
  const walkOf = new Map<number, number>()
  for (const start of left) {
    const path: Edge[] = []
    let at = start
    while (!walkOf.has(at)) {
      walkOf.set(at, start)
      const edge = into.get(at)
      if (edge === undefined) break
      path.push(edge)
      at = edge.from
    }
    const from = path.findIndex((edge) => edge.to === at)
    if (walkOf.get(at) === start && from >= 0) circles.push(path.slice(from).reverse())
  }
  return circles
}
