import type { Random } from '../kernel/random.ts'

/**
 * What lies between nodes: latency by region, jitter, loss and bandwidth. Times in microseconds, bandwidth in bytes a
 * second. Everything runs over TCP, so a lost packet arrives late and not never: each loss costs a retransmission
 * timeout, of at least 200 ms as in Linux (TCP_RTO_MIN; RFC 6298 for the formula).
 */
export interface LinkSettings {
  /** One-way latency between regions, `latencyUs[from][to]`. */
  readonly latencyUs: readonly (readonly number[])[]
  /** Log-normal jitter: the deviation of the natural logarithm of the factor on the latency; 0.1 is a calm WAN. */
  readonly jitter: number
  /** Share of messages that lose a packet. */
  readonly loss: number
  /** What a node can send, by region; Infinity is no bound. */
  readonly uplink: readonly number[]
}

const RTO_US = 200_000
/** Retries after which TCP's own back-off would have ended the connection. */
const RETRIES_MAX = 6

export class Links {
  readonly #settings: LinkSettings
  readonly #regions: Uint8Array
  readonly #random: Random
  /** When each node's uplink is free again. */
  readonly #busyUntil: Float64Array

  /** @param regions the region of each node, an index into the settings' tables */
  constructor(settings: LinkSettings, regions: Uint8Array, random: Random) {
    this.#settings = settings
    this.#regions = regions
    this.#random = random
    this.#busyUntil = new Float64Array(regions.length)
  }

  /** One-way latency without jitter. */
  baseUs(from: number, to: number): number {
    return this.#settings.latencyUs[this.#regions[from] ?? 0]?.[this.#regions[to] ?? 0] ?? 0
  }

  /** When a message of `bytes` that is sent now has arrived; takes its share of the sender's uplink. */
  arrivalUs(nowUs: number, from: number, to: number, bytes: number): number {
    const rate = this.#settings.uplink[this.#regions[from] ?? 0] ?? Number.POSITIVE_INFINITY
    const start = Math.max(nowUs, this.#busyUntil[from] ?? 0)
    const departure = start + (bytes * 1e6) / rate
    this.#busyUntil[from] = departure
    const { jitter, loss } = this.#settings
    const base = this.baseUs(from, to)
    let flight = jitter > 0 ? base * Math.exp(this.#random.normal(0, jitter)) : base
    if (loss > 0) {
      for (let tries = 0; tries < RETRIES_MAX && this.#random.chance(loss); tries++) {
        flight += Math.max(RTO_US, 2 * base) * 2 ** tries
      }
    }
    return departure + flight
  }
}
