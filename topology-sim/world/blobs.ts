import type { Cid } from '../../node/core/index.ts'
import { parcelBytes } from '../network/weights.ts'
import { SIM_LIMITS } from '../limits.ts'
import { feed } from './drive.ts'
import { EVENT, type WorldState } from './state.ts'
import { trace } from './trace.ts'

/** Of each node and bundle: held whole, wanted by the engine, on its way. */
const HELD = 1
const WANTED = 2
const COMING = 4

/** Bundles that the world knows are numbered; a million nodes keep a byte each. */
interface Stock {
  readonly cid: Cid
  readonly size: number
  readonly flags: Uint8Array
}

/** Wanting, having and following: what precedes blocks on the wire in the daemon's protocol. Bytes. */
const CONTROL_BYTES = 160
/** A block's share of framing: 256 KiB blocks behind a header each. */
const BLOCK_BYTES = 262_144
const BLOCK_HEAD_BYTES = 120

/**
 * Bundles on their way. A node that wants one asks its neighbours, and takes it from the one that can give it first; if
 * none has it yet, it follows them all, and is told by the first that gets it (`node/blobs`). Who asks, who has and who
 * follows is known here, so only the blocks are events; what the words before them cost in time and bytes is counted.
 */
export class Blobs {
  readonly #state: WorldState
  readonly #stocks = new Map<Cid, number>()
  readonly #list: Stock[] = []

  constructor(state: WorldState) {
    this.#state = state
  }

  #stock(cid: Cid, size: number): number {
    const known = this.#stocks.get(cid)
    if (known !== undefined) return known
    const index = this.#list.length
    this.#list.push({ cid, size, flags: new Uint8Array(this.#state.size) })
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
    if (stock !== undefined) stock.flags[node] = (stock.flags[node] ?? 0) | HELD
  }

  forgetAll(node: number): void {
    for (const { flags } of this.#list) flags[node] = 0
  }

  /** What was under way ends with a node's life; what is held stays. */
  forgetWants(node: number): void {
    for (const { flags } of this.#list) flags[node] = (flags[node] ?? 0) & HELD
  }

  want(node: number, cid: Cid, size: number): void {
    const index = this.#stock(cid, size)
    const stock = this.#list[index]
    if (stock === undefined) return
    const flags = stock.flags[node] ?? 0
    stock.flags[node] = flags | WANTED
    // It survived a restart.
    if ((flags & HELD) !== 0) return this.#state.later(0, EVENT.stored, node, index)
    if ((flags & COMING) !== 0) return
    this.#seek(node, index, 0)
  }

  cancel(node: number, cid: Cid): void {
    const stock = this.#list[this.#stocks.get(cid) ?? -1]
    if (stock !== undefined) stock.flags[node] = (stock.flags[node] ?? 0) & ~WANTED
  }

  keep(node: number, cids: readonly Cid[]): void {
    for (const { cid, flags } of this.#list) {
      if (flags[node] !== HELD || cids.includes(cid)) continue
      flags[node] = 0
    }
  }

  /** Asks all neighbours. @param lateUs what it was told already: of the words before the blocks, what is left to say */
  #seek(node: number, index: number, lateUs: number): void {
    const stock = this.#list[index]
    if (stock === undefined) return
    const state = this.#state
    let best = -1
    let bestUs = Number.POSITIVE_INFINITY
    for (const other of state.connections.neighbours(node)) {
      state.network.counters.bytesBy.blobs += CONTROL_BYTES
      if (((stock.flags[other] ?? 0) & HELD) === 0 || !state.connected(node, other)) continue
      const at = Math.max(state.links.freeUs(other), state.nowUs) + state.links.baseUs(other, node)
      if (at >= bestUs) continue
      best = other
      bestUs = at
    }
    if (best >= 0) return this.#take(node, best, index, lateUs)
    this.#checkLater(node, index, SIM_LIMITS.blobReportMs)
  }

  #checkLater(node: number, index: number, ms: number): void {
    this.#state.later(ms * 1000, EVENT.blobCheck, node, index)
  }

  /** want, have, ask: three ways before the blocks; `lateUs` instead, if some of that was said before. */
  #take(node: number, from: number, index: number, lateUs: number): void {
    const stock = this.#list[index]
    if (stock === undefined) return
    const state = this.#state
    const how = state.misbehaving.size === 0 ? 'serve' : (state.misbehaving.get(from)?.blob?.() ?? 'serve')
    stock.flags[node] = (stock.flags[node] ?? 0) | COMING
    if (how === 'silent' || how === 'notFound')
      return this.#checkLater(node, index, how === 'silent' ? SIM_LIMITS.blobAnswerMs : 1000)
    const oneWay = state.links.baseUs(node, from)
    const words = lateUs > 0 ? lateUs : 3 * oneWay
    const bytes = stock.size + Math.ceil(stock.size / BLOCK_BYTES + 1) * BLOCK_HEAD_BYTES
    const parcel = { type: 'blocks', fetch: index, junk: how === 'junk' } as const
    state.later(words, EVENT.action, from, () => state.network.send(from, node, parcelBytes(parcel, bytes), parcel))
    // Ten times what it may take at 1 Mbit/s: whoever vanished in the middle is given up.
    this.#checkLater(node, index, SIM_LIMITS.blobAnswerMs + stock.size / 12)
  }

  arrived(node: number, from: number, index: number, junk: boolean): void {
    const stock = this.#list[index]
    if (stock === undefined) return
    const flags = stock.flags[node] ?? 0
    if ((flags & COMING) === 0 || (flags & HELD) !== 0) return
    stock.flags[node] = flags & ~COMING
    if ((flags & WANTED) === 0) return
    if (junk) {
      const peer = this.#state.genesis.keys[from] ?? null
      feed(this.#state, node, { type: 'blobFailed', cid: stock.cid, peer, code: 'E_CID_MISMATCH', final: false })
      return
    }
    const { fsyncMs = 2 } = this.#state.options.disk ?? {}
    this.#state.later(fsyncMs * 1000 * (this.#state.slowness.get(node) ?? 1), EVENT.stored, node, index)
  }

  stored(node: number, index: number): void {
    const stock = this.#list[index]
    if (stock === undefined) return
    if (this.#state.slowness.get(node) === Number.POSITIVE_INFINITY)
      return this.#checkLater(node, index, SIM_LIMITS.blobReportMs)
    stock.flags[node] = (stock.flags[node] ?? 0) | HELD
    this.#store(node, index)
    // Those who follow are told, ask, and get it.
    for (const other of this.#state.connections.neighbours(node)) this.#offer(node, other, index)
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

  #offer(from: number, to: number, index: number): void {
    const flags = this.#list[index]?.flags[to] ?? 0
    if ((flags & WANTED) === 0 || (flags & (HELD | COMING)) !== 0 || !this.#state.connected(from, to)) return
    this.#state.network.counters.bytesBy.blobs += CONTROL_BYTES
    this.#take(to, from, index, 2 * this.#state.links.baseUs(from, to))
  }

  /** A new connection may have what others did not. */
  connected(node: number, other: number): void {
    for (let index = 0; index < this.#list.length; index++) {
      if (((this.#list[index]?.flags[other] ?? 0) & HELD) !== 0) this.#offer(other, node, index)
    }
  }

  /** Nothing came so far: the source is gone, or there was none. */
  check(node: number, index: number): void {
    const stock = this.#list[index]
    const flags = stock?.flags[node] ?? 0
    if (stock === undefined || (flags & WANTED) === 0 || (flags & HELD) !== 0) return
    stock.flags[node] = flags & ~COMING
    this.#seek(node, index, 0)
  }
}
