import { fromHex } from '../../node/core/index.ts'
import { EventQueue } from '../kernel/queue.ts'
import { Random } from '../kernel/random.ts'
import { Counters } from '../network/counters.ts'
import type { Cargo, MessageFigures, Network, NetworkHost, Parcel } from '../network/network.ts'
import { Messages } from './messages.ts'
import { makeRouter, RESULTS, stubPeer } from './router.ts'
import type { GossipsubModule, HeardMessage, Router, Rpc, StubPeer, StubStream, Topology } from './router.ts'
import { VirtualTime } from './virtual-time.ts'
import type { VirtualTimer } from './virtual-time.ts'

/** What lies between nodes. */
export interface ExactLinks {
  readonly regions: number
  regionOf(node: number): number
  arrivalUs(nowUs: number, from: number, to: number, bytes: number): number
  rest?(): void
}

export interface ExactOptions {
  readonly seed: number
  readonly links: ExactLinks
  /** sha2-256 of an envelope, hex. */
  readonly messageId: (bytes: Uint8Array) => string
  /** The real topic's length counts: it is in every frame. @default as long as one */
  readonly topic?: string
  /** How many times longer than needed to wait for promises: a test shows that it changes nothing. @default 1 */
  readonly patience?: number
}

/** A node's router, and who it is. */
interface Peer {
  readonly self: StubPeer
  readonly router: Router
  readonly topology: Topology
  /** To each neighbour a number that changes with each connection: what was sent over an older one is lost. */
  readonly links: Map<number, number>
}

/** The network's own events. */
const KIND = { start: 0, frame: 1, timer: 2, publish: 3, link: 4, unlink: 5, verdict: 6, parcel: 8 } as const

/**
 * The real GossipSub class, one for each node, on virtual links and under virtual timers: what the daemon runs, but for
 * sockets. Its promises settle after each event, before the next; so a run is as deterministic as the model's.
 */
export class ExactNetwork implements Network {
  readonly kind = 'exact'
  readonly counters: Counters
  readonly #host: NetworkHost
  readonly #links: ExactLinks
  readonly #messages: Messages
  readonly #module: GossipsubModule
  readonly #time: VirtualTime
  readonly #topic: string
  readonly #patience: number
  readonly #peers: Peer[] = []
  /** The time before the first event, in which meshes form and come to rest. */
  #warm: EventQueue | null = new EventQueue()
  readonly #random: Random
  readonly #early: [number, number][] = []
  #epochs = 1
  #turns = 0

  constructor(module: GossipsubModule, host: NetworkHost, options: ExactOptions) {
    this.#module = module
    this.#host = host
    this.#links = options.links
    this.#patience = options.patience ?? 1
    this.#topic = options.topic ?? `/chorus/1/${'b'.repeat(59)}/records`
    this.#messages = new Messages((bytes) => fromHex(options.messageId(bytes)), host.nodes)
    this.#random = new Random(options.seed, 'exact')
    this.counters = new Counters(host.nodes, options.links.regions, (node) => options.links.regionOf(node))
    const arm = (timer: VirtualTimer, ms: number): void =>
      this.#schedule(this.#nowUs() + Math.max(0, ms) * 1000, KIND.timer, 0, 0, timer)
    this.#time = new VirtualTime(() => EPOCH_MS + Math.floor(this.#nowUs() / 1000), arm, this.#random)
    host.schedule(0, KIND.start, 0, 0)
  }

  // What the world asks for: events of their own, so that promises settle before the next one.

  gossip(node: number, bytes: Uint8Array): void {
    this.#schedule(this.#nowUs(), KIND.publish, node, 0, bytes)
  }

  connect(a: number, b: number): void {
    if (this.#peers.length === 0) this.#early.push([a, b])
    else this.#schedule(this.#nowUs(), KIND.link, a, b)
  }

  disconnect(a: number, b: number): void {
    this.#schedule(this.#nowUs(), KIND.unlink, a, b)
  }

  send(from: number, to: number, bytes: number, parcel: Parcel): void {
    this.counters.count(CARGO[parcel.type], from, to, bytes)
    this.#host.schedule(this.#links.arrivalUs(this.#host.nowUs, from, to, bytes), KIND.parcel, to, from, parcel)
  }

  mesh(node: number): readonly number[] {
    return (this.#peers[node]?.router.getMeshPeers(this.#topic) ?? []).map((name) => Number(name.slice(1)))
  }

  figures(bytes: Uint8Array): MessageFigures | undefined {
    return this.#messages.figures(bytes)
  }

  handle(kind: number, a: number, b: number, payload: unknown): void {
    this.#time.enter()
    if (kind === KIND.start) this.#startAll()
    else this.#act(kind, a, b, payload)
  }

  async settle(): Promise<void> {
    await this.#turn()
    if (this.#warm !== null && this.#peers.length > 0) await this.#warmUp(this.#warm)
    this.#time.leave()
  }

  // What happens. Payloads come back as they were scheduled, each kind by one place only; hence the casts.

  #act(kind: number, a: number, b: number, payload: unknown): void {
    switch (kind) {
      case KIND.frame:
        return this.#arrived(a, b, payload as Frame)
      case KIND.timer:
        return this.#ring(payload as VirtualTimer)
      case KIND.publish:
        return this.#publish(a, payload as Uint8Array)
      case KIND.link:
        return this.#link(a, b)
      case KIND.unlink:
        return this.#unlink(a, b)
      case KIND.verdict:
        return (payload as () => void)()
      default:
        if (this.#host.connected(a, b)) this.#host.receive(a, b, payload as Parcel)
    }
  }

  #ring(timer: VirtualTimer): void {
    if (timer.cancelled) return
    timer.work()
    if (timer.everyMs !== null) this.#schedule(this.#nowUs() + timer.everyMs * 1000, KIND.timer, 0, 0, timer)
    this.#turns = LONG
  }

  #publish(node: number, bytes: Uint8Array): void {
    this.#messages.publish(node, bytes)
    // With nobody to tell it to, sync delivers.
    this.#peers[node]?.router.publish(this.#topic, bytes).catch(() => undefined)
  }

  #heard(node: number, { propagationSource, msgId, msg }: HeardMessage): void {
    const message = this.#messages.arrived(node, propagationSource.index, msg.data)
    const verdict = this.#host.hear(node, propagationSource.index, message.bytes)
    const result = this.#module.TopicValidatorResult[RESULTS[verdict]]
    const source = propagationSource.toString()
    const keepsUs = this.#host.keepsUs(node, message.bytes)
    const tell = (): void => this.#peers[node]?.router.reportMessageValidationResult(msgId, source, result)
    if (keepsUs === 0) tell()
    else if (Number.isFinite(keepsUs)) this.#schedule(this.#nowUs() + keepsUs, KIND.verdict, node, 0, tell)
  }

  // Links

  #link(a: number, b: number): void {
    const [one, two] = [this.#peers[a], this.#peers[b]]
    if (one === undefined || two === undefined || one.links.has(b)) return
    const epoch = this.#epochs++
    one.links.set(b, epoch)
    two.links.set(a, epoch)
    one.topology.onConnect(two.self, this.#connection(a, b, 'outbound'))
    two.topology.onConnect(one.self, this.#connection(b, a, 'inbound'))
    this.#turns = LONG
  }

  #unlink(a: number, b: number): void {
    const [one, two] = [this.#peers[a], this.#peers[b]]
    if (one === undefined || two === undefined || !one.links.delete(b)) return
    two.links.delete(a)
    one.topology.onDisconnect(two.self)
    two.topology.onDisconnect(one.self)
    this.#turns = LONG
  }

  #connection(from: number, to: number, direction: 'inbound' | 'outbound') {
    const stream: StubStream = {
      protocol: PROTOCOL,
      send: (data) => {
        this.#sent(from, to, data.subarray())
        return true
      },
      addEventListener: () => undefined,
      close: async () => undefined,
      abort: () => undefined,
    }
    return { status: 'open', direction, remoteAddr: NO_ADDRESS, newStream: async () => stream } as const
  }

  #sent(from: number, to: number, prefixed: Uint8Array): void {
    const [sender, receiver] = [this.#peers[from], this.#peers[to]]
    const epoch = sender?.links.get(to)
    if (receiver === undefined || epoch === undefined) return
    const bytes = prefixed.length + TRANSPORT_BYTES
    const rpc = receiver.router.decodeRpc(withoutPrefix(prefixed))
    const copies = this.#messages.sent(rpc)
    if (this.#warm === null) {
      for (let i = 0; i < copies; i++) this.counters.copies++
      this.counters.count(copies > 0 ? 'gossip' : 'control', from, to, bytes)
    }
    // Lines are shared with parcels, which know the world's clock alone: it begins when all is warm.
    const begunUs = this.#warm === null ? WARM_US : 0
    const at = begunUs + this.#links.arrivalUs(this.#nowUs() - begunUs, from, to, bytes)
    this.#schedule(at, KIND.frame, to, from, { rpc, epoch })
  }

  #arrived(to: number, from: number, { rpc, epoch }: Frame): void {
    const [sender, receiver] = [this.#peers[from], this.#peers[to]]
    if (sender === undefined || receiver === undefined || receiver.links.get(from) !== epoch) return
    if (this.#warm === null && !this.#host.connected(to, from)) return
    receiver.router.handleReceivedRpc(sender.self, rpc).catch(() => undefined)
  }

  // Time

  #nowUs(): number {
    return this.#warm === null ? WARM_US + this.#host.nowUs : this.#warm.time
  }

  #schedule(atUs: number, kind: number, a: number, b: number, payload?: unknown): void {
    if (this.#warm === null) this.#host.schedule(atUs - WARM_US, kind, a, b, payload)
    else this.#warm.add(Math.ceil(atUs), kind, a, b, payload)
  }

  /**
   * A fleet comes up one node after another, as it does when it is rolled out: each dials those that are there, and its heartbeat has a
   * phase of its own. It shapes the meshes: started at once they have a tenth fewer links (`npm run bench:fidelity`).
   */
  #startAll(): void {
    const starts = Array.from({ length: this.#host.nodes }, () => this.#random.below(GROWTH_US))
    for (let node = 0; node < this.#host.nodes; node++) {
      const self = stubPeer(node)
      const { router, topology } = makeRouter(this.#module, this.#topic, self, (data) => this.#messages.idOf(data))
      this.#peers.push({ self, router, topology, links: new Map() })
      router.addEventListener('gossipsub:message', ({ detail }) => this.#heard(node, detail))
      const start = (): void => {
        void router.start().then(() => router.subscribe(this.#topic))
        this.#turns = LONG
      }
      this.#schedule(starts[node] ?? 0, KIND.verdict, node, 0, start)
    }
    for (const [a, b] of this.#early) {
      const [ofA, ofB] = [starts[a] ?? 0, starts[b] ?? 0]
      const at = Math.max(ofA, ofB) + this.#random.below(DIAL_US)
      if (ofA > ofB) this.#schedule(at, KIND.link, a, b)
      else this.#schedule(at, KIND.link, b, a)
    }
  }

  async #warmUp(queue: EventQueue): Promise<void> {
    for (let next = queue.peekTime(); next !== undefined && next < WARM_US; next = queue.peekTime()) {
      queue.next()
      this.#act(queue.kind, queue.a, queue.b, queue.payload)
      await this.#turn()
    }
    this.#warm = null
    this.#links.rest?.()
    while (queue.next()) this.#schedule(queue.time, queue.kind, queue.a, queue.b, queue.payload)
  }

  /** Lets promises settle: each turn runs what the one before made ready. */
  async #turn(): Promise<void> {
    const turns = Math.max(SHORT, this.#turns) * this.#patience
    this.#turns = 0
    for (let i = 0; i < turns; i++) await Promise.resolve()
  }
}

interface Frame {
  readonly rpc: Rpc
  readonly epoch: number
}

function withoutPrefix(bytes: Uint8Array): Uint8Array {
  let at = 0
  while (((bytes[at] ?? 0) & 0x80) !== 0) at++
  return bytes.subarray(at + 1)
}

const CARGO: Readonly<Record<Parcel['type'], Cargo>> = {
  sync: 'sync',
  admission: 'admission',
  admissionEnd: 'admission',
  blocks: 'blobs',
}
const PROTOCOL = '/meshsub/1.2.0'
const NO_ADDRESS = { getComponents: () => [], toString: () => '' }
/** Any time after 1970: the class only looks at differences. */
const EPOCH_MS = 1_000_000_000_000
/** The last node has started, and has dialled. */
const GROWTH_US = 30_000_000
const DIAL_US = 1_000_000
/** Meshes settle within some heartbeats after that. */
const WARM_US = 45_000_000
/** Bytes beside an RPC and its length: yamux 12, noise 18, TCP and IP headers with timestamps 52. */
const TRANSPORT_BYTES = 82
/** Promises in a row: what a frame leads to takes 9, a start or a heartbeat some 30. Twice that and more. */
const SHORT = 24
const LONG = 96
