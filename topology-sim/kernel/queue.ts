/**
 * The event queue of the simulator: a timing wheel over typed arrays with a heap behind it, ordered by (time, sequence).
 * Events of the near future lie in buckets as linked lists of slots; a bucket is sorted when its turn comes, so that
 * scheduling costs one write. Events beyond the wheel wait in a heap and move in when the wheel reaches them
 * (Varghese and Lauck, 1987; the sorted bucket is Brown's calendar queue, 1988).
 *
 * Times are whole microseconds of virtual time, below 2^53. Events of equal time come out in the order of scheduling.
 */
export class EventQueue {
  /** The event that `next()` took last: its time, a small code, two integers and an object. */
  time = 0
  kind = 0
  a = 0
  b = 0
  payload: unknown = undefined

  #size = 0
  #sequence = 0
  /** For each slot its time and its sequence, side by side: one cache line serves a comparison. */
  #keys: Float64Array
  /** For each slot its kind, its two integers and the next slot of its bucket or of the free list. */
  #data: Int32Array
  readonly #payloads: unknown[] = []
  #free = -1
  #used = 0

  readonly #heads = new Int32Array(BUCKETS).fill(-1)
  /** A bit for each bucket that holds something, so that quiet times are skipped 32 buckets at a step. */
  readonly #busy = new Int32Array(BUCKETS / 32)
  #wheelCount = 0
  /** Number of the bucket that is being emptied: floor(time / WIDTH). */
  #turn = 0
  #ready: number[] = []
  #readyAt = 0
  readonly #far: number[] = []

  constructor(capacity = 1024) {
    this.#keys = new Float64Array(2 * capacity)
    this.#data = new Int32Array(4 * capacity)
  }

  get size(): number {
    return this.#size
  }

  /** Schedules an event. A time in the past becomes now: virtual time never runs backwards. */
  add(time: number, kind: number, a = 0, b = 0, payload?: unknown): void {
    const at = time > this.time ? Math.floor(time) : this.time
    const slot = this.#take()
    this.#keys[2 * slot] = at
    this.#keys[2 * slot + 1] = this.#sequence++
    this.#data[4 * slot] = kind
    this.#data[4 * slot + 1] = a
    this.#data[4 * slot + 2] = b
    this.#payloads[slot] = payload
    this.#size++
    const bucket = Math.floor(at / WIDTH)
    if (bucket <= this.#turn) this.#insertReady(slot)
    else if (bucket < this.#turn + BUCKETS) this.#insertWheel(slot, bucket)
    else this.#pushFar(slot)
  }

  /** Takes the earliest event into the public fields. @returns false when nothing is left */
  next(): boolean {
    if (this.#size === 0) return false
    while (this.#readyAt >= this.#ready.length) this.#advance()
    const slot = this.#ready[this.#readyAt++] ?? 0
    this.time = this.#keys[2 * slot] ?? 0
    this.kind = this.#data[4 * slot] ?? 0
    this.a = this.#data[4 * slot + 1] ?? 0
    this.b = this.#data[4 * slot + 2] ?? 0
    this.payload = this.#payloads[slot]
    this.#payloads[slot] = undefined
    this.#data[4 * slot + 3] = this.#free
    this.#free = slot
    this.#size--
    return true
  }

  /** Time of the earliest event without taking it, or undefined. */
  peekTime(): number | undefined {
    if (this.#size === 0) return undefined
    while (this.#readyAt >= this.#ready.length) this.#advance()
    return this.#keys[2 * (this.#ready[this.#readyAt] ?? 0)]
  }

  #take(): number {
    if (this.#free >= 0) {
      const slot = this.#free
      this.#free = this.#data[4 * slot + 3] ?? -1
      return slot
    }
    if (2 * this.#used === this.#keys.length) this.#grow()
    return this.#used++
  }

  #grow(): void {
    this.#keys = grown(new Float64Array(this.#keys.length * 2), this.#keys)
    this.#data = grown(new Int32Array(this.#data.length * 2), this.#data)
  }

  #insertWheel(slot: number, bucket: number): void {
    const index = bucket & (BUCKETS - 1)
    this.#data[4 * slot + 3] = this.#heads[index] ?? -1
    this.#heads[index] = slot
    this.#busy[index >> 5] = (this.#busy[index >> 5] ?? 0) | (1 << (index & 31))
    this.#wheelCount++
  }

  /** Into the bucket that is being emptied: after everything of the same time, since its sequence is the highest. */
  #insertReady(slot: number): void {
    const time = this.#keys[2 * slot] ?? 0
    let low = this.#readyAt
    let high = this.#ready.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#keys[2 * (this.#ready[middle] ?? 0)] ?? 0) <= time) low = middle + 1
      else high = middle
    }
    if (low === this.#ready.length) this.#ready.push(slot)
    else this.#ready.splice(low, 0, slot)
  }

  /** Turns the wheel to the next bucket that holds something, and sorts it. */
  #advance(): void {
    if (this.#wheelCount === 0) this.#turn = Math.floor((this.#keys[2 * (this.#far[0] ?? 0)] ?? 0) / WIDTH)
    else this.#turn = this.#nextBusy()
    this.#drawNear()
    const index = this.#turn & (BUCKETS - 1)
    let slot = this.#heads[index] ?? -1
    this.#heads[index] = -1
    this.#busy[index >> 5] = (this.#busy[index >> 5] ?? 0) & ~(1 << (index & 31))
    const ready = this.#ready
    ready.length = 0
    this.#readyAt = 0
    while (slot >= 0) {
      ready.push(slot)
      slot = this.#data[4 * slot + 3] ?? -1
    }
    this.#wheelCount -= ready.length
    // The list is in reverse order of scheduling, so turning it round leaves little to sort.
    ready.reverse()
    if (ready.length <= INSERTION_MAX) this.#sortFew(ready)
    else ready.sort((x, y) => this.#before(x, y))
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

  /** Insertion sort: a bucket holds tens of events, nearly in order, and a call for each comparison would cost most. */
  #sortFew(ready: number[]): void {
    const keys = this.#keys
    for (let i = 1; i < ready.length; i++) {
      const slot = ready[i] ?? 0
      const time = keys[2 * slot] ?? 0
      const sequence = keys[2 * slot + 1] ?? 0
      let at = i
      for (; at > 0; at--) {
        const other = ready[at - 1] ?? 0
        const apart = (keys[2 * other] ?? 0) - time
        if (apart < 0 || (apart === 0 && (keys[2 * other + 1] ?? 0) < sequence)) break
        ready[at] = other
      }
      ready[at] = slot
    }
  }

  /** Moves what the wheel now reaches from the heap into its buckets. */
  #drawNear(): void {
    for (;;) {
      const slot = this.#far[0]
      if (slot === undefined) return
      const bucket = Math.floor((this.#keys[2 * slot] ?? 0) / WIDTH)
      if (bucket >= this.#turn + BUCKETS) return
      this.#popFar()
      this.#insertWheel(slot, bucket)
    }
  }

  #before(x: number, y: number): number {
    const apart = (this.#keys[2 * x] ?? 0) - (this.#keys[2 * y] ?? 0)
    return apart !== 0 ? apart : (this.#keys[2 * x + 1] ?? 0) - (this.#keys[2 * y + 1] ?? 0)
  }

  #pushFar(slot: number): void {
    const heap = this.#far
    let at = heap.push(slot) - 1
    while (at > 0) {
      const up = (at - 1) >> 1
      const parent = heap[up] ?? 0
      if (this.#before(parent, slot) <= 0) break
      heap[at] = parent
      at = up
    }
    heap[at] = slot
  }

  #popFar(): void {
    const heap = this.#far
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && this.#before(heap[child + 1] ?? 0, heap[child] ?? 0) < 0) child++
      const below = heap[child] ?? 0
      if (this.#before(last, below) <= 0) break
      heap[at] = below
      at = child
    }
    heap[at] = last
  }
}

/** Microseconds a bucket: short enough that a bucket of a busy simulation holds tens of events, not thousands. */
const WIDTH = 16
/** Buckets of at most this many events are sorted by insertion. */
const INSERTION_MAX = 64
/** A power of two; the wheel spans 2^18 * 16 µs = 4.2 s, which holds every network delay and most timers. */
const BUCKETS = 2 ** 18

function grown<T extends Float64Array | Int32Array>(to: T, from: T): T {
  to.set(from)
  return to
}
