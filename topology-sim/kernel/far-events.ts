/** Events beyond the wheel: a binary heap over typed arrays, ordered by time, then by the order of scheduling. */
export class FarEvents {
  /** What `pop()` took last. */
  kind = 0
  a = 0
  b = 0
  payload: unknown = undefined

  #sequence = 0
  /** For each slot its time and its sequence, side by side: one cache line serves a comparison. */
  #keys = new Float64Array(2 * 64)
  /** For each slot its kind, its two integers and the next slot of the free list. */
  #data = new Int32Array(4 * 64)
  readonly #payloads: unknown[] = []
  #free = -1
  #used = 0
  readonly #heap: number[] = []

  /** Time of the earliest, or undefined. */
  get first(): number | undefined {
    const slot = this.#heap[0]
    return slot === undefined ? undefined : this.#keys[2 * slot]
  }

  push(time: number, kind: number, a: number, b: number, payload: unknown): void {
    const slot = this.#take()
    this.#keys[2 * slot] = time
    this.#keys[2 * slot + 1] = this.#sequence++
    this.#data[4 * slot] = kind
    this.#data[4 * slot + 1] = a
    this.#data[4 * slot + 2] = b
    this.#payloads[slot] = payload
    const heap = this.#heap
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

  /** Takes the earliest into the public fields; there is one. */
  pop(): void {
    const slot = this.#heap[0] ?? 0
    this.kind = this.#data[4 * slot] ?? 0
    this.a = this.#data[4 * slot + 1] ?? 0
    this.b = this.#data[4 * slot + 2] ?? 0
    this.payload = this.#payloads[slot]
    this.#payloads[slot] = undefined
    this.#data[4 * slot + 3] = this.#free
    this.#free = slot
    this.#sink()
  }

  #take(): number {
    if (this.#free >= 0) {
      const slot = this.#free
      this.#free = this.#data[4 * slot + 3] ?? -1
      return slot
    }
    if (2 * this.#used === this.#keys.length) {
      const keys = new Float64Array(this.#keys.length * 2)
      keys.set(this.#keys)
      this.#keys = keys
      const data = new Int32Array(this.#data.length * 2)
      data.set(this.#data)
      this.#data = data
    }
    return this.#used++
  }

  #sink(): void {
    const heap = this.#heap
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

  #before(x: number, y: number): number {
    const apart = (this.#keys[2 * x] ?? 0) - (this.#keys[2 * y] ?? 0)
    return apart !== 0 ? apart : (this.#keys[2 * x + 1] ?? 0) - (this.#keys[2 * y + 1] ?? 0)
  }
}
