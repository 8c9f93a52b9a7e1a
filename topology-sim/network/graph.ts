import type { Random } from '../kernel/random.ts'

/**
 * Who is connected to whom: undirected, without loops, at most one edge a pair. Neighbours lie in one typed array with a
 * fixed number of places a node, so that a million nodes with a dozen neighbours each take 48 MB.
 */
export class Graph {
  readonly nodes: number
  readonly places: number
  readonly #neighbours: Int32Array
  readonly #degrees: Uint16Array

  constructor(nodes: number, places: number) {
    this.nodes = nodes
    this.places = places
    this.#neighbours = new Int32Array(nodes * places)
    this.#degrees = new Uint16Array(nodes)
  }

  degree(node: number): number {
    return this.#degrees[node] ?? 0
  }

  /** The neighbour at place `i`, 0 <= i < degree(node). */
  neighbour(node: number, i: number): number {
    return this.#neighbours[node * this.places + i] ?? -1
  }

  /** The place of `other` among the neighbours of `node`, or -1. */
  placeOf(node: number, other: number): number {
    const from = node * this.places
    for (let i = 0; i < this.degree(node); i++) if (this.#neighbours[from + i] === other) return i
    return -1
  }

  /** @returns false if there is no room at either end, or the edge is there already */
  connect(a: number, b: number): boolean {
    if (a === b || this.degree(a) >= this.places || this.degree(b) >= this.places || this.placeOf(a, b) >= 0)
      return false
    this.#put(a, b)
    this.#put(b, a)
    return true
  }

  #put(node: number, other: number): void {
    const degree = this.degree(node)
    this.#neighbours[node * this.places + degree] = other
    this.#degrees[node] = degree + 1
  }
}

/** Every node dials `dials` others at random, as a daemon with an address book does; connected through a ring of arrival. */
export function randomOverlay(nodes: number, dials: number, places: number, random: Random): Graph {
  const graph = new Graph(nodes, places)
  for (let node = 1; node < nodes; node++) {
    // The first dial goes to somebody who is already there: that alone keeps the graph connected.
    for (let tries = 0; tries < places * 4 && !graph.connect(node, random.below(node)); tries++);
  }
  for (let node = 0; node < nodes; node++) {
    for (let i = 1; i < dials; i++) graph.connect(node, random.below(nodes))
  }
  return graph
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

export function starOverlay(nodes: number): Graph {
  const graph = new Graph(nodes, Math.max(1, nodes - 1))
  for (let node = 1; node < nodes; node++) graph.connect(0, node)
  return graph
}

/** @throws RangeError for an edge that names a node that is not there */
export function edgeListOverlay(nodes: number, edges: readonly (readonly [number, number])[]): Graph {
  const degrees = new Uint32Array(nodes)
  for (const [a, b] of edges) {
    if (a >= nodes || b >= nodes || a < 0 || b < 0)
      throw new RangeError(`edge ${a}-${b} names a node outside 0..${nodes - 1}`)
    degrees[a] = (degrees[a] ?? 0) + 1
    degrees[b] = (degrees[b] ?? 0) + 1
  }
  const places = degrees.reduce((most, degree) => Math.max(most, degree), 1)
  const graph = new Graph(nodes, places)
  for (const [a, b] of edges) graph.connect(a, b)
  return graph
}

/** Nodes that node 0 cannot reach. */
export function isolated(graph: Graph): number {
  const seen = new Uint8Array(graph.nodes)
  const stack = [0]
  seen[0] = 1
  let reached = 0
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    reached++
    for (let i = 0; i < graph.degree(node); i++) {
      const other = graph.neighbour(node, i)
      if (seen[other] === 1) continue
      seen[other] = 1
      stack.push(other)
    }
  }
  return graph.nodes - reached
}
