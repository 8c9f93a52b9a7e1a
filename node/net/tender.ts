import { setTimeout as pause } from 'node:timers/promises'
import type { Key } from '../core/index.ts'
import { NodeError } from '../errors.ts'
import { chooseDials, redialPause, usefulAddrs } from './neighbours.ts'
import type { Candidate } from './neighbours.ts'
import type { AddressBook, NetLimits } from './types.ts'

/** What the tender needs of the network. */
export interface Dialler {
  connected(): ReadonlySet<Key>
  /** Gives the key that answered. @throws NodeError */
  dial(key: Key | null, addrs: readonly string[], signal: AbortSignal): Promise<Key>
  /** Let one neighbour go, beyond `neighboursHigh`. */
  release(peer: Key): void
  failed(addrs: readonly string[], error: NodeError): void
}

/** Keeps neighbours: redials for ever, with jitter, whoever is known. */
export class Tender {
  readonly #self: Key
  readonly #book: AddressBook
  readonly #limits: NetLimits
  readonly #dialler: Dialler
  readonly #candidates = new Map<string, Candidate>()
  readonly #banned = new Map<Key, number>()
  readonly #since = new Map<Key, number>()
  readonly #stop = new AbortController()
  #dialling = 0
  #exploreAtMs = 0

  constructor(self: Key, bootstrap: readonly string[], book: AddressBook, limits: NetLimits, dialler: Dialler) {
    this.#self = self
    this.#book = book
    this.#limits = limits
    this.#dialler = dialler
    for (const addr of bootstrap) this.#add({ id: addr, key: null, addrs: [addr], bootstrap: true })
    for (const { key, addrs } of book.all()) this.#add({ id: key, key, addrs, bootstrap: false })
  }

  start(): void {
    this.#exploreAtMs = Date.now() + this.#jittered(this.#limits.exploreMs)
    void this.#run()
  }

  stop(): void {
    this.#stop.abort()
  }

  /** @param urgent dial it soon, even with neighbours enough */
  learn(key: Key, addrs: readonly string[], options: { local: boolean; urgent?: boolean; keep?: boolean }): void {
    if (key === this.#self) return
    const useful = usefulAddrs(addrs, options.local, this.#limits)
    const known = this.#candidates.get(key)
    if (useful.length === 0 && !known) return
    const candidate = known ?? this.#add({ id: key, key, addrs: [], bootstrap: false })
    if (useful.length > 0) candidate.addrs = useful
    if (options.urgent === true && !this.#isBanned(key)) {
      candidate.urgent = true
      candidate.dueMs = 0
    }
    if (options.keep === true && useful.length > 0) {
      const before = this.#book.all().find((entry) => entry.key === key)?.seenMs ?? 0
      const seenMs = this.#since.has(key) ? Date.now() : before
      this.#book.put({ key, addrs: useful, seenMs })
    }
  }

  connected(key: Key): void {
    this.#since.set(key, Date.now())
    const candidate = this.#candidates.get(key)
    if (!candidate) return
    candidate.failures = 0
    candidate.urgent = false
    if (candidate.addrs.length > 0) this.#book.put({ key, addrs: candidate.addrs, seenMs: Date.now() })
  }

  /** A lost neighbour is redialled soon, but not at once: it may be restarting. */
  disconnected(key: Key): void {
    this.#since.delete(key)
    for (const candidate of this.#candidates.values()) {
      if (candidate.key === key)
        candidate.dueMs = Math.max(candidate.dueMs, Date.now() + redialPause(0, this.#limits, Math.random))
    }
  }

  /** Not dialled for a while, because of what it did. */
  ban(key: Key, ms: number = this.#limits.bannedMs): void {
    this.#banned.set(key, Date.now() + ms)
    const oldest = this.#banned.size > this.#limits.bannedMax ? this.#banned.keys().next().value : undefined
    if (oldest !== undefined) this.#banned.delete(oldest)
    for (const candidate of this.#candidates.values()) {
      if (candidate.key === key) Object.assign(candidate, { urgent: false, dueMs: Date.now() + ms })
    }
  }

  addressesOf(key: Key): readonly string[] {
    const known = [...this.#candidates.values()].filter((candidate) => candidate.key === key)
    return [...new Set(known.flatMap(({ addrs }) => addrs))].slice(0, this.#limits.bookAddrsMax)
  }

  forget(key: Key): void {
    this.#candidates.delete(key)
    this.#book.remove(key)
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      this.#tend()
      await pause(this.#jittered(this.#limits.tendMs), undefined, { signal, ref: false }).catch(() => undefined)
    }
  }

  #tend(): void {
    const nowMs = Date.now()
    const connected = this.#dialler.connected()
    const view = { nowMs, connected, dialling: this.#dialling, exploreAtMs: this.#exploreAtMs }
    const { dial, explored } = chooseDials(this.#candidates.values(), view, this.#limits, Math.random)
    if (explored) {
      this.#exploreAtMs = nowMs + this.#jittered(this.#limits.exploreMs)
      if (connected.size > this.#limits.neighboursHigh) this.#releaseOne(connected)
    }
    for (const candidate of dial) void this.#dial(candidate)
  }

  async #dial(candidate: Candidate): Promise<void> {
    candidate.dialling = true
    this.#dialling += 1
    try {
      const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(this.#limits.dialMs)])
      const key = await this.#dialler.dial(candidate.key, candidate.addrs, signal)
      candidate.key = key
      candidate.failures = 0
      candidate.dueMs = Date.now() + this.#limits.redialMinMs
      if (candidate.bootstrap) this.learn(key, candidate.addrs, { local: true, keep: true })
    } catch (error) {
      if (this.#stop.signal.aborted) return
      candidate.failures += 1
      candidate.dueMs = Math.max(
        candidate.dueMs,
        Date.now() + redialPause(candidate.failures, this.#limits, Math.random),
      )
      // The address may have a new owner: a bootstrap address is asked again who it is.
      if (candidate.bootstrap) candidate.key = null
      if (error instanceof NodeError) this.#dialler.failed(candidate.addrs, error)
    } finally {
      candidate.urgent = false
      candidate.dialling = false
      this.#dialling -= 1
    }
  }

  /** One that has been here for a while and that this node did not choose as a bootstrap. */
  #releaseOne(connected: ReadonlySet<Key>): void {
    const kept = new Set([...this.#candidates.values()].filter((each) => each.bootstrap).map((each) => each.key))
    const longMs = 2 * this.#limits.exploreMs
    const free = [...connected].filter((key) => !kept.has(key) && Date.now() - (this.#since.get(key) ?? 0) > longMs)
    const one = free[Math.floor(Math.random() * free.length)]
    if (one === undefined) return
    this.ban(one, longMs)
    this.#dialler.release(one)
  }

  #add(entry: Pick<Candidate, 'id' | 'key' | 'addrs' | 'bootstrap'>): Candidate {
    const candidate: Candidate = { ...entry, urgent: false, failures: 0, dueMs: 0, dialling: false }
    this.#candidates.set(entry.id, candidate)
    if (this.#candidates.size > this.#limits.bookMax) {
      const victims = [...this.#candidates.values()].filter(
        (each) => !each.bootstrap && each !== candidate && !each.dialling,
      )
      const worst = victims.reduce<Candidate | undefined>(
        (a, b) => (a === undefined || b.failures > a.failures ? b : a),
        undefined,
      )
      if (worst) this.#candidates.delete(worst.id)
    }
    return candidate
  }

  #isBanned(key: Key): boolean {
    return (this.#banned.get(key) ?? 0) > Date.now()
  }

  /** Around `ms`, so that nodes that started together do not act together. */
  #jittered(ms: number): number {
    return ms * (0.5 + Math.random())
  }
}
