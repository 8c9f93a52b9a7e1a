import type { Random } from '../kernel/random.ts'
import type { Graph } from './graph.ts'
import type { GossipParams } from './params.ts'

/** Of each end of an edge: both admitted each other, and the other is in this node's mesh. */
const OPEN = 1
const MESH = 2

/** Who is in whose gossip mesh (always mutually), kept within GossipSub's bounds as connections come and go. */
export class GossipMesh {
  readonly #graph: Graph
  readonly #params: GossipParams
  readonly #random: Random
  readonly #flags: Uint8Array
  /** Of each node how many it is connected to, and how many of these are in its mesh: side by side, as they are read. */
  readonly #counts: Uint16Array
  /** False until the first message: connections made until then are taken to have been there for long. */
  settled = false

  constructor(graph: Graph, params: GossipParams, random: Random) {
    this.#graph = graph
    this.#params = params
    this.#random = random
    this.#flags = new Uint8Array(graph.ends)
    this.#counts = new Uint16Array(2 * graph.nodes)
  }

  isOpen(edge: number): boolean {
    return ((this.#flags[edge] ?? 0) & OPEN) !== 0
  }

  has(edge: number): boolean {
    return ((this.#flags[edge] ?? 0) & MESH) !== 0
  }

  degree(node: number): number {
    return this.#counts[2 * node + 1] ?? 0
  }

  /** Connected, and not in this node's mesh. */
  isOutside(edge: number): boolean {
    return this.#flags[edge] === OPEN
  }

  /** How many neighbours are connected and not in the mesh. */
  outside(node: number): number {
    return (this.#counts[2 * node] ?? 0) - this.degree(node)
  }

  #count(node: number, what: 0 | 1, by: 1 | -1): void {
    this.#counts[2 * node + what] = (this.#counts[2 * node + what] ?? 0) + by
  }

  peers(node: number): number[] {
    const found: number[] = []
    for (let i = 0; i < this.#graph.degree(node); i++) {
      const edge = this.#graph.edgeOf(node, i)
      if (this.has(edge)) found.push(this.#graph.targetOf(edge))
    }
    return found
  }

  open(a: number, b: number): void {
    const edge = this.#graph.edgeBetween(a, b)
    if (edge < 0 || this.isOpen(edge)) return
    this.#count(a, 0, 1)
    this.#count(b, 0, 1)
    this.#flags[edge] = (this.#flags[edge] ?? 0) | OPEN
    const twin = this.#graph.twinOf(edge)
    this.#flags[twin] = (this.#flags[twin] ?? 0) | OPEN
  }

  close(a: number, b: number): void {
    const edge = this.#graph.edgeBetween(a, b)
    if (edge < 0 || !this.isOpen(edge)) return
    this.#count(a, 0, -1)
    this.#count(b, 0, -1)
    if (this.has(edge)) {
      this.#count(a, 1, -1)
      this.#count(b, 1, -1)
    }
    this.#flags[edge] = 0
    this.#flags[this.#graph.twinOf(edge)] = 0
  }

  #graft(node: number, edge: number): void {
    const twin = this.#graph.twinOf(edge)
    this.#flags[edge] = OPEN | MESH
    this.#flags[twin] = OPEN | MESH
    const other = this.#graph.targetOf(edge)
    this.#count(node, 1, 1)
    this.#count(other, 1, 1)
  }

  /**
   * The mesh as the class leaves it when a fleet came up one node after another and has been up for a while: a newcomer grafts
   * neighbours that are there until it has its lower bound, those graft back, and so most nodes end at their upper bound. Degrees are
   * those of the exact network within 2 % (`npm run bench:fidelity` compares what comes of them), but for one: newcomers whose
   * neighbours are all full (one in 30 has too few of them, one in 300 none) have found others, as daemons dial on and on.
   */
  settle(): void {
    if (this.settled) return
    this.settled = true
    const { nodes } = this.#graph
    const order = this.#random.shuffle(Array.from({ length: nodes }, (_, node) => node))
    const came = new Int32Array(nodes)
    for (const [at, node] of order.entries()) came[node] = at
    for (const node of order) this.#fill(node, this.#params.degreeLow, came)
    for (const node of order) this.tend(node)
  }

  /**
   * At a heartbeat: below the lower bound a node grafts until it has the wanted degree. Where all its neighbours are full, those that
   * dialled it take it in beyond their bound, and prune others instead.
   */
  tend(node: number): void {
    const { degree, degreeLow } = this.#params
    if (this.degree(node) >= degreeLow) return
    this.#fill(node, degree)
    for (let i = 0; i < this.#graph.degree(node) && this.degree(node) < degreeLow; i++) {
      const edge = this.#graph.edgeOf(node, i)
      if (this.isOutside(edge) && this.#makeRoom(this.#graph.targetOf(edge))) this.#graft(node, edge)
    }
  }

  /** Prunes a neighbour that has enough without this node. */
  #makeRoom(node: number): boolean {
    for (let i = 0; i < this.#graph.degree(node); i++) {
      const edge = this.#graph.edgeOf(node, i)
      const other = this.#graph.targetOf(edge)
      if (!this.has(edge) || this.degree(other) <= this.#params.degreeLow) continue
      this.#flags[edge] = OPEN
      this.#flags[this.#graph.twinOf(edge)] = OPEN
      this.#count(node, 1, -1)
      this.#count(other, 1, -1)
      return true
    }
    return false
  }

  /** @param came when each node came: only those that were there before are asked */
  #fill(node: number, wanted: number, came?: Int32Array): void {
    const { degreeHigh } = this.#params
    if (this.degree(node) >= wanted) return
    const count = this.#graph.degree(node)
    const places = this.#random.shuffle(Array.from({ length: count }, (_, i) => i))
    for (const i of places) {
      if (this.degree(node) >= wanted) break
      const edge = this.#graph.edgeOf(node, i)
      const other = this.#graph.targetOf(edge)
      if (this.#flags[edge] !== OPEN || this.degree(other) >= degreeHigh) continue
      if (came !== undefined && (came[other] ?? 0) > (came[node] ?? 0)) continue
      this.#graft(node, edge)
    }
  }
}
