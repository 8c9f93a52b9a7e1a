/**
 * A running 64-bit hash over every event of a run: two lanes of MurmurHash3's mixing step (Austin Appleby, public domain)
 * with different seeds. Equal hashes: equal runs, in the order in which everything happened. Not for security.
 */
export class TraceHash {
  #low = 0x9747b28c | 0
  #high = 0x3c6ef372 | 0

  /** @param time whole microseconds, below 2^53 */
  add(time: number, kind: number, a: number, b: number): void {
    const early = (time % 0x1_0000_0000) | 0
    let low = mixed(this.#low, early)
    low = mixed(low, Math.imul(kind, 0x9e3779b1) ^ a)
    low = mixed(low, b)
    this.#low = low
    this.#high = mixed(this.#high ^ low, (time / 0x1_0000_0000) | 0)
  }

  /** 16 hex digits. */
  get text(): string {
    const hex = (lane: number): string => (lane >>> 0).toString(16).padStart(8, '0')
    return hex(this.#high) + hex(this.#low)
  }
}

function mixed(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51)
  k = (k << 15) | (k >>> 17)
  const h = hash ^ Math.imul(k, 0x1b873593)
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0
}
