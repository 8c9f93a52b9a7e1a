import { feed } from './drive.ts'
import { EVENT, type WorldState } from './state.ts'
import { parcelBytes } from '../network/weights.ts'
import { SIM_LIMITS } from '../limits.ts'

/** Wanting, having and following: what precedes blocks on the wire in the daemon's protocol. Bytes. */
const CONTROL_BYTES = 124
/** What a block has beside its content; blocks of 256 KiB. */
export const BLOCK_BYTES = 262_144
const BLOCK_HEAD_BYTES = 90
/** A bit each: larger bundles have larger pieces, so that one of 1 GiB costs no more events than one of 8 MiB. */
const PIECES_MAX = 32
/** As `BLOB_LIMITS.windowTotalBytes` of the daemon, and pieces asked of one peer before others have their turn (`SHARE`). */
const WINDOW_BYTES = 4 * 1024 * 1024
const SHARE = 4
/** A peer with so much to send says that it is busy, unless it is asked for what it gave to nobody yet. Microseconds. */
const BUSY_US = 50_000
/** The daemon's fetches look around this often (`TICK_MS` of `node/blobs`): who was told to come later does. Microseconds. */
const TICK_US = 250_000
/** Announcements are gathered for this long (`GATHER_MS` of the daemon's server). Microseconds. */
const GATHER_US = 20_000

/** What is said before blocks come is counted, and no event. */
export function countWord({ network, links }: WorldState, from: number, to: number): void {
  const { counters } = network
  counters.frames++
  counters.bytesBy.blobs += CONTROL_BYTES
  counters.bytesOut[from] = (counters.bytesOut[from] ?? 0) + CONTROL_BYTES
  counters.bytesIn[to] = (counters.bytesIn[to] ?? 0) + CONTROL_BYTES
  const at = links.regionOf(from) * links.regions + links.regionOf(to)
  counters.regionBytes[at] = (counters.regionBytes[at] ?? 0) + CONTROL_BYTES
}

export const wireBytes = (size: number): number => size + Math.ceil(size / BLOCK_BYTES) * BLOCK_HEAD_BYTES

export interface SwarmHost {
  readonly cid: string
  /** The engine wants it, and it is not here yet. */
  isWanted(node: number): boolean
  finished(node: number): void
}

/**
 * A bundle of many blocks where lines have a width: taken from several peers at once, passed on piece by piece as it
 * comes, and from a full line what was given to nobody yet first, as in `node/blobs`.
 */
export class Swarm {
  readonly #state: WorldState
  readonly #index: number
  readonly #host: SwarmHost
  readonly #all: number
  readonly #pieces: number
  readonly #bytes: number
  /** Pieces under way to a node at most; two, so that a line is not idle between them. */
  readonly #window: number
  /** By node, a bit for each piece: held and verified, asked for, given (or promised) to somebody. */
  readonly #have: Uint32Array
  readonly #asked: Uint32Array
  readonly #given: Uint32Array
  readonly #flying: Uint8Array
  /** Pieces that a node was asked for and has not begun to send. */
  readonly #promised: Uint16Array
  /** It will look for pieces soon. */
  readonly #stirred: Uint8Array
  /** What was held when it was last looked after. */
  readonly #before: Uint32Array
  /** Peers that did not answer, or lied, by node. */
  readonly #bad = new Map<number, Set<number>>()

  constructor(state: WorldState, index: number, size: number, host: SwarmHost) {
    this.#state = state
    this.#index = index
    this.#host = host
    this.#pieces = Math.min(PIECES_MAX, Math.ceil(size / BLOCK_BYTES))
    this.#all = this.#pieces === 32 ? 0xffff_ffff : 2 ** this.#pieces - 1
    this.#bytes = wireBytes(size) / this.#pieces
    this.#window = Math.max(2, Math.floor(WINDOW_BYTES / this.#bytes))
    const bits = (): Uint32Array => new Uint32Array(state.size)
    this.#have = bits()
    this.#asked = bits()
    this.#given = bits()
    this.#before = bits()
    this.#flying = new Uint8Array(state.size)
    this.#promised = new Uint16Array(state.size)
    this.#stirred = new Uint8Array(state.size)
  }

  put(node: number): void {
    this.#have[node] = this.#all
  }

  /** What was under way ends; pieces stay if the disk does. */
  forget(node: number, disk: boolean): void {
    this.#asked[node] = 0
    this.#flying[node] = 0
    this.#stirred[node] = 0
    this.#bad.delete(node)
    if (!disk) this.#have[node] = 0
  }

  /** It asks all neighbours what they have: they are told as soon as that grows. */
  start(node: number): void {
    const state = this.#state
    let nearestUs = Number.POSITIVE_INFINITY
    for (const other of state.connections.neighbours(node)) {
      countWord(state, node, other)
      nearestUs = Math.min(nearestUs, state.links.baseUs(node, other))
    }
    if (nearestUs < Number.POSITIVE_INFINITY) this.#stir(node, 2 * nearestUs)
    this.#look(node)
  }

  #stir(node: number, us: number): void {
    if (this.#stirred[node] === 1) return
    this.#stirred[node] = 1
    this.#state.later(us, EVENT.action, node, () => {
      this.#stirred[node] = 0
      this.#fill(node)
    })
  }

  #look(node: number): void {
    this.#before[node] = this.#have[node] ?? 0
    const ms = SIM_LIMITS.blobAnswerMs + this.#bytes / 12
    this.#state.later(ms * 1000, EVENT.blobCheck, node, this.#index)
  }

  /** Nothing came for as long as a piece may take at 1 Mbit/s, ten times over: everything is asked for again. */
  check(node: number): void {
    if (!this.#host.isWanted(node)) return
    // What it meant to do when its lid was closed is forgotten.
    this.#stirred[node] = 0
    if (this.#have[node] === this.#all) return this.#host.finished(node)
    if (this.#before[node] === this.#have[node]) {
      this.#asked[node] = 0
      this.#flying[node] = 0
      this.#fill(node)
    }
    this.#look(node)
  }

  #fill(node: number): void {
    if (!this.#host.isWanted(node)) return
    const state = this.#state
    const bad = this.#bad.get(node)
    const sources = state.connections
      .neighbours(node)
      .filter((other) => this.#have[other] !== 0 && bad?.has(other) !== true && state.connected(node, other))
    const shares = new Map<number, number>()
    let isBusy = false
    while ((this.#flying[node] ?? 0) < this.#window) {
      const missing = this.#all & ~(this.#have[node] ?? 0) & ~(this.#asked[node] ?? 0)
      let best = -1
      let bestUs = Number.POSITIVE_INFINITY
      let bits = 0
      for (const other of sources) {
        const share = shares.get(other) ?? 0
        const theirs = missing & (this.#have[other] ?? 0)
        if (theirs === 0 || share >= SHARE) continue
        const waitUs = this.#waitUs(other)
        const fresh = theirs & ~(this.#given[other] ?? 0)
        if (fresh === 0 && waitUs > BUSY_US) {
          isBusy = true
          continue
        }
        // Of those with as much to send the one that is asked for least, so that the work is shared.
        const us = waitUs + state.links.baseUs(node, other) + share * BUSY_US
        if (us >= bestUs) continue
        best = other
        bestUs = us
        bits = fresh === 0 ? theirs : fresh
      }
      if (best < 0) break
      shares.set(best, (shares.get(best) ?? 0) + 1)
      if (!this.#ask(node, best, this.#draw(bits))) shares.set(best, SHARE)
    }
    if (this.#flying[node] === 0 && isBusy) this.#stir(node, TICK_US)
  }

  /** How long a peer sends what it was asked for so far. */
  #waitUs(node: number): number {
    const { links, nowUs } = this.#state
    return Math.max(0, links.freeUs(node) - nowUs) + links.uplinkUs(node, (this.#promised[node] ?? 0) * this.#bytes)
  }

  /** One of the bits at random, so that peers that start together have something to give each other. */
  #draw(bits: number): number {
    let nth = this.#state.random.below(countBits(bits))
    for (let piece = 0; ; piece++) if (((bits >>> piece) & 1) === 1 && nth-- === 0) return piece
  }

  /** @returns false if that peer has nothing to give after all */
  #ask(node: number, from: number, piece: number): boolean {
    const state = this.#state
    const bit = 1 << piece
    countWord(state, node, from)
    const how = state.misbehaving.size === 0 ? 'serve' : (state.misbehaving.get(from)?.blob?.() ?? 'serve')
    if (how === 'silent' || how === 'notFound') this.#blame(node, from)
    if (how === 'notFound') return false
    this.#asked[node] = (this.#asked[node] ?? 0) | bit
    this.#flying[node] = (this.#flying[node] ?? 0) + 1
    if (how === 'silent') return false
    this.#given[from] = (this.#given[from] ?? 0) | bit
    this.#promised[from] = (this.#promised[from] ?? 0) + 1
    const parcel = { type: 'blocks', fetch: this.#index, junk: how === 'junk', piece } as const
    const { nowUs, queue, links } = state
    queue.add(nowUs + links.baseUs(node, from), EVENT.action, -1, 0, () => {
      this.#promised[from] = (this.#promised[from] ?? 0) - 1
      if (state.isUp(from)) state.network.send(from, node, parcelBytes(parcel, this.#bytes), parcel)
    })
    return true
  }

  #blame(node: number, from: number): void {
    const bad = this.#bad.get(node) ?? new Set<number>()
    this.#bad.set(node, bad.add(from))
  }

  arrived(node: number, from: number, piece: number, junk: boolean): void {
    const state = this.#state
    const bit = 1 << piece
    if (((this.#asked[node] ?? 0) & bit) !== 0) {
      this.#asked[node] = (this.#asked[node] ?? 0) & ~bit
      this.#flying[node] = (this.#flying[node] ?? 0) - 1
    }
    if (!this.#host.isWanted(node) || ((this.#have[node] ?? 0) & bit) !== 0) return
    if (junk) {
      this.#blame(node, from)
      const peer = state.genesis.keys[from] ?? null
      feed(state, node, { type: 'blobFailed', cid: this.#host.cid, peer, code: 'E_CID_MISMATCH', final: false })
      return this.#fill(node)
    }
    this.#have[node] = (this.#have[node] ?? 0) | bit
    if (this.#have[node] === this.#all) this.#host.finished(node)
    else this.#fill(node)
    for (const other of state.connections.neighbours(node)) this.#tell(node, other)
  }

  /** Those that have nothing under way hear of it in time; the others look when their next piece comes. */
  #tell(node: number, other: number): void {
    if (this.#flying[other] !== 0 || !this.#host.isWanted(other)) return
    this.#stir(other, this.#state.links.baseUs(node, other) + GATHER_US)
  }

  /** A new connection may have what others did not. */
  connected(node: number, other: number): void {
    if (this.#have[other] !== 0 && this.#host.isWanted(node)) this.#tell(other, node)
  }
}

function countBits(bits: number): number {
  let count = 0
  for (let rest = bits >>> 0; rest !== 0; rest = (rest & (rest - 1)) >>> 0) count++
  return count
}
