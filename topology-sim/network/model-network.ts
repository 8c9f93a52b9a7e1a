import { Random } from '../kernel/random.ts'
import { Counters } from './counters.ts'
import { GossipModel, type GossipEvent, type GossipLinks, type GossipMessage } from './gossip-model.ts'
import type { Graph } from './graph.ts'
import type { Cargo, MessageFigures, Network, NetworkHost, Parcel } from './network.ts'
import { GOSSIP_DEFAULTS, type GossipParams } from './params.ts'

export interface ModelLinks extends GossipLinks {
  readonly regions: number
  regionOf(node: number): number
}

/** Behind the kinds of `GOSSIP_EVENTS`. */
const PARCEL = 8

const CARGO: Readonly<Record<Parcel['type'], Cargo>> = {
  sync: 'sync',
  admission: 'admission',
  admissionEnd: 'admission',
  blocks: 'blobs',
}

/** The gossip model, and parcels as single events with a latency: to a million nodes. */
export class ModelNetwork implements Network {
  readonly kind = 'model'
  readonly counters: Counters
  readonly #host: NetworkHost
  readonly #links: ModelLinks
  readonly #gossip: GossipModel
  readonly #messages = new WeakMap<Uint8Array, GossipMessage>()

  constructor(host: NetworkHost, graph: Graph, links: ModelLinks, seed: number, params: Partial<GossipParams> = {}) {
    this.#host = host
    this.#links = links
    this.counters = new Counters(host.nodes, links.regions, (node) => links.regionOf(node))
    const { counters } = this
    const of = (message: GossipMessage): Uint8Array => message.payload as Uint8Array // Only `gossip` publishes here.
    const driver = {
      get nowUs() {
        return host.nowUs
      },
      schedule: (atUs: number, kind: GossipEvent, node: number, from: number, message: GossipMessage | null) =>
        host.schedule(atUs, kind, node, from, message),
      connected: (a: number, b: number) => host.connected(a, b),
      deliver: (node: number, from: number, message: GossipMessage) => host.hear(node, from, of(message)),
      keepsUs: (node: number, message: GossipMessage) => host.keepsUs(node, of(message)),
    }
    const random = new Random(seed, 'gossip')
    this.#gossip = new GossipModel(graph, { ...GOSSIP_DEFAULTS, ...params }, links, random, driver, counters)
  }

  gossip(node: number, bytes: Uint8Array): void {
    this.#messages.set(bytes, this.#gossip.publish(node, bytes.length, bytes))
  }

  send(from: number, to: number, bytes: number, parcel: Parcel): void {
    this.counters.count(CARGO[parcel.type], from, to, bytes)
    this.#host.schedule(this.#links.arrivalUs(this.#host.nowUs, from, to, bytes), PARCEL, to, from, parcel)
  }

  connect(a: number, b: number): void {
    this.#gossip.connect(a, b)
  }

  disconnect(a: number, b: number): void {
    this.#gossip.disconnect(a, b)
  }

  mesh(node: number): readonly number[] {
    return this.#gossip.mesh.peers(node)
  }

  figures(bytes: Uint8Array): MessageFigures | undefined {
    return this.#messages.get(bytes)
  }

  handle(kind: number, a: number, b: number, payload: unknown): void {
    // What was scheduled above comes back as it was.
    if (kind !== PARCEL) this.#gossip.handle(kind as GossipEvent, a, b, payload as GossipMessage | null)
    else if (this.#host.connected(a, b)) this.#host.receive(a, b, payload as Parcel)
  }
}
