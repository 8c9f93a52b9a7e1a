import type { Random } from '../kernel/random.ts'

/**
 * What lies between nodes: latency by region, jitter, loss and bandwidth. Times in microseconds, bandwidth in bytes a
 * second. Everything runs over TCP, so a lost packet arrives late and not never: each loss costs a retransmission
 * timeout, of at least 200 ms as in Linux (TCP_RTO_MIN; RFC 6298 for the formula).
 */
export interface LinkSettings {
  /** One-way latency between regions, `latencyUs[from][to]`. */
  readonly latencyUs: readonly (readonly number[])[]
  /** One way between two nodes of one zone. @default the region's own latency */
  readonly zoneLatencyUs?: number
  /** What a node takes from a frame's arrival to the next one that it causes; comes on top of each way. @default 0 */
  readonly nodeUs?: number
  /**
   * Log-normal jitter: the deviation of the natural logarithm of the factor on the latency; 0.1 is a calm WAN. For all
   * pairs of regions, or for each.
   */
  readonly jitter: number | readonly (readonly number[])[]
  /** Share of messages that lose a packet. */
  readonly loss: number | readonly (readonly number[])[]
  /** What a node can send and receive, by region; Infinity is no bound. */
  readonly uplink: readonly number[]
  readonly downlink?: readonly number[]
}

const RTO_US = 200_000
/** Retries after which TCP's own back-off would have ended the connection. */
const RETRIES_MAX = 6
/** Normal deviates, drawn once for each world: a lookup in place of a logarithm, a root and a cosine. */
const NORMALS = 4096

export class Links {
  readonly regions: number
  /** Some node's bandwidth has a bound. */
  bounded = false
  readonly #regionOf: Uint8Array
  /** For each node a number that is the same for all of its zone, 0 for none. */
  readonly #zoneOf: Int32Array | null
  readonly #random: Random
  readonly #normals: Float64Array
  #latency: Float64Array = new Float64Array(0)
  #jitter: Float64Array = new Float64Array(0)
  #loss: Float64Array = new Float64Array(0)
  #zoneLatency: number | null = null
  #nodeUs = 0
  #lossy = false
  #uplink: Float64Array
  #downlink: Float64Array
  /** When each node's uplink and downlink are free again. */
  readonly #upUntil: Float64Array
  readonly #downUntil: Float64Array

  /** @param regionOf the region of each node, an index into the settings' tables */
  constructor(settings: LinkSettings, regionOf: Uint8Array, random: Random, zoneOf: Int32Array | null = null) {
    this.#regionOf = regionOf
    this.#zoneOf = zoneOf
    this.#random = random
    this.regions = settings.latencyUs.length
    this.#normals = Float64Array.from({ length: NORMALS }, () => random.normal(0, 1))
    this.#uplink = new Float64Array(this.regions)
    this.#downlink = new Float64Array(this.regions)
    this.#upUntil = new Float64Array(regionOf.length)
    this.#downUntil = new Float64Array(regionOf.length)
    this.set(settings)
  }

  /** From now on. What is on its way already keeps its time. */
  set(settings: LinkSettings): void {
    const { regions } = this
    const table = (values: number | readonly (readonly number[])[]): Float64Array =>
      Float64Array.from({ length: regions * regions }, (_, at) =>
        typeof values === 'number' ? values : (values[Math.floor(at / regions)]?.[at % regions] ?? 0),
      )
    this.#latency = table(settings.latencyUs)
    this.#jitter = table(settings.jitter)
    this.#loss = table(settings.loss)
    this.#lossy = this.#loss.some((loss) => loss > 0)
    this.#zoneLatency = settings.zoneLatencyUs ?? null
    this.#nodeUs = settings.nodeUs ?? 0
    const unbounded = Number.POSITIVE_INFINITY
    this.#uplink = Float64Array.from({ length: regions }, (_, at) => settings.uplink[at] ?? unbounded)
    this.#downlink = Float64Array.from({ length: regions }, (_, at) => settings.downlink?.[at] ?? unbounded)
    this.bounded = [...this.#uplink, ...this.#downlink].some((rate) => rate !== unbounded)
  }

  regionOf(node: number): number {
    return this.#regionOf[node] ?? 0
  }

  /** One way without jitter, until the receiver has acted on it. */
  baseUs(from: number, to: number): number {
    return this.#wayUs(from, to) + this.#nodeUs
  }

  #wayUs(from: number, to: number): number {
    if (this.#zoneLatency !== null && this.#zoneOf !== null) {
      const zone = this.#zoneOf[from] ?? 0
      if (zone !== 0 && zone === this.#zoneOf[to]) return this.#zoneLatency
    }
    return this.#latency[(this.#regionOf[from] ?? 0) * this.regions + (this.#regionOf[to] ?? 0)] ?? 0
  }

  /** Every line is free again: time begins anew, after a network has warmed up. */
  rest(): void {
    this.#upUntil.fill(0)
    this.#downUntil.fill(0)
  }

  /** When the uplink has sent what it was given so far. */
  freeUs(node: number): number {
    return this.#upUntil[node] ?? 0
  }

  /** How long the uplink takes to send so many bytes; 0 where it has no bound. */
  uplinkUs(node: number, bytes: number): number {
    return (bytes * 1e6) / (this.#uplink[this.#regionOf[node] ?? 0] ?? Number.POSITIVE_INFINITY)
  }

  /** When a message of `bytes` that is sent now has arrived; takes its share of both ends' bandwidth. */
  arrivalUs(nowUs: number, from: number, to: number, bytes: number): number {
    const here = this.#regionOf[from] ?? 0
    const there = this.#regionOf[to] ?? 0
    const at = here * this.regions + there
    let departure = nowUs
    const up = this.#uplink[here] ?? Number.POSITIVE_INFINITY
    if (up !== Number.POSITIVE_INFINITY) {
      departure = Math.max(nowUs, this.#upUntil[from] ?? 0) + (bytes * 1e6) / up
      this.#upUntil[from] = departure
    }
    const base = this.#wayUs(from, to)
    const jitter = this.#jitter[at] ?? 0
    let flight = base
    if (jitter > 0) flight *= Math.exp(jitter * (this.#normals[this.#random.uint32() & (NORMALS - 1)] ?? 0))
    if (this.#lossy) flight += this.#retransmissionsUs(this.#loss[at] ?? 0, base)
    const arrival = departure + flight + this.#nodeUs
    const down = this.#downlink[there] ?? Number.POSITIVE_INFINITY
    if (down === Number.POSITIVE_INFINITY) return arrival
    const done = Math.max(arrival, (this.#downUntil[to] ?? 0) + (bytes * 1e6) / down)
    this.#downUntil[to] = done
    return done
  }

  #retransmissionsUs(loss: number, baseUs: number): number {
    let late = 0
    for (let tries = 0; tries < RETRIES_MAX && this.#random.chance(loss); tries++) {
      late += Math.max(RTO_US, 2 * baseUs) * 2 ** tries
    }
    return late
  }
}
