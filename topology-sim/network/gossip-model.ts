import type { Random } from '../kernel/random.ts'
import { GossipMesh } from './gossip-mesh.ts'
import type { Graph } from './graph.ts'
import type { GossipParams } from './params.ts'

/** What became of a message at a node, as its engine judged it. */
export type Verdict = 'accept' | 'ignore' | 'reject'

/** What the model needs of the simulation that it runs in. */
export interface GossipHost {
  readonly nowUs: number
  schedule(atUs: number, kind: GossipEvent, node: number, from: number, message: GossipMessage | null): void
  /** Whether bytes pass between two nodes now: both are up, and no partition lies between them. */
  connected(a: number, b: number): boolean
  deliver(node: number, from: number, message: GossipMessage): Verdict
  /** For how long a node that misbehaves keeps what it should pass on; infinite: for ever. Microseconds. */
  keepsUs?(node: number, message: GossipMessage): number
}

/** When a frame that is sent now arrives, and the shortest time that one takes. */
export interface GossipLinks {
  /** Some node's bandwidth has a bound. */
  readonly bounded: boolean
  baseUs(from: number, to: number): number
  arrivalUs(nowUs: number, from: number, to: number, bytes: number): number
}

/** Where frames are counted. */
export interface GossipCounter {
  data(from: number, to: number, bytes: number): void
  control(from: number, to: number, bytes: number): void
}

export const GOSSIP_EVENTS = { data: 0, ihave: 1, iwant: 2, heartbeat: 3, tend: 4, relay: 5 } as const
export type GossipEvent = (typeof GOSSIP_EVENTS)[keyof typeof GOSSIP_EVENTS]

/** One message on its way through the mesh. */
export interface GossipMessage {
  readonly index: number
  readonly bytes: number
  readonly payload: unknown
  readonly publishedUs: number
  /** Microseconds after `publishedUs`, plus one, at which each node first had it; 0: not yet. */
  readonly seen: Uint32Array
  readonly hops: Uint8Array
  /** Copies of the payload that arrived or will arrive, duplicates too. */
  copies: number
  delivered: number
}

/**
 * A compact GossipSub 1.2 (github.com/libp2p/specs/pubsub/gossipsub): mesh, flood publish, IHAVE and IWANT at heartbeats,
 * IDONTWANT; scores off. It gives the same deliveries as one event for each frame would, with far fewer events: a frame
 * that cannot change its receiver any more (a duplicate, an IHAVE for what is there) is only counted, and whether an
 * IDONTWANT has arrived is computed from when its sender had the message, since both are known when it matters.
 */
export class GossipModel {
  readonly mesh: GossipMesh
  readonly #graph: Graph
  readonly #params: GossipParams
  readonly #links: GossipLinks
  readonly #random: Random
  readonly #host: GossipHost
  readonly #counter: GossipCounter
  /**
   * Of each node the phase of its heartbeat, and the heartbeat at which it last sent IHAVEs, as those of one heartbeat share
   * their frames: side by side, as they are read.
   */
  readonly #beats: Float64Array
  #messages = 0

  constructor(
    graph: Graph,
    params: GossipParams,
    links: GossipLinks,
    random: Random,
    host: GossipHost,
    counter: GossipCounter,
  ) {
    this.#graph = graph
    this.#params = params
    this.#links = links
    this.#random = random
    this.#host = host
    this.#counter = counter
    this.mesh = new GossipMesh(graph, params, random)
    this.#beats = new Float64Array(2 * graph.nodes).fill(-1)
    for (let node = 0; node < graph.nodes; node++) this.#beats[2 * node] = random.below(params.heartbeatUs)
  }

  connect(a: number, b: number): void {
    this.mesh.open(a, b)
    this.#tendIfThin(a)
    this.#tendIfThin(b)
  }

  disconnect(a: number, b: number): void {
    this.mesh.close(a, b)
    this.#tendIfThin(a)
    this.#tendIfThin(b)
  }

  /** Below its lower bound a node looks for mesh peers at its next heartbeat. */
  #tendIfThin(node: number): void {
    if (this.mesh.settled && this.mesh.degree(node) < this.#params.degreeLow)
      this.#host.schedule(this.#nextBeatUs(node), GOSSIP_EVENTS.tend, node, node, null)
  }

  publish(node: number, bytes: number, payload: unknown): GossipMessage {
    this.mesh.settle()
    const message: GossipMessage = {
      index: this.#messages++,
      bytes,
      payload,
      publishedUs: this.#host.nowUs,
      seen: new Uint32Array(this.#graph.nodes),
      hops: new Uint8Array(this.#graph.nodes),
      copies: 0,
      delivered: 1,
    }
    message.seen[node] = 1
    this.#forward(node, -1, message, this.#params.floodPublish)
    this.#tellLater(node, message, this.#params.gossipHeartbeats)
    return message
  }

  /** The driver gives back what was scheduled, when its time has come. */
  handle(kind: GossipEvent, node: number, from: number, message: GossipMessage | null): void {
    if (message === null) return this.mesh.tend(node)
    if (kind === GOSSIP_EVENTS.heartbeat) return this.#heartbeat(node, from, message)
    if (kind === GOSSIP_EVENTS.relay) return this.#passOn(node, from, message)
    if (!this.#host.connected(from, node)) return
    if (kind === GOSSIP_EVENTS.data) this.#receive(node, from, message)
    else if (kind === GOSSIP_EVENTS.ihave) this.#want(node, from, message)
    else this.#send(node, from, message)
  }

  #receive(node: number, from: number, message: GossipMessage): void {
    if ((message.seen[node] ?? 0) > 0) return
    message.seen[node] = this.#host.nowUs - message.publishedUs + 1
    message.hops[node] = Math.min(255, (message.hops[from] ?? 0) + 1)
    if (message.bytes >= this.#params.dontWantBytes) this.#countDontWants(node, from)
    const verdict = this.#host.deliver(node, from, message)
    if (verdict !== 'accept') return
    message.delivered++
    const keptUs = this.#host.keepsUs?.(node, message) ?? 0
    if (keptUs === 0) this.#passOn(node, from, message)
    else if (keptUs < Number.POSITIVE_INFINITY)
      this.#host.schedule(this.#host.nowUs + keptUs, GOSSIP_EVENTS.relay, node, from, message)
  }

  #passOn(node: number, from: number, message: GossipMessage): void {
    this.#forward(node, from, message, false)
    this.#tellLater(node, message, this.#params.gossipHeartbeats)
  }

  /** To those in the mesh (or to all) that neither sent it nor have said by now that they have it. */
  #forward(node: number, from: number, message: GossipMessage, toAll: boolean): void {
    const graph = this.#graph
    const degree = graph.degree(node)
    for (let i = 0; i < degree; i++) {
      const edge = graph.edgeOf(node, i)
      if (!(toAll ? this.mesh.isOpen(edge) : this.mesh.has(edge))) continue
      const to = graph.targetOf(edge)
      if (to === from || this.#unwanted(node, to, message)) continue
      this.#send(node, to, message)
    }
  }

  #unwanted(node: number, to: number, message: GossipMessage): boolean {
    const had = message.seen[to] ?? 0
    if (had === 0 || message.bytes < this.#params.dontWantBytes) return false
    return message.publishedUs + had - 1 + this.#links.baseUs(to, node) <= this.#host.nowUs
  }

  #send(from: number, to: number, message: GossipMessage): void {
    const bytes = message.bytes + this.#params.frameBytes
    this.#counter.data(from, to, bytes)
    message.copies++
    const seen = (message.seen[to] ?? 0) > 0
    // A duplicate matters only for the bandwidth that it takes.
    if (seen && !this.#links.bounded) return
    const at = this.#links.arrivalUs(this.#host.nowUs, from, to, bytes)
    if (!seen) this.#host.schedule(at, GOSSIP_EVENTS.data, to, from, message)
  }

  #want(node: number, from: number, message: GossipMessage): void {
    if ((message.seen[node] ?? 0) > 0) return
    const bytes = this.#params.idBytes + this.#params.frameBytes
    this.#counter.control(node, from, bytes)
    this.#host.schedule(
      this.#links.arrivalUs(this.#host.nowUs, node, from, bytes),
      GOSSIP_EVENTS.iwant,
      from,
      node,
      message,
    )
  }

  #countDontWants(node: number, from: number): void {
    const bytes = this.#params.idBytes + this.#params.frameBytes
    const degree = this.#graph.degree(node)
    for (let i = 0; i < degree; i++) {
      const edge = this.#graph.edgeOf(node, i)
      const to = this.#graph.targetOf(edge)
      if (to !== from && this.mesh.has(edge)) this.#counter.control(node, to, bytes)
    }
  }

  #nextBeatUs(node: number): number {
    const { heartbeatUs } = this.#params
    const phase = this.#beats[2 * node] ?? 0
    return phase + (Math.floor((this.#host.nowUs - phase) / heartbeatUs) + 1) * heartbeatUs
  }

  /** @param left heartbeats at which it is still told of */
  #tellLater(node: number, message: GossipMessage, left: number): void {
    if (left > 0) this.#host.schedule(this.#nextBeatUs(node), GOSSIP_EVENTS.heartbeat, node, left, message)
  }

  /**
   * IHAVE to a few neighbours outside the mesh, for what was heard in the last heartbeats. Drawn in one pass (Knuth's
   * selection sampling, TAOCP 3.4.2, algorithm S).
   */
  #heartbeat(node: number, left: number, message: GossipMessage): void {
    let rest = this.mesh.outside(node)
    let wanted = Math.min(rest, Math.max(this.#params.lazyDegree, Math.floor(rest * this.#params.lazyShare)))
    const graph = this.#graph
    const degree = graph.degree(node)
    for (let i = 0; wanted > 0 && i < degree; i++) {
      const edge = graph.edgeOf(node, i)
      if (!this.mesh.isOutside(edge)) continue
      if (wanted === rest || this.#random.next() * rest < wanted) {
        this.#tell(node, graph.targetOf(edge), message)
        wanted--
      }
      rest--
    }
    this.#beats[2 * node + 1] = this.#host.nowUs
    this.#tellLater(node, message, left - 1)
  }

  #tell(node: number, to: number, message: GossipMessage): void {
    const shared = this.#beats[2 * node + 1] === this.#host.nowUs
    this.#counter.control(node, to, this.#params.idBytes + (shared ? 0 : this.#params.frameBytes))
    if ((message.seen[to] ?? 0) > 0) return
    const at = this.#links.arrivalUs(this.#host.nowUs, node, to, 0)
    this.#host.schedule(at, GOSSIP_EVENTS.ihave, to, node, message)
  }
}
