import { FarEvents } from './far-events.ts'

/**
 * The event queue of the simulator: a timing wheel over typed arrays with a heap behind it (Varghese and Lauck, 1987),
 * ordered by time, then by the order of scheduling. A bucket of the wheel is a list of records side by side, to which
 * scheduling appends; when its turn comes it is sorted by counting, since it spans so few whole microseconds. So an event
 * costs one write and one read in a row, however many wait: what lies scattered costs a miss of all caches for each.
 *
 * Times are whole microseconds of virtual time, below 2^53. Events of equal time come out in the order of scheduling.
 */
export class EventQueue {
  /** The event that `next()` took last: its time, a small code (0 to 255), two integers of 32 bits and an object. */
  time = 0
  kind = 0
  a = 0
  b = 0
  payload: unknown = undefined

  #size = 0
  /** By bucket, modulo BUCKETS; null: nothing in it. */
  readonly #wheel: (Bucket | null)[] = Array.from({ length: BUCKETS }, () => null)
  /** A bit for each bucket that holds something, so that quiet times are skipped 32 buckets at a step. */
  readonly #busy = new Int32Array(BUCKETS / 32)
  #wheelCount = 0
  /** Number of the bucket that is being emptied: floor(time / WIDTH). */
  #turn = 0
  #now = new Bucket()
  /** Indices into `#now`, in order, from `#readyAt` up to `#readyEnd`. */
  #ready = new Int32Array(64)
  #readyAt = 0
  #readyEnd = 0
  readonly #counts = new Int32Array(WIDTH)
  /** Time of the earliest event beyond this bucket, if somebody has looked; else before all times. */
  #peeked = NOT_LOOKED
  readonly #far = new FarEvents()
  readonly #idle: Bucket[] = []

  get size(): number {
    return this.#size
  }

  /** Schedules an event. A time in the past becomes now: virtual time never runs backwards. */
  add(time: number, kind: number, a = 0, b = 0, payload?: unknown): void {
    const at = time > this.time ? Math.floor(time) : this.time
    const bucket = Math.floor(at / WIDTH)
    this.#size++
    if (at < this.#peeked) this.#peeked = at
    if (bucket === this.#turn) this.#insertReady(this.#now.push(at - this.#turn * WIDTH, kind, a, b, payload))
    else if (bucket < this.#turn + BUCKETS) this.#insertWheel(bucket, at, kind, a, b, payload)
    else this.#far.push(at, kind, a, b, payload)
  }

  /** Takes the earliest event into the public fields. @returns false when nothing is left */
  next(): boolean {
    if (this.#size === 0) return false
    if (this.#readyAt >= this.#readyEnd) this.#advance()
    const index = this.#ready[this.#readyAt++] ?? 0
    const { data } = this.#now
    const head = data[3 * index] ?? 0
    this.time = this.#turn * WIDTH + (head >>> KIND_BITS)
    this.kind = head & KIND_MASK
    this.a = data[3 * index + 1] ?? 0
    this.b = data[3 * index + 2] ?? 0
    this.payload = this.#now.payloads[index]
    this.#size--
    return true
  }

  /** Time of the earliest event without taking it, or undefined. */
  peekTime(): number | undefined {
    if (this.#size === 0) return undefined
    if (this.#readyAt < this.#readyEnd) {
      const index = this.#ready[this.#readyAt] ?? 0
      return this.#turn * WIDTH + ((this.#now.data[3 * index] ?? 0) >>> KIND_BITS)
    }
    // The wheel does not turn for a look: something may still be scheduled for before.
    if (this.#peeked === NOT_LOOKED) this.#peeked = this.#earliest()
    return this.#peeked
  }

  #earliest(): number {
    if (this.#wheelCount === 0) return this.#far.first ?? 0
    const bucket = this.#nextBusy()
    const { data, count } = this.#wheel[bucket & (BUCKETS - 1)] ?? this.#now
    let least = WIDTH
    for (let i = 0; i < count; i++) least = Math.min(least, (data[3 * i] ?? 0) >>> KIND_BITS)
    return bucket * WIDTH + least
  }

  #insertWheel(bucket: number, at: number, kind: number, a: number, b: number, payload: unknown): void {
    const index = bucket & (BUCKETS - 1)
    let there = this.#wheel[index] ?? null
    if (there === null) {
      there = this.#idle.pop() ?? new Bucket()
      this.#wheel[index] = there
      this.#busy[index >> 5] = (this.#busy[index >> 5] ?? 0) | (1 << (index & 31))
    }
    there.push(at - bucket * WIDTH, kind, a, b, payload)
    this.#wheelCount++
  }

  /** Into the bucket that is being emptied: after everything of the same time. */
  #insertReady(index: number): void {
    const { data } = this.#now
    const offset = (data[3 * index] ?? 0) >>> KIND_BITS
    let low = this.#readyAt
    let high = this.#readyEnd
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((data[3 * (this.#ready[middle] ?? 0)] ?? 0) >>> KIND_BITS <= offset) low = middle + 1
      else high = middle
    }
    // Whichever side is shorter makes room; what was taken has left some in front.
    if (this.#readyAt > 0 && low - this.#readyAt < this.#readyEnd - low) {
      this.#ready.copyWithin(this.#readyAt - 1, this.#readyAt, low)
      this.#readyAt--
      this.#ready[low - 1] = index
      return
    }
    if (this.#readyEnd === this.#ready.length) this.#ready = grown(this.#ready)
    this.#ready.copyWithin(low + 1, low, this.#readyEnd)
    this.#readyEnd++
    this.#ready[low] = index
  }

  /** Turns the wheel to the next bucket that holds something, and sorts it. */
  #advance(): void {
    this.#peeked = NOT_LOOKED
    this.#now.clear()
    if (this.#idle.length < IDLE_MAX) this.#idle.push(this.#now)
    this.#turn = this.#wheelCount === 0 ? Math.floor((this.#far.first ?? 0) / WIDTH) : this.#nextBusy()
    this.#drawNear()
    const index = this.#turn & (BUCKETS - 1)
    this.#now = this.#wheel[index] ?? new Bucket()
    this.#wheel[index] = null
    this.#busy[index >> 5] = (this.#busy[index >> 5] ?? 0) & ~(1 << (index & 31))
    this.#wheelCount -= this.#now.count
    this.#sort()
  }

  /** By time, and else as they lie: in the order of scheduling. */
  #sort(): void {
    const { data, count } = this.#now
    while (this.#ready.length < count) this.#ready = grown(this.#ready)
    const ready = this.#ready
    this.#readyAt = 0
    this.#readyEnd = count
    if (count <= INSERTION_MAX) {
      for (let i = 0; i < count; i++) {
        const offset = (data[3 * i] ?? 0) >>> KIND_BITS
        let at = i
        for (; at > 0 && (data[3 * (ready[at - 1] ?? 0)] ?? 0) >>> KIND_BITS > offset; at--)
          ready[at] = ready[at - 1] ?? 0
        ready[at] = i
      }
      return
    }
    const counts = this.#counts.fill(0)
    for (let i = 0; i < count; i++) {
      const offset = (data[3 * i] ?? 0) >>> KIND_BITS
      counts[offset] = (counts[offset] ?? 0) + 1
    }
    for (let offset = 0, before = 0; offset < WIDTH; offset++) {
      const here = counts[offset] ?? 0
      counts[offset] = before
      before += here
    }
    for (let i = 0; i < count; i++) {
      const offset = (data[3 * i] ?? 0) >>> KIND_BITS
      const at = counts[offset] ?? 0
      counts[offset] = at + 1
      ready[at] = i
    }
  }

  /** The next bucket of the wheel that holds something; there is one. All of the heap lies beyond it. */
  #nextBusy(): number {
    const first = (this.#turn + 1) & (BUCKETS - 1)
    // Of the first word only what comes after this turn; all of it again at the end of the round.
    let bits = (this.#busy[first >> 5] ?? 0) & (-1 << (first & 31))
    for (let word = first >> 5, passed = 0; ; passed++) {
      if (bits !== 0) {
        const index = (word << 5) + 31 - Math.clz32(bits & -bits)
        return this.#turn + 1 + ((index - first) & (BUCKETS - 1))
      }
      if (passed > BUCKETS / 32) return this.#turn + 1
      word = (word + 1) & (BUCKETS / 32 - 1)
      bits = this.#busy[word] ?? 0
    }
  }

  /**
   * Moves what the wheel now reaches from the heap into its buckets: before anything else can be scheduled there, so what
   * was scheduled first lies first.
   */
  #drawNear(): void {
    const far = this.#far
    for (;;) {
      const at = far.first
      if (at === undefined) return
      const bucket = Math.floor(at / WIDTH)
      if (bucket >= this.#turn + BUCKETS) return
      far.pop()
      this.#insertWheel(bucket, at, far.kind, far.a, far.b, far.payload)
    }
  }
}

/** Events of one bucket, in the order of scheduling. */
class Bucket {
  count = 0
  /** For each its offset within the bucket and its kind in one word, and its two integers. */
  data = new Int32Array(3 * BUCKET_RECORDS)
  readonly payloads: unknown[] = []

  /** @returns its index */
  push(offset: number, kind: number, a: number, b: number, payload: unknown): number {
    const index = this.count++
    if (3 * index === this.data.length) this.data = grown(this.data)
    const { data } = this
    data[3 * index] = (offset << KIND_BITS) | kind
    data[3 * index + 1] = a
    data[3 * index + 2] = b
    this.payloads.push(payload)
    return index
  }

  clear(): void {
    this.count = 0
    this.payloads.length = 0
    if (this.data.length > 3 * BUCKET_KEPT) this.data = new Int32Array(3 * BUCKET_RECORDS)
  }
}

/** Microseconds a bucket, a power of two: so many possible times are counted when it is sorted. */
const WIDTH = 1024
/** A power of two; the wheel spans 2^12 * 1,024 µs = 4.2 s, which holds every network delay and most timers. */
const BUCKETS = 2 ** 12
/** Buckets of at most this many events are sorted by insertion: counting reads the 1,024 counters twice. */
const INSERTION_MAX = 48
/** Of a new bucket, and of one that is kept for later: a busy world has some thousands of events a millisecond. */
const BUCKET_RECORDS = 16
const BUCKET_KEPT = 65_536
/** Empty buckets that wait for their next use. */
const IDLE_MAX = 256
const NOT_LOOKED = -1
const KIND_BITS = 8
const KIND_MASK = 255

function grown(from: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const to = new Int32Array(from.length * 2)
  to.set(from)
  return to
}
