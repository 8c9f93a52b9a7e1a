import {
  DEFAULT_SETTINGS,
  type AdmissionFrame,
  type Cid,
  type Crypto,
  type Effect,
  type EngineEvent,
  type EngineSettings,
  type Hasher,
  type Input,
  type Key,
  type RecordReader,
  type Reply,
  type SyncFrame,
} from '../../node/core/index.ts'
import { EventQueue } from '../kernel/queue.ts'
import { Random } from '../kernel/random.ts'
import { Flood } from './flood.ts'
import { LabNode, type Disk, type LabNodeOptions } from './lab-node.ts'

type EffectOf<T extends Effect['type']> = Extract<Effect, { type: T }>

export interface LabOptions {
  readonly seed: number
  readonly mesh: Cid
  readonly hasher: Hasher
  readonly selects: LabNodeOptions['selects']
  /** One for all nodes, so that each record is read and verified once. @default each engine its own */
  readonly reader?: RecordReader
  readonly settings?: Partial<EngineSettings>
  /** One way, plus up to a tenth. Milliseconds. */
  readonly latencyMs?: number
  /** Virtual time at the beginning. Milliseconds since 1970. */
  readonly startMs: number
}

/** A line of the trace: when, who, what. */
export interface TraceLine {
  readonly atMs: number
  readonly node: string
  readonly event: EngineEvent
}

/** Sees what engines ask for before it is done, and what became of what they heard. */
export interface LabWatch {
  effect(node: LabNode, effect: Effect): void
  judged(node: LabNode, bytes: Uint8Array, from: Key, result: 'accept' | 'ignore' | 'reject', code: string | null): void
}

/**
 * A small deterministic world of engines in virtual time, for golden traces and property tests: every message takes its
 * time on a wire, disks and hosts take theirs, and all that is random comes from one seed. The same scenario gives the
 * same trace.
 */
export class Lab {
  readonly nodes = new Map<string, LabNode>()
  readonly trace: TraceLine[] = []
  /** On records that were handed in at a node, not heard. */
  readonly verdicts: { readonly node: string; readonly result: string; readonly code: string | null }[] = []
  readonly replies: { readonly node: string; readonly reply: Reply }[] = []
  /** Whether bytes pass between two nodes now. */
  passes: (a: string, b: string) => boolean = () => true
  /** Share of gossip that never arrives, and that arrives twice: sync must make up for it. */
  gossipLoss = 0
  gossipTwice = 0
  watch: LabWatch | null = null
  /** Bundles that contradict their schema: nobody who checks takes them. */
  readonly unfit = new Set<Cid>()
  readonly #options: LabOptions
  readonly #queue = new EventQueue()
  readonly #wires: Random
  /** More than one under a key: clones. */
  readonly #byKey = new Map<Key, LabNode[]>()
  readonly #handshakes = new Map<string, Handshake>()
  readonly #arrivals = new Map<string, number>()
  readonly #flood: Flood
  #refs = 1

  constructor(options: LabOptions) {
    this.#options = options
    this.#wires = new Random(options.seed, 'wires')
    this.#flood = new Flood(this, options.hasher, this.#wires)
  }

  /** Whole milliseconds, as clocks tell it. */
  get nowMs(): number {
    return this.#options.startMs + Math.floor(this.#queue.time / 1000)
  }

  add(name: string, crypto: Crypto, key: Key, but: { settings?: Partial<EngineSettings>; disk?: Disk } = {}): LabNode {
    const node = new LabNode(this, {
      name,
      key,
      crypto,
      settings: { ...DEFAULT_SETTINGS, ...this.#options.settings, ...but.settings },
      random: new Random(this.#options.seed, `engine ${name}`),
      disk: but.disk ?? { records: new Map(), local: null, bundles: new Set() },
      mesh: this.#options.mesh,
      ...(this.#options.reader === undefined ? {} : { reader: this.#options.reader }),
      selects: this.#options.selects,
    })
    this.nodes.set(name, node)
    this.#byKey.set(key, [...(this.#byKey.get(key) ?? []), node])
    this.later(0, () => node.feed({ type: 'wake' }))
    return node
  }

  node(name: string): LabNode {
    const node = this.nodes.get(name)
    if (node === undefined) throw new Error(`the lab has no node ${name}`)
    return node
  }

  later(ms: number, action: () => void): void {
    // Rounded up: an alarm that came a fraction early would find nothing due, and ring again at once for ever.
    this.#queue.add(this.#queue.time + Math.ceil(Math.max(0, ms) * 1000), 0, 0, 0, action)
  }

  /** Lets this much time pass. */
  run(ms: number): void {
    const until = this.#queue.time + ms * 1000
    this.later(ms, () => undefined)
    let steps = 0
    for (let next = this.#queue.peekTime(); next !== undefined && next <= until; next = this.#queue.peekTime()) {
      this.#queue.next()
      if (++steps > STEPS_MAX)
        throw new Error(`the lab took ${STEPS_MAX} steps within ${ms} ms: something repeats for ever`)
      // Only `later` puts anything into this queue.
      const action = this.#queue.payload as () => void
      action()
    }
  }

  // Connections

  connect(a: string, b: string): void {
    this.#open(this.node(a), this.node(b))
  }

  dial(from: LabNode, peer: Key): void {
    const to = (this.#byKey.get(peer) ?? []).find((node) => node.up && this.passes(from.name, node.name))
    if (to !== undefined) this.#open(from, to)
  }

  #open(from: LabNode, to: LabNode): void {
    if (!from.up || !to.up || from.key === to.key || from.neighbours.has(to.name)) return
    if (!this.passes(from.name, to.name)) return
    const conn = `${from.name}>${to.name}#${this.#refs++}`
    this.#handshakes.set(conn, { dialler: from, listener: to, accepted: new Set() })
    from.feed({ type: 'admitStart', conn, peer: to.key, role: 'dialler' })
    to.feed({ type: 'admitStart', conn, peer: from.key, role: 'listener' })
  }

  admission(from: LabNode, effect: EffectOf<'admitSend'> | EffectOf<'admitResult'>): void {
    const { conn } = effect
    const handshake = this.#handshakes.get(conn)
    if (handshake === undefined) return
    const other = handshake.dialler === from ? handshake.listener : handshake.dialler
    if (effect.type === 'admitSend') {
      for (const frame of from.malice?.admits?.(effect.frame) ?? [effect.frame]) {
        this.carry(from, other, () => this.#admitFrame(other, conn, frame))
      }
      return
    }
    if (!effect.ok) {
      this.#handshakes.delete(conn)
      this.carry(from, other, () => other.feed({ type: 'admitEnd', conn }))
      return
    }
    handshake.accepted.add(from.name)
    if (handshake.accepted.size < 2) return
    this.#handshakes.delete(conn)
    // A clone takes the place of the other with its key.
    for (const [one, two] of [
      [from, other],
      [other, from],
    ] as const) {
      const twin = this.#neighbourOf(one, two.key)
      if (twin !== undefined && twin !== two) this.disconnect(one.name, twin.name)
    }
    from.neighbours.add(other.name)
    other.neighbours.add(from.name)
    this.later(0, () => from.feed({ type: 'peerUp', peer: other.key }))
    this.later(0, () => other.feed({ type: 'peerUp', peer: from.key }))
  }

  #admitFrame(to: LabNode, conn: string, frame: AdmissionFrame): void {
    if (this.#handshakes.has(conn)) to.feed({ type: 'admitFrame', conn, frame })
  }

  /** Would a connection be accepted there now? */
  answers(from: LabNode, peer: Key): boolean {
    return (this.#byKey.get(peer) ?? []).some((to) => to.up && this.passes(from.name, to.name))
  }

  hangup(node: LabNode, peer: Key, _code: string): void {
    const other = this.#neighbourOf(node, peer)
    if (other !== undefined) this.disconnect(node.name, other.name)
  }

  #neighbourOf(node: LabNode, peer: Key): LabNode | undefined {
    return (this.#byKey.get(peer) ?? []).find((other) => node.neighbours.has(other.name))
  }

  disconnect(a: string, b: string): void {
    const [one, two] = [this.node(a), this.node(b)]
    if (!one.neighbours.delete(b)) return
    two.neighbours.delete(a)
    this.later(0, () => one.feed({ type: 'peerDown', peer: two.key }))
    this.later(0, () => two.feed({ type: 'peerDown', peer: one.key }))
  }

  /** Cuts every connection that `passes` does not allow any more. */
  cut(): void {
    for (const [name, node] of this.nodes) {
      for (const other of node.neighbours) if (!this.passes(name, other)) this.disconnect(name, other)
    }
  }

  crash(name: string, disk = true): void {
    const node = this.node(name)
    for (const other of node.neighbours) this.disconnect(name, other)
    node.crash(disk)
  }

  neighboursOf(node: LabNode): LabNode[] {
    return [...node.neighbours].map((name) => this.node(name)).filter((other) => other.up)
  }

  // What passes over wires

  send(from: LabNode, peer: Key, frame: SyncFrame): void {
    const to = this.#neighbourOf(from, peer)
    if (to === undefined) return
    for (const sent of from.malice?.frames?.(to, frame) ?? [frame]) this.say(from, to, sent)
  }

  /** A frame that no engine asked to be sent, or one that did. */
  say(from: LabNode, to: LabNode, frame: SyncFrame): void {
    const input: Input = { type: 'syncFrame', peer: from.key, frame }
    this.carry(from, to, () => {
      if (to.neighbours.has(from.name)) to.feed(input)
    })
  }

  gossip(from: LabNode, bytes: Uint8Array): void {
    this.#flood.spread(from, bytes, null)
  }

  judged(node: LabNode, effect: EffectOf<'verdict'>): void {
    this.#flood.judged(node, effect)
  }

  /** Gossip from a peer that sends what it likes, after the receiver's memory of what it has seen has run out. */
  inject(from: LabNode, to: LabNode, bytes: Uint8Array): void {
    this.carry(from, to, () => {
      if (to.neighbours.has(from.name)) this.#flood.listen(from, to, bytes)
    })
  }

  /** One connection carries everything between two nodes, in order, and loses it if it is cut on the way. */
  carry(from: LabNode, to: LabNode, action: () => void): void {
    const latency = (this.#options.latencyMs ?? 5) * (1 + this.#wires.next() / 10)
    const wire = `${from.name}>${to.name}`
    const arrival = Math.max(this.nowMs + latency + (from.malice?.delayMs ?? 0), this.#arrivals.get(wire) ?? 0)
    this.#arrivals.set(wire, arrival)
    this.later(arrival - this.nowMs, () => {
      if (to.up && this.passes(from.name, to.name)) action()
    })
  }

  // What nodes say

  replied(node: LabNode, { reply }: EffectOf<'reply'>): void {
    this.replies.push({ node: node.name, reply })
  }

  said(node: LabNode, event: EngineEvent): void {
    this.trace.push({ atMs: this.nowMs - this.#options.startMs, node: node.name, event })
  }
}

/** Some thousand times what a minute of ten nodes takes. */
const STEPS_MAX = 2_000_000

interface Handshake {
  readonly dialler: LabNode
  readonly listener: LabNode
  readonly accepted: Set<string>
}
