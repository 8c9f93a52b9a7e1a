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
  readonly #degrees: Uint16Array
  /** Connections of each node. */
  readonly #open: Uint16Array
  /** False until the first message: connections made until then are taken to have been there for long. */
  settled = false

  constructor(graph: Graph, params: GossipParams, random: Random) {
    this.#graph = graph
    this.#params = params
    this.#random = random
    this.#flags = new Uint8Array(graph.ends)
    this.#degrees = new Uint16Array(graph.nodes)
    this.#open = new Uint16Array(graph.nodes)
  }

  isOpen(edge: number): boolean {
    return ((this.#flags[edge] ?? 0) & OPEN) !== 0
  }

  has(edge: number): boolean {
    return ((this.#flags[edge] ?? 0) & MESH) !== 0
  }

  degree(node: number): number {
    return this.#degrees[node] ?? 0
  }

  /** Connected, and not in this node's mesh. */
  isOutside(edge: number): boolean {
    return this.#flags[edge] === OPEN
  }

  /** How many neighbours are connected and not in the mesh. */
  outside(node: number): number {
    return (this.#open[node] ?? 0) - this.degree(node)
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
    this.#open[a] = (this.#open[a] ?? 0) + 1
    this.#open[b] = (this.#open[b] ?? 0) + 1
    this.#flags[edge] = (this.#flags[edge] ?? 0) | OPEN
    const twin = this.#graph.twinOf(edge)
    this.#flags[twin] = (this.#flags[twin] ?? 0) | OPEN
  }

  close(a: number, b: number): void {
    const edge = this.#graph.edgeBetween(a, b)
    if (edge < 0 || !this.isOpen(edge)) return
    this.#open[a] = (this.#open[a] ?? 0) - 1
    this.#open[b] = (this.#open[b] ?? 0) - 1
    if (this.has(edge)) {
      this.#degrees[a] = this.degree(a) - 1
      this.#degrees[b] = this.degree(b) - 1
    }
    this.#flags[edge] = 0
    this.#flags[this.#graph.twinOf(edge)] = 0
  }

  #graft(node: number, edge: number): void {
    const twin = this.#graph.twinOf(edge)
    this.#flags[edge] = OPEN | MESH
    this.#flags[twin] = OPEN | MESH
    const other = this.#graph.targetOf(edge)
    this.#degrees[node] = this.degree(node) + 1
    this.#degrees[other] = this.degree(other) + 1
  }

  /**
   * The mesh as the class leaves it when a fleet has been up for a while: who hears that a neighbour has the topic grafts
   * it while it is below the lower bound itself, so most nodes stay between that bound and the wanted degree
   * (`npm run bench:fidelity` compares the degrees).
   */
  settle(): void {
    if (this.settled) return
    this.settled = true
    const order = this.#random.shuffle(Array.from({ length: this.#graph.nodes }, (_, node) => node))
    for (const node of order) this.#fill(node, this.#params.degreeLow)
    // Whom all its mesh has dialled grafts one that it dialled itself; half of all connections are dialled by either end.
    for (const node of order) {
      const degree = this.degree(node)
      if (degree < this.#params.degreeHigh && this.#random.chance(2 ** -degree)) this.#fill(node, degree + 1)
    }
  }

  /** At a heartbeat: below the lower bound a node grafts until it has the wanted degree. */
  tend(node: number): void {
    if (this.degree(node) < this.#params.degreeLow) this.#fill(node, this.#params.degree)
  }

  #fill(node: number, wanted: number): void {
    const { degreeHigh } = this.#params
    if (this.degree(node) >= wanted) return
    const count = this.#graph.degree(node)
    const places = this.#random.shuffle(Array.from({ length: count }, (_, i) => i))
    for (const i of places) {
      if (this.degree(node) >= wanted) break
      const edge = this.#graph.edgeOf(node, i)
      if (this.#flags[edge] !== OPEN || this.degree(this.#graph.targetOf(edge)) >= degreeHigh) continue
      this.#graft(node, edge)
    }
  }
}
