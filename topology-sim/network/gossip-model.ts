import type { Random } from '../kernel/random.ts'
import type { Graph } from './graph.ts'
import type { Links } from './links.ts'
import type { GossipParams } from './params.ts'

/** What became of a message at a node, as its engine judged it. */
export type Verdict = 'accept' | 'ignore' | 'reject'

/** What the model needs of the simulation that it runs in. */
export interface GossipHost {
  readonly nowUs: number
  schedule(atUs: number, kind: GossipEvent, node: number, from: number, message: GossipMessage): void
  /** Whether bytes pass between two nodes now: both are up, and no partition lies between them. */
  connected(a: number, b: number): boolean
  deliver(node: number, from: number, message: GossipMessage): Verdict
}

export const GOSSIP_EVENTS = { data: 0, ihave: 1, iwant: 2, heartbeat: 3 } as const
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
  readonly bytesIn: Float64Array
  readonly bytesOut: Float64Array
  readonly #graph: Graph
  readonly #params: GossipParams
  readonly #links: Links
  readonly #random: Random
  readonly #host: GossipHost
  /** For each node a bit for each place among its neighbours that is in its mesh. Places are at most 32. */
  readonly #mesh: Uint32Array
  /** Messages that a node still tells of, with the heartbeats left. */
  readonly #recent = new Map<number, { message: GossipMessage; left: number }[]>()
  /** Each node's heartbeat has a phase of its own. */
  readonly #phase: Uint32Array
  #messages = 0

  constructor(graph: Graph, params: GossipParams, links: Links, random: Random, host: GossipHost) {
    if (graph.places > 32)
      throw new RangeError(`the gossip model holds at most 32 neighbours a node, not ${graph.places}`)
    this.#graph = graph
    this.#params = params
    this.#links = links
    this.#random = random
    this.#host = host
    this.#mesh = new Uint32Array(graph.nodes)
    this.#phase = new Uint32Array(graph.nodes)
    this.bytesIn = new Float64Array(graph.nodes)
    this.bytesOut = new Float64Array(graph.nodes)
    for (let node = 0; node < graph.nodes; node++) this.#phase[node] = random.below(params.heartbeatUs)
    this.#graftAll()
  }

  meshDegree(node: number): number {
    return ones(this.#mesh[node] ?? 0)
  }

  publish(node: number, bytes: number, payload: unknown): GossipMessage {
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
    const everyone = this.#params.floodPublish ? 0xffff_ffff : (this.#mesh[node] ?? 0)
    this.#forward(node, -1, message, everyone)
    this.#tellLater(node, message)
    return message
  }

  /** The driver gives back what was scheduled, when its time has come. */
  handle(kind: GossipEvent, node: number, from: number, message: GossipMessage): void {
    if (kind === GOSSIP_EVENTS.heartbeat) return this.#heartbeat(node)
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
    this.#forward(node, from, message, this.#mesh[node] ?? 0)
    this.#tellLater(node, message)
  }

  /** To those neighbours of `places` that neither sent it nor have said by now that they have it. */
  #forward(node: number, from: number, message: GossipMessage, places: number): void {
    for (let i = 0; i < this.#graph.degree(node); i++) {
      if ((places & (1 << i)) === 0) continue
      const to = this.#graph.neighbour(node, i)
      if (to === from || !this.#host.connected(node, to) || this.#unwanted(node, to, message)) continue
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
    this.#count(from, to, bytes)
    message.copies++
    const at = this.#links.arrivalUs(this.#host.nowUs, from, to, bytes)
    if ((message.seen[to] ?? 0) === 0) this.#host.schedule(at, GOSSIP_EVENTS.data, to, from, message)
  }

  #want(node: number, from: number, message: GossipMessage): void {
    if ((message.seen[node] ?? 0) > 0) return
    this.#control(node, from, GOSSIP_EVENTS.iwant, message)
  }

  #control(from: number, to: number, kind: GossipEvent, message: GossipMessage): void {
    const bytes = this.#params.idBytes + this.#params.frameBytes
    this.#count(from, to, bytes)
    this.#host.schedule(this.#links.arrivalUs(this.#host.nowUs, from, to, bytes), kind, to, from, message)
  }

  #countDontWants(node: number, from: number): void {
    const bytes = this.#params.idBytes + this.#params.frameBytes
    for (let i = 0; i < this.#graph.degree(node); i++) {
      const to = this.#graph.neighbour(node, i)
      if (((this.#mesh[node] ?? 0) & (1 << i)) !== 0 && to !== from) this.#count(node, to, bytes)
    }
  }

  #tellLater(node: number, message: GossipMessage): void {
    const recent = this.#recent.get(node)
    const entry = { message, left: this.#params.gossipHeartbeats }
    if (recent !== undefined) {
      recent.push(entry)
      return
    }
    this.#recent.set(node, [entry])
    this.#nextHeartbeat(node, message)
  }

  #nextHeartbeat(node: number, message: GossipMessage): void {
    const { heartbeatUs } = this.#params
    const phase = this.#phase[node] ?? 0
    const beats = Math.floor((this.#host.nowUs - phase) / heartbeatUs) + 1
    this.#host.schedule(phase + beats * heartbeatUs, GOSSIP_EVENTS.heartbeat, node, node, message)
  }

  /** IHAVE to a few neighbours outside the mesh, for what was heard in the last heartbeats. */
  #heartbeat(node: number): void {
    const recent = this.#recent.get(node)
    if (recent === undefined) return
    const mesh = this.#mesh[node] ?? 0
    const outside: number[] = []
    for (let i = 0; i < this.#graph.degree(node); i++) {
      const other = this.#graph.neighbour(node, i)
      if ((mesh & (1 << i)) === 0 && this.#host.connected(node, other)) outside.push(other)
    }
    const count = Math.max(this.#params.lazyDegree, Math.floor(outside.length * this.#params.lazyShare))
    const chosen =
      outside.length <= count ? outside : this.#random.sample(outside.length, count).map((i) => outside[i] ?? node)
    for (const to of chosen) this.#tell(node, to, recent)
    for (const entry of recent) entry.left--
    const left = recent.filter((entry) => entry.left > 0)
    const first = left[0]
    if (first === undefined) {
      this.#recent.delete(node)
      return
    }
    this.#recent.set(node, left)
    this.#nextHeartbeat(node, first.message)
  }

  #tell(node: number, to: number, recent: readonly { readonly message: GossipMessage }[]): void {
    this.#count(node, to, recent.length * this.#params.idBytes + this.#params.frameBytes)
    for (const { message } of recent) {
      if ((message.seen[to] ?? 0) > 0) continue
      const at = this.#links.arrivalUs(this.#host.nowUs, node, to, 0)
      this.#host.schedule(at, GOSSIP_EVENTS.ihave, to, node, message)
    }
  }

  #count(from: number, to: number, bytes: number): void {
    this.bytesOut[from] = (this.bytesOut[from] ?? 0) + bytes
    this.bytesIn[to] = (this.bytesIn[to] ?? 0) + bytes
  }

  /** The mesh as heartbeats settle it: nodes below the lower bound graft until they have the wanted degree. */
  #graftAll(): void {
    const { degree, degreeHigh } = this.#params
    const order = this.#random.shuffle(Array.from({ length: this.#graph.nodes }, (_, node) => node))
    for (const node of order) {
      const places = this.#random.shuffle(Array.from({ length: this.#graph.degree(node) }, (_, i) => i))
      for (const i of places) {
        if (this.meshDegree(node) >= degree) break
        const other = this.#graph.neighbour(node, i)
        if (this.meshDegree(other) >= degreeHigh) continue
        this.#mesh[node] = (this.#mesh[node] ?? 0) | (1 << i)
        this.#mesh[other] = (this.#mesh[other] ?? 0) | (1 << this.#graph.placeOf(other, node))
      }
    }
  }
}

/** Bits that are set (Hacker's Delight, figure 5-2). */
function ones(bits: number): number {
  let x = bits - ((bits >>> 1) & 0x5555_5555)
  x = (x & 0x3333_3333) + ((x >>> 2) & 0x3333_3333)
  return Math.imul((x + (x >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24
}
