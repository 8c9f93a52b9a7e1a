import type { Cid, Key } from '../../node/core/index.ts'
import type { Parcel } from '../network/network.ts'
import { parcelBytes } from '../network/weights.ts'
import { SIM_LIMITS } from '../limits.ts'
import { feed } from './drive.ts'
import { EVENT, type WorldState } from './state.ts'
import { BLOCK_BYTES, countWord, Swarm, wireBytes } from './swarm.ts'
import { trace } from './trace.ts'

/** Of each node and bundle: held whole, wanted by the engine, on its way. */
const HELD = 1
const WANTED = 2
const COMING = 4
/** Verified and given to others, on its way to the disk. */
const WHOLE = 8

/** Bundles that the world knows are numbered; a million nodes keep a byte each. */
interface Stock {
  readonly cid: Cid
  readonly size: number
  readonly flags: Uint8Array
  /** Of a small bundle: whom each node asked for it, plus one; 0: nobody. */
  readonly asked: Int32Array | null
  /** Of a small bundle that took long: who else was asked, by node. */
  readonly more: Map<number, Asking>
  /** Of a large one, where lines have a width. */
  readonly swarm: Swarm | null
}

interface Asking {
  readonly peers: number[]
  /** When it came; infinite: not yet. Until they hear of it, others send it all the same. */
  doneUs: number
}

/** The daemon's fetches look around this often (`TICK_MS` of `node/blobs`), and ask one more peer each time for a small bundle. */
const TICK_MS = 250
/** As `BLOB_LIMITS.idleMs` and `BLOB_LIMITS.peersPerFetch` of the daemon. */
const STREAM_IDLE_MS = 120_000
const PEERS_MAX = 8
/** Nothing of what precedes the blocks was said yet. */
const UNSAID = -1

/**
 * Bundles on their way, as `node/blobs` brings them. A small one (a block) is asked of whoever told of it, and sent on as
 * soon as that has it. A larger one comes piece by piece from all that have any (`Swarm`); where no line has a width,
 * so that pieces would come no sooner, it is taken from the neighbour that can give it first; if none has it yet, the node
 * follows them all, and is told by the first that gets it. Who asks, who has and who follows is known here, so only the
 * blocks are events; what the words before them cost in time and bytes is counted.
 */
export class Blobs {
  readonly #state: WorldState
  readonly #stocks = new Map<Cid, number>()
  readonly #list: Stock[] = []
  #latestUs = Number.NEGATIVE_INFINITY
  /** Nodes look around already, as they spoke of another bundle shortly before: a new one falls anywhere into a period. */
  #ticking = false

  constructor(state: WorldState) {
    this.#state = state
  }

  #stock(cid: Cid, size: number): number {
    const known = this.#stocks.get(cid)
    if (known !== undefined) return known
    const index = this.#list.length
    const asked = size <= BLOCK_BYTES ? new Int32Array(this.#state.size) : null
    const flags = new Uint8Array(this.#state.size)
    const host = {
      cid,
      isWanted: (node: number) => ((flags[node] ?? 0) & (WANTED | HELD | WHOLE)) === WANTED,
      finished: (node: number) => this.#whole(node, index),
    }
    const swarm = asked === null && this.#state.links.bounded ? new Swarm(this.#state, index, size, host) : null
    this.#list.push({ cid, size, flags, asked, more: new Map(), swarm })
    this.#stocks.set(cid, index)
    return index
  }

  holds(node: number, cid: Cid): boolean {
    const stock = this.#list[this.#stocks.get(cid) ?? -1]
    return stock !== undefined && ((stock.flags[node] ?? 0) & HELD) !== 0
  }

  heldBy(node: number): readonly Cid[] {
    return this.#list.filter(({ flags }) => ((flags[node] ?? 0) & HELD) !== 0).map(({ cid }) => cid)
  }

  /** The publisher has made it. */
  put(node: number, cid: Cid, size: number): void {
    const stock = this.#list[this.#stock(cid, size)]
    this.#ticking = this.#state.nowUs - this.#latestUs < STREAM_IDLE_MS * 1000
    this.#latestUs = this.#state.nowUs
    if (stock === undefined) return
    stock.flags[node] = (stock.flags[node] ?? 0) | HELD
    stock.swarm?.put(node)
  }

  forgetAll(node: number): void {
    for (const { flags, swarm } of this.#list) {
      flags[node] = 0
      swarm?.forget(node, false)
    }
  }

  /** What was under way ends with a node's life; what is held stays. */
  forgetWants(node: number): void {
    for (const { flags, swarm } of this.#list) {
      flags[node] = (flags[node] ?? 0) & HELD
      swarm?.forget(node, true)
    }
  }

  /** @param from peers that may have it, the one that told of it first */
  want(node: number, cid: Cid, size: number, from: readonly Key[] = []): void {
    const index = this.#stock(cid, size)
    const stock = this.#list[index]
    if (stock === undefined) return
    const flags = stock.flags[node] ?? 0
    stock.flags[node] = flags | WANTED
    if (stock.asked !== null) stock.asked[node] = 0
    stock.more.delete(node)
    // It survived a restart.
    if ((flags & HELD) !== 0) return this.#state.later(0, EVENT.stored, node, index)
    if ((flags & COMING) !== 0) return
    if (stock.swarm !== null) {
      if ((flags & WANTED) === 0) stock.swarm.start(node)
      return
    }
    const first = this.#state.indexOf.get(from[0] ?? '')
    if (stock.asked === null || first === undefined || !this.#state.connections.isLive(node, first))
      return this.#seek(node, index)
    this.#ask(node, first, index)
  }

  /** One peer, for all of a small bundle: it sends it when it has it. If that takes long, others are asked as well. */
  #ask(node: number, from: number, index: number): void {
    const stock = this.#list[index]
    if (stock === undefined || stock.asked === null) return
    const state = this.#state
    countWord(this.#state, node, from)
    stock.asked[node] = from + 1
    const oneWayUs = state.links.baseUs(node, from)
    const has = ((stock.flags[from] ?? 0) & (HELD | WHOLE)) !== 0
    const tickUs = TICK_MS * 1000 * (this.#ticking ? 1 - state.random.next() : 1)
    if (!has || tickUs < 2 * oneWayUs) state.later(tickUs, EVENT.action, node, () => this.#askAnother(node, index))
    if (has) this.#take(node, from, index, oneWayUs)
  }

  #askAnother(node: number, index: number): void {
    const stock = this.#list[index]
    const flags = stock?.flags[node] ?? 0
    if (stock === undefined || (flags & WANTED) === 0 || (flags & (HELD | WHOLE)) !== 0) return
    const first = (stock.asked?.[node] ?? 0) - 1
    const asking = stock.more.get(node) ?? { peers: [], doneUs: Number.POSITIVE_INFINITY }
    const state = this.#state
    const likely = [...state.network.mesh(node), ...state.connections.neighbours(node)]
    const next = likely.find((other) => other !== first && !asking.peers.includes(other))
    if (first < 0 || next === undefined || asking.peers.length + 1 >= PEERS_MAX)
      return this.#checkLater(node, index, SIM_LIMITS.blobReportMs)
    asking.peers.push(next)
    stock.more.set(node, asking)
    countWord(this.#state, node, next)
    if (((stock.flags[next] ?? 0) & (HELD | WHOLE)) !== 0) this.#take(node, next, index, state.links.baseUs(node, next))
    state.later(TICK_MS * 1000, EVENT.action, node, () => this.#askAnother(node, index))
  }

  cancel(node: number, cid: Cid): void {
    const stock = this.#list[this.#stocks.get(cid) ?? -1]
    if (stock !== undefined) stock.flags[node] = (stock.flags[node] ?? 0) & ~WANTED
  }

  keep(node: number, cids: readonly Cid[]): void {
    for (const { cid, flags, swarm } of this.#list) {
      if (flags[node] !== HELD || cids.includes(cid)) continue
      flags[node] = 0
      swarm?.forget(node, false)
    }
  }

  /** Asks all neighbours. */
  #seek(node: number, index: number): void {
    const stock = this.#list[index]
    if (stock === undefined) return
    const state = this.#state
    let best = -1
    let bestUs = Number.POSITIVE_INFINITY
    for (const other of state.connections.neighbours(node)) {
      countWord(state, node, other)
      if (((stock.flags[other] ?? 0) & (HELD | WHOLE)) === 0 || !state.connected(node, other)) continue
      const at = Math.max(state.links.freeUs(other), state.nowUs) + state.links.baseUs(other, node)
      if (at >= bestUs) continue
      best = other
      bestUs = at
    }
    if (best >= 0) return this.#take(node, best, index, UNSAID)
    this.#checkLater(node, index, SIM_LIMITS.blobReportMs)
  }

  #checkLater(node: number, index: number, ms: number): void {
    this.#state.later(ms * 1000, EVENT.blobCheck, node, index)
  }

  /** want, have, ask: three ways before the blocks of a large bundle, one of a small one; `lateUs` if some of it was said before. */
  #take(node: number, from: number, index: number, lateUs: number): void {
    const stock = this.#list[index]
    if (stock === undefined) return
    const state = this.#state
    const how = state.misbehaving.size === 0 ? 'serve' : (state.misbehaving.get(from)?.blob?.() ?? 'serve')
    const flags = stock.flags[node] ?? 0
    if ((flags & (HELD | WHOLE)) === 0) stock.flags[node] = flags | COMING
    if (how === 'silent' || how === 'notFound')
      return this.#checkLater(node, index, how === 'silent' ? SIM_LIMITS.blobAnswerMs : 1000)
    const oneWay = state.links.baseUs(node, from)
    const words = lateUs >= 0 ? lateUs : (stock.asked === null ? 3 : 1) * oneWay
    const bytes = wireBytes(stock.size)
    const parcel = { type: 'blocks', fetch: index, junk: how === 'junk' } as const
    state.later(words, EVENT.action, from, () => state.network.send(from, node, parcelBytes(parcel, bytes), parcel))
    // Ten times what it may take at 1 Mbit/s: whoever vanished in the middle is given up.
    this.#checkLater(node, index, SIM_LIMITS.blobAnswerMs + stock.size / 12)
  }

  arrived(node: number, from: number, { fetch: index, junk, piece }: Parcel & { type: 'blocks' }): void {
    const stock = this.#list[index]
    if (stock === undefined) return
    if (stock.swarm !== null) return stock.swarm.arrived(node, from, piece ?? 0, junk)
    const flags = stock.flags[node] ?? 0
    if ((flags & COMING) === 0 || (flags & (HELD | WHOLE)) !== 0) return
    stock.flags[node] = flags & ~COMING
    if ((flags & WANTED) === 0) return
    if (junk) {
      const peer = this.#state.genesis.keys[from] ?? null
      feed(this.#state, node, { type: 'blobFailed', cid: stock.cid, peer, code: 'E_CID_MISMATCH', final: false })
      return
    }
    this.#whole(node, index)
  }

  #whole(node: number, index: number): void {
    const stock = this.#list[index]
    if (stock === undefined) return
    stock.flags[node] = (stock.flags[node] ?? 0) | WHOLE
    const asking = stock.more.get(node)
    if (asking !== undefined) asking.doneUs = this.#state.nowUs
    if (stock.swarm === null)
      for (const other of this.#state.connections.neighbours(node)) this.#offer(node, other, index)
    const { fsyncMs = 2 } = this.#state.options.disk ?? {}
    const slowness = this.#state.slowness.get(node) ?? 1
    const us = fsyncMs * 1000 * (slowness === Number.POSITIVE_INFINITY ? 1 : slowness)
    this.#state.later(us, EVENT.stored, node, index)
  }

  stored(node: number, index: number): void {
    const stock = this.#list[index]
    if (stock === undefined) return
    if (this.#state.slowness.get(node) === Number.POSITIVE_INFINITY) {
      // The disk refused it.
      stock.flags[node] = (stock.flags[node] ?? 0) & ~WHOLE
      return this.#checkLater(node, index, SIM_LIMITS.blobReportMs)
    }
    stock.flags[node] = ((stock.flags[node] ?? 0) | HELD) & ~WHOLE
    this.#store(node, index)
  }

  #store(node: number, index: number): void {
    const stock = this.#list[index]
    if (stock === undefined) return
    stock.flags[node] = (stock.flags[node] ?? 0) & ~WANTED
    const { cid, size } = stock
    this.#state.publications.held(node, cid)
    if (this.#state.observers.length > 0) trace(this.#state, node, 'bundle', `holds the bundle ${cid}`)
    feed(this.#state, node, { type: 'blobStored', cid, size })
  }

  /** To one who asked for it, or follows: it is told, asks, and gets it. */
  #offer(from: number, to: number, index: number): void {
    const stock = this.#list[index]
    const flags = stock?.flags[to] ?? 0
    if (stock === undefined || !this.#state.connected(from, to)) return
    const asking = stock.more.get(to)
    if (asking !== undefined && asking.doneUs + this.#state.links.baseUs(to, from) > this.#state.nowUs) {
      if (stock.asked?.[to] === from + 1 || asking.peers.includes(from)) this.#take(to, from, index, 0)
      return
    }
    if ((flags & WANTED) === 0 || (flags & (HELD | WHOLE | COMING)) !== 0) return
    if (stock.asked !== null && (stock.asked[to] ?? 0) > 0) {
      if (stock.asked[to] === from + 1) this.#take(to, from, index, 0)
      return
    }
    countWord(this.#state, from, to)
    this.#take(to, from, index, 2 * this.#state.links.baseUs(from, to))
  }

  /** A new connection may have what others did not. */
  connected(node: number, other: number): void {
    for (let index = 0; index < this.#list.length; index++) {
      const swarm = this.#list[index]?.swarm ?? null
      if (swarm !== null) swarm.connected(node, other)
      else if (((this.#list[index]?.flags[other] ?? 0) & HELD) !== 0) this.#offer(other, node, index)
    }
  }

  /** Nothing came so far: the source is gone, or there was none. */
  check(node: number, index: number): void {
    const stock = this.#list[index]
    const flags = stock?.flags[node] ?? 0
    if (stock === undefined || (flags & WANTED) === 0 || (flags & (HELD | WHOLE)) !== 0) return
    if (stock.swarm !== null) return stock.swarm.check(node)
    stock.flags[node] = flags & ~COMING
    if (stock.asked !== null) stock.asked[node] = 0
    stock.more.delete(node)
    this.#seek(node, index)
  }
}
