import type { Random } from '../kernel/random.ts'

/**
 * Who is connected to whom: undirected, without loops, at most one edge a pair. Neighbours lie in one typed array with
 * places reserved for each node, so that a million nodes with a dozen neighbours each take some 200 MB. Each end of an
 * edge has its own index (`edgeOf`), by which others keep what they know of it in arrays of their own.
 */
export class Graph {
  readonly nodes: number
  /** Indices of edges' ends lie below this. */
  readonly ends: number
  /** Of each node where its places begin, and how many are taken: side by side, as they are read. */
  readonly #rows: Int32Array
  readonly #targets: Int32Array
  readonly #twins: Int32Array

  /** @param places neighbours that each node can have: one number for all, or one for each */
  constructor(nodes: number, places: number | ArrayLike<number>) {
    this.nodes = nodes
    this.#rows = new Int32Array(2 * nodes + 1)
    for (let node = 0; node < nodes; node++) {
      const room = typeof places === 'number' ? places : (places[node] ?? 0)
      this.#rows[2 * node + 2] = (this.#rows[2 * node] ?? 0) + room
    }
    this.ends = this.#rows[2 * nodes] ?? 0
    this.#targets = new Int32Array(this.ends)
    this.#twins = new Int32Array(this.ends)
  }

  degree(node: number): number {
    return this.#rows[2 * node + 1] ?? 0
  }

  /** The neighbour at place `i`, 0 <= i < degree(node). */
  neighbour(node: number, i: number): number {
    return this.#targets[(this.#rows[2 * node] ?? 0) + i] ?? -1
  }

  /** The index of this node's end of the edge at place `i`. */
  edgeOf(node: number, i: number): number {
    return (this.#rows[2 * node] ?? 0) + i
  }

  targetOf(edge: number): number {
    return this.#targets[edge] ?? -1
  }

  /** The same edge's other end. */
  twinOf(edge: number): number {
    return this.#twins[edge] ?? -1
  }

  /** The end at `a` of the edge between the two, or -1. Looks through the shorter list. */
  edgeBetween(a: number, b: number): number {
    if (this.degree(a) > this.degree(b)) {
      const other = this.#find(b, a)
      return other < 0 ? -1 : this.twinOf(other)
    }
    return this.#find(a, b)
  }

  #find(node: number, other: number): number {
    const from = this.#rows[2 * node] ?? 0
    const to = from + this.degree(node)
    for (let edge = from; edge < to; edge++) if (this.#targets[edge] === other) return edge
    return -1
  }

  hasRoom(node: number): boolean {
    return (this.#rows[2 * node] ?? 0) + this.degree(node) < (this.#rows[2 * node + 2] ?? 0)
  }

  /** @returns false if there is no room at either end, or the edge is there already */
  connect(a: number, b: number): boolean {
    if (a === b || !this.hasRoom(a) || !this.hasRoom(b) || this.edgeBetween(a, b) >= 0) return false
    const here = this.edgeOf(a, this.degree(a))
    const there = this.edgeOf(b, this.degree(b))
    this.#targets[here] = b
    this.#targets[there] = a
    this.#twins[here] = there
    this.#twins[there] = here
    this.#rows[2 * a + 1] = this.degree(a) + 1
    this.#rows[2 * b + 1] = this.degree(b) + 1
    return true
  }
}

/** Whether `from` can open a connection to `to`: somebody behind NAT cannot be dialled. */
export type CanDial = (from: number, to: number) => boolean

const ANYONE: CanDial = () => true

/**
 * Every node dials `dials` others at random, as a daemon with an address book does. The first dial goes to somebody who
 * is already there: that alone keeps the graph connected.
 */
export function randomOverlay(
  nodes: number,
  dials: number,
  places: number,
  random: Random,
  canDial: CanDial = ANYONE,
): Graph {
  const graph = new Graph(nodes, places)
  for (let node = 1; node < nodes; node++) {
    for (let tries = 0; tries < places * 8; tries++) {
      const other = random.below(node)
      if ((canDial(node, other) || canDial(other, node)) && graph.connect(node, other)) break
    }
  }
  for (let node = 0; node < nodes; node++) {
    for (let i = 1; i < dials; i++) {
      // Addresses are known of those only that can be dialled; one whose places are taken refuses, and the next is tried.
      for (let tries = 0; tries < DIAL_TRIES; tries++) {
        const other = random.below(nodes)
        if (!canDial(node, other) || !graph.hasRoom(other)) continue
        graph.connect(node, other)
        break
      }
    }
  }
  return graph
}

/** Where one node of ten can be dialled, all but one of 1,000 dials find somebody. */
const DIAL_TRIES = 64

/** The union of random rings, and of a random matching for an odd degree: connected from degree 2 on. */
export function regularOverlay(nodes: number, degree: number, places: number, random: Random): Graph {
  const graph = new Graph(nodes, places)
  for (let left = degree; left > 0; left -= 2) {
    const step = left === 1 ? 2 : 1
    const order = untangled(graph, random.shuffle(Array.from({ length: nodes }, (_, node) => node)), step, random)
    for (let i = 0; i < nodes; i += step) graph.connect(order[i] ?? 0, order[(i + 1) % nodes] ?? 0)
  }
  return graph
}

/** Passes over an order in which some pairs know each other already; more are needed only where nearly all know all. */
const PASSES = 100

/** The order with nodes changed about until no pair of it is connected in the graph. */
function untangled(graph: Graph, order: number[], step: number, random: Random): number[] {
  const { length } = order
  for (let pass = 0; pass < PASSES; pass++) {
    let tangled = false
    for (let i = 0; i < length; i += step) {
      const at = (i + 1) % length
      const [here = 0, there = 0] = [order[i], order[at]]
      if (graph.edgeBetween(here, there) < 0) continue
      tangled = true
      const other = random.below(length)
      order[at] = order[other] ?? 0
      order[other] = there
    }
    if (!tangled) break
  }
  return order
}

/** A ring in which each node knows the `near` next ones, with each edge moved to a random end by chance (Watts and Strogatz, 1998). */
export function smallWorldOverlay(nodes: number, near: number, rewire: number, places: number, random: Random): Graph {
  const graph = new Graph(nodes, places)
  for (let node = 0; node < nodes; node++) {
    for (let step = 1; step <= near; step++) {
      const other = step > 1 && random.chance(rewire) ? random.below(nodes) : (node + step) % nodes
      graph.connect(node, other)
    }
  }
  return graph
}

/** @param spare places that the outer nodes keep for more neighbours */
export function starOverlay(nodes: number, spare = 0): Graph {
  const places = new Uint32Array(nodes).fill(1 + spare)
  places[0] = Math.max(1, nodes - 1 + spare)
  const graph = new Graph(nodes, places)
  for (let node = 1; node < nodes; node++) graph.connect(0, node)
  return graph
}

export function fullOverlay(nodes: number, canDial: CanDial = ANYONE): Graph {
  const graph = new Graph(nodes, Math.max(1, nodes - 1))
  for (let a = 0; a < nodes; a++) {
    for (let b = a + 1; b < nodes; b++) if (canDial(a, b) || canDial(b, a)) graph.connect(a, b)
  }
  return graph
}

/** @throws RangeError for an edge that names a node that is not there */
export function edgeListOverlay(nodes: number, edges: readonly (readonly [number, number])[], spare = 0): Graph {
  const places = new Uint32Array(nodes).fill(1 + spare)
  for (const [a, b] of edges) {
    if (a >= nodes || b >= nodes || a < 0 || b < 0)
      throw new RangeError(`edge ${a}-${b} names a node outside 0..${nodes - 1}`)
    places[a] = (places[a] ?? 0) + 1
    places[b] = (places[b] ?? 0) + 1
  }
  const graph = new Graph(nodes, places)
  for (const [a, b] of edges) graph.connect(a, b)
  return graph
}

/** Nodes that `from` cannot reach over edges that `open` lets through, among those that `counts` names. */
export function isolated(
  graph: Graph,
  from = 0,
  open: (edge: number) => boolean = () => true,
  counts: (node: number) => boolean = () => true,
): number {
  const seen = new Uint8Array(graph.nodes)
  const stack = [from]
  seen[from] = 1
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    for (let i = 0; i < graph.degree(node); i++) {
      const other = graph.neighbour(node, i)
      if (seen[other] === 1 || !open(graph.edgeOf(node, i))) continue
      seen[other] = 1
      stack.push(other)
    }
  }
  let unreached = 0
  for (let node = 0; node < graph.nodes; node++) if (seen[node] === 0 && counts(node)) unreached++
  return unreached
}
