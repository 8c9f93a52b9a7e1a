import type { Cid, Key } from '../core/index.ts'
import type { Network } from '../net/types.ts'
import type { Fetch } from './fetch.ts'
import type { Holding } from './server.ts'
import type { BlobLimits } from './types.ts'

/** A bundle that should be here and is not. */
export interface Want {
  readonly cid: Cid
  readonly size: number
  /** Who may have it, most likely first. */
  readonly hints: Set<Key>
  fetch: Fetch | undefined
  failures: number
  dueMs: number
  /** Since when nothing came, and when that was last told. */
  stuckMs: number
  reportedMs: number
  heldBefore: number
  askedDht: boolean
  /** Of a small bundle: how many peers may be asked by now. */
  askedMax: number
}

interface WantHandlers {
  begin(want: Want): void
  report(cid: Cid, code: string): void
}

/** With nobody who holds it for this long, other peers are asked, then the DHT. */
const STUCK_MS = 5_000
/** A bundle this small does not wait for a slot behind large ones. */
const SMALL_BYTES = 1024 * 1024
const SMALL_MAX = 64

/** What is to be fetched, in turn, and from whom. */
export class Wants {
  readonly #net: Pick<Network, 'peers' | 'meshPeers' | 'dial' | 'findProviders'>
  readonly #limits: BlobLimits
  readonly #handlers: WantHandlers
  readonly #wants = new Map<Cid, Want>()
  readonly #blamed = new Map<Key, number>()

  constructor(
    net: Pick<Network, 'peers' | 'meshPeers' | 'dial' | 'findProviders'>,
    limits: BlobLimits,
    handlers: WantHandlers,
  ) {
    this.#net = net
    this.#limits = limits
    this.#handlers = handlers
  }

  all(): readonly Want[] {
    return [...this.#wants.values()]
  }

  active(): boolean {
    return this.all().some((want) => want.fetch !== undefined)
  }

  fetch(cid: Cid): Fetch | undefined {
    return this.#wants.get(cid)?.fetch
  }

  /** It is wanted here, and so will be here sooner or later. */
  expects(cid: Cid): boolean {
    return this.#wants.has(cid)
  }

  /** A part that is held of what is being fetched. */
  holding(cid: Cid): Holding | undefined {
    const fetch = this.fetch(cid)
    if (!fetch?.layout) return undefined
    return { layout: fetch.layout, complete: fetch.whole, holds: (index) => fetch.holds(index) }
  }

  /** False if there are too many already. */
  add(cid: Cid, size: number, from: readonly Key[]): boolean {
    const known = this.#wants.get(cid)
    if (known) {
      for (const key of from) known.hints.add(key)
      if (known.fetch) this.addSources(known)
      return true
    }
    if (this.#wants.size >= this.#limits.wantsMax) return false
    const nowMs = Date.now()
    this.#wants.set(cid, {
      cid,
      size,
      hints: new Set(from),
      fetch: undefined,
      failures: 0,
      dueMs: 0,
      stuckMs: nowMs,
      reportedMs: nowMs,
      heldBefore: 0,
      askedDht: false,
      askedMax: 1,
    })
    this.#begin(nowMs)
    return true
  }

  remove(cid: Cid): void {
    this.#wants.delete(cid)
    this.#begin(Date.now())
  }

  retryLater(cid: Cid): void {
    const want = this.#wants.get(cid)
    if (!want) return
    want.fetch = undefined
    want.failures += 1
    const pause = Math.min(this.#limits.retryMaxMs, this.#limits.retryMinMs * 2 ** Math.min(want.failures, 20))
    want.dueMs = Date.now() + pause * (0.5 + Math.random() / 2)
  }

  blame(peer: Key): void {
    this.#blamed.set(peer, Date.now() + this.#limits.blameMs)
    this.lose(peer)
  }

  isBlamed(peer: Key): boolean {
    return (this.#blamed.get(peer) ?? 0) > Date.now()
  }

  lose(peer: Key): void {
    for (const { fetch } of this.#wants.values()) fetch?.dropSource(peer)
  }

  tick(nowMs: number): void {
    for (const [peer, until] of this.#blamed) if (until <= nowMs) this.#blamed.delete(peer)
    for (const want of this.#wants.values()) {
      if (!want.fetch) continue
      want.askedMax += 1
      want.fetch.tick(nowMs)
      this.#watch(want, want.fetch, nowMs)
      this.addSources(want)
    }
    this.#begin(nowMs)
  }

  /** Asks those that may have it: whoever announced it, the gossip mesh, other neighbours. */
  addSources(want: Want): void {
    const { fetch } = want
    if (!fetch) return
    const connected = new Set(this.#net.peers().map((peer) => peer.key))
    const likely = [...want.hints].filter((key) => connected.has(key))
    const mesh = this.#net.meshPeers()
    // A small bundle comes from one peer in one go, as soon as that has it; another is asked if it takes too long.
    const room = Math.min(this.#limits.peersPerFetch, fetch.isSmall() ? want.askedMax : Infinity)
    const asked = new Set(fetch.sources())
    for (const key of new Set([...likely, ...mesh, ...connected])) {
      if (asked.size >= room) break
      if (asked.has(key) || this.isBlamed(key)) continue
      asked.add(key)
      fetch.addSource(key, want.hints.has(key))
    }
  }

  /** One of those that were asked has nothing. */
  askAnother(cid: Cid): void {
    const want = this.#wants.get(cid)
    if (!want?.fetch?.isSmall()) return
    want.askedMax += 1
    this.addSources(want)
  }

  #watch(want: Want, fetch: Fetch, nowMs: number): void {
    if (fetch.bytesHeld > want.heldBefore) {
      want.heldBefore = fetch.bytesHeld
      want.stuckMs = nowMs
    }
    if (nowMs - want.stuckMs < STUCK_MS) return
    if (!fetch.hasHolder()) {
      // These do not have it: make room for others, one at a time.
      const [first] = fetch.sources()
      if (first !== undefined && fetch.sources().length >= this.#limits.peersPerFetch) {
        fetch.dropSource(first)
        want.hints.delete(first)
      }
      if (!want.askedDht) void this.#askDht(want)
    }
    if (nowMs - Math.max(want.reportedMs, want.stuckMs) >= this.#limits.reportMs) {
      want.reportedMs = nowMs
      want.askedDht = false
      this.#handlers.report(want.cid, 'E_NO_PROVIDER')
    }
  }

  async #askDht(want: Want): Promise<void> {
    want.askedDht = true
    for (const key of await this.#net.findProviders(want.cid, AbortSignal.timeout(this.#limits.answerMs))) {
      want.hints.add(key)
      this.#net.dial(key, [])
    }
  }

  #begin(nowMs: number): void {
    const running = this.all().filter((want) => want.fetch !== undefined)
    let large = running.filter((want) => want.size > SMALL_BYTES).length
    let small = running.length - large
    for (const want of this.#wants.values()) {
      if (want.fetch || want.dueMs > nowMs) continue
      const isLarge = want.size > SMALL_BYTES
      if (isLarge ? large >= this.#limits.fetchesMax : small >= SMALL_MAX) continue
      if (isLarge) large += 1
      else small += 1
      this.#handlers.begin(want)
    }
  }
}
