/** A token bucket: `rate` a second, at most `size` at once. Time is given, ms. */
export class Bucket {
  readonly #rate: number
  readonly #size: number
  #tokens: number
  #atMs: number

  constructor(rate: number, size: number, nowMs: number) {
    this.#rate = rate
    this.#size = size
    this.#tokens = size
    this.#atMs = nowMs
  }

  /** Takes tokens, into debt if need be; gives how long to wait first, ms. */
  take(count: number, nowMs: number): number {
    this.#tokens = Math.min(this.#size, this.#tokens + ((nowMs - this.#atMs) * this.#rate) / 1000)
    this.#atMs = nowMs
    this.#tokens -= count
    return this.#tokens >= 0 ? 0 : (-this.#tokens * 1000) / this.#rate
  }
}
