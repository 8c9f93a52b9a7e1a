import type { AdmissionFrame, Effect, Key } from '../../node/core/index.ts'
import type { Graph } from '../network/graph.ts'
import type { Parcel } from '../network/network.ts'
import { parcelBytes } from '../network/weights.ts'
import { SIM_LIMITS } from '../limits.ts'
import { feed } from './drive.ts'
import { EVENT, STATUS, type WorldState } from './state.ts'
import { trace } from './trace.ts'

type EffectOf<T extends Effect['type']> = Extract<Effect, { type: T }>

/** Of each end of an edge. */
const NONE = 0
const SHAKING = 1
const LIVE = 2

/** Where one member of ten can be dialled, all but one of 30 looks find somebody. */
const DRAWS = 32

interface Handshake {
  readonly dialler: number
  readonly listener: number
  accepted: number
}

/**
 * Who is connected to whom now: dialling, admission by the engines, hanging up, and dialling again as the daemon does.
 * An edge of the graph is a pair that knows each other's addresses.
 */
export class Connections {
  readonly graph: Graph
  readonly #state: WorldState
  readonly #edges: Uint8Array
  readonly #degrees: Uint16Array
  /** Nodes that will look for others soon. */
  readonly #tending: Uint8Array
  readonly #handshakes = new Map<number, Handshake>()
  #conns = 1

  constructor(state: WorldState, graph: Graph) {
    this.#state = state
    this.graph = graph
    this.#edges = new Uint8Array(graph.ends)
    this.#degrees = new Uint16Array(graph.nodes)
    this.#tending = new Uint8Array(graph.nodes)
  }

  degree(node: number): number {
    return this.#degrees[node] ?? 0
  }

  isLive(a: number, b: number): boolean {
    return this.#of(a, b) === LIVE
  }

  isEdgeLive(edge: number): boolean {
    return this.#edges[edge] === LIVE
  }

  #of(a: number, b: number): number {
    const edge = this.graph.edgeBetween(a, b)
    return edge < 0 ? NONE : (this.#edges[edge] ?? NONE)
  }

  neighbours(node: number): number[] {
    const found: number[] = []
    const degree = this.graph.degree(node)
    for (let i = 0; i < degree; i++) {
      const edge = this.graph.edgeOf(node, i)
      if (this.#edges[edge] === LIVE) found.push(this.graph.targetOf(edge))
    }
    return found
  }

  /** Every pair that is up is connected, and has been for long. */
  beginAtRest(): void {
    const { graph } = this
    for (let node = 0; node < graph.nodes; node++) {
      if (!this.#state.isUp(node)) continue
      for (let i = 0; i < graph.degree(node); i++) {
        const other = graph.neighbour(node, i)
        if (other > node && this.#state.isUp(other)) this.#join(node, other)
      }
    }
  }

  #join(a: number, b: number): void {
    this.#mark(a, b, LIVE)
    this.#degrees[a] = this.degree(a) + 1
    this.#degrees[b] = this.degree(b) + 1
    this.#state.network.connect(a, b)
  }

  #mark(a: number, b: number, is: number): void {
    const edge = this.graph.edgeBetween(a, b)
    if (edge < 0) return
    this.#edges[edge] = is
    this.#edges[this.graph.twinOf(edge)] = is
  }

  // Coming

  /** The engine was told of a member's address and has few peers. */
  dialKey(node: number, peer: Key): void {
    const other = this.#state.indexOf.get(peer)
    if (other === undefined || !this.#canDial(other)) return
    this.#state.queue.add(this.#state.nowUs, EVENT.dial, node, other)
  }

  #canDial(node: number): boolean {
    return this.#state.options.fleet.at(node).dialable !== false
  }

  /** @returns false if the two cannot be connected now */
  dial(from: number, to: number): boolean {
    const state = this.#state
    if (from === to || !state.connected(from, to) || this.#of(from, to) !== NONE) return false
    if (this.graph.edgeBetween(from, to) < 0 && !this.graph.connect(from, to)) return false
    const conn = this.#conns++
    this.#handshakes.set(conn, { dialler: from, listener: to, accepted: 0 })
    this.#mark(from, to, SHAKING)
    const keys = state.genesis.keys
    feed(state, from, { type: 'admitStart', conn: String(conn), peer: keys[to] ?? '', role: 'dialler' })
    feed(state, to, { type: 'admitStart', conn: String(conn), peer: keys[from] ?? '', role: 'listener' })
    return true
  }

  admission(node: number, effect: EffectOf<'admitSend'> | EffectOf<'admitResult'>): void {
    const conn = Number(effect.conn)
    const handshake = this.#handshakes.get(conn)
    if (handshake === undefined) return
    const other = handshake.dialler === node ? handshake.listener : handshake.dialler
    if (effect.type === 'admitSend') return this.#send(node, other, { type: 'admission', conn, frame: effect.frame })
    if (!effect.ok) {
      this.#send(node, other, { type: 'admissionEnd', conn })
      this.#giveUp(conn, handshake)
      return
    }
    handshake.accepted += 1
    if (handshake.accepted < 2) return
    this.#handshakes.delete(conn)
    this.#join(node, other)
    for (const [one, two] of [
      [node, other],
      [other, node],
    ] as const) {
      this.#state.queue.add(this.#state.nowUs, EVENT.peerUp, one, two)
      this.#state.blobs.connected(one, two)
    }
  }

  #send(from: number, to: number, parcel: Parcel & { type: 'admission' | 'admissionEnd' }): void {
    this.#state.network.send(from, to, parcelBytes(parcel), parcel)
  }

  /** A handshake that failed, or that a crash or a partition ended. The dialler tries again later. */
  #giveUp(conn: number, { dialler, listener }: Handshake): void {
    this.#handshakes.delete(conn)
    if (this.#of(dialler, listener) === SHAKING) this.#mark(dialler, listener, NONE)
    this.#redial(dialler, listener, SIM_LIMITS.redialMaxMs)
  }

  took(node: number, parcel: Parcel & { type: 'admission' | 'admissionEnd' }): void {
    const conn = String(parcel.conn)
    if (parcel.type === 'admissionEnd') return feed(this.#state, node, { type: 'admitEnd', conn })
    if (!this.#handshakes.has(parcel.conn)) return
    const frame: AdmissionFrame = parcel.frame
    feed(this.#state, node, { type: 'admitFrame', conn, frame })
  }

  peerUp(node: number, other: number): void {
    if (!this.isLive(node, other)) return
    if (this.#state.observers.length > 0) trace(this.#state, node, 'peerUp', 'connected', { from: other })
    feed(this.#state, node, { type: 'peerUp', peer: this.#state.genesis.keys[other] ?? '' })
  }

  // Going

  hangup(node: number, peer: Key): void {
    const other = this.#state.indexOf.get(peer)
    if (other !== undefined) this.cut(node, other)
  }

  /** Ends a connection: both ends that are up learn of it at once. */
  cut(a: number, b: number): void {
    const is = this.#of(a, b)
    if (is === NONE) return
    this.#mark(a, b, NONE)
    if (is === SHAKING) return
    this.#degrees[a] = this.degree(a) - 1
    this.#degrees[b] = this.degree(b) - 1
    const state = this.#state
    state.network.disconnect(a, b)
    state.queue.add(state.nowUs, EVENT.peerDown, a, b)
    state.queue.add(state.nowUs, EVENT.peerDown, b, a)
    this.#redial(a, b, SIM_LIMITS.redialMinMs)
    this.#tend(a)
    this.#tend(b)
  }

  peerDown(node: number, other: number): void {
    if (this.isLive(node, other)) return
    if (this.#state.observers.length > 0) trace(this.#state, node, 'peerDown', 'disconnected', { from: other })
    feed(this.#state, node, { type: 'peerDown', peer: this.#state.genesis.keys[other] ?? '' })
  }

  cutAll(node: number): void {
    for (const other of this.neighbours(node)) this.cut(node, other)
    for (const [conn, handshake] of this.#handshakes) {
      if (handshake.dialler === node || handshake.listener === node) this.#giveUp(conn, handshake)
    }
  }

  /** Connections that stopped working without a word: each end notices when its pings fail. */
  cutSilently(isCut: (a: number, b: number) => boolean, nodes: Iterable<number>): void {
    const { random } = this.#state
    const { noticeMinMs, noticeMaxMs } = SIM_LIMITS
    for (const node of nodes) {
      for (const other of this.neighbours(node)) {
        if (!isCut(node, other)) continue
        const ms = noticeMinMs + (noticeMaxMs - noticeMinMs) * random.next()
        this.#state.queue.add(this.#state.nowUs + ms * 1000, EVENT.cut, node, other)
      }
    }
  }

  /** It was noticed: unless it works again. */
  noticed(a: number, b: number): void {
    if (!this.#state.connected(a, b)) this.cut(a, b)
  }

  // Coming back

  /** Everyone in `nodes` tries its edges again: after a heal, a start or a wake. `outageMs`: how long it lasted. */
  redialAll(nodes: Iterable<number>, outageMs: number): void {
    const { redialMinMs, redialMaxMs } = SIM_LIMITS
    const pause = Math.min(redialMaxMs, Math.max(redialMinMs, outageMs))
    for (const node of nodes) {
      for (let i = 0; i < this.graph.degree(node); i++) {
        const other = this.graph.neighbour(node, i)
        if (this.#of(node, other) === NONE) this.#redial(node, other, pause)
      }
    }
  }

  #redial(a: number, b: number, pauseMs: number): void {
    const [from, to] = this.#canDial(b) ? [a, b] : [b, a]
    if (!this.#canDial(to)) return
    const state = this.#state
    state.queue.add(state.nowUs + pauseMs * 1000 * state.random.next(), EVENT.dial, from, to)
  }

  /** Few connections are left: others are dialled, as far as there is room; where nobody has a place, less often. */
  #tend(node: number, pauseMs: number = SIM_LIMITS.tendMs): void {
    if (this.#tending[node] === 1 || this.degree(node) >= SIM_LIMITS.neighboursLow) return
    this.#tending[node] = 1
    this.#state.queue.add(this.#state.nowUs + pauseMs * 1000 * this.#state.random.next(), EVENT.tend, node)
  }

  tend(node: number): void {
    const state = this.#state
    this.#tending[node] = 0
    if (!state.isUp(node) || this.degree(node) >= Math.min(SIM_LIMITS.neighboursLow, state.size - 1)) return
    let dialled = false
    for (let dials = 0; dials < SIM_LIMITS.neighboursLow; dials++) {
      const other = this.#someone(node)
      if (other !== null) dialled = this.dial(node, other) || dialled
    }
    this.#tend(node, dialled ? SIM_LIMITS.tendMs : SIM_LIMITS.redialMaxMs)
  }

  /** Members that it knows an address of, and that have a place left for it: others cost no time worth counting. */
  #someone(node: number): number | null {
    const { random, size, status } = this.#state
    for (let tries = 0; tries < DRAWS; tries++) {
      const other = random.below(size)
      if (status[other] === STATUS.absent || status[other] === STATUS.left || !this.#canDial(other)) continue
      if (this.graph.hasRoom(other) || this.graph.edgeBetween(node, other) >= 0) return other
    }
    return null
  }
}
