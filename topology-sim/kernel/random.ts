/**
 * Seeded generators, one for each purpose, so that drawing more numbers for one thing (a node's jitter) does not move
 * another (a link's loss). sfc32 by Chris Doty-Humphrey (PractRand): 128 bits of state, period at least 2^32; seeded
 * through the finaliser of MurmurHash3. Not for keys.
 */
export class Random {
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: number, purpose: string) {
    this.#a = mix(seed)
    this.#b = hashText(purpose, this.#a)
    this.#c = mix(this.#a ^ this.#b ^ 0x9e3779b9)
    for (let i = 0; i < 12; i++) this.uint32()
  }

  /** An integer from 0 to 2^32-1. */
  uint32(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter++) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    return sum >>> 0
  }

  /** A float in [0, 1). */
  next(): number {
    return this.uint32() / 0x1_0000_0000
  }

  /** An integer in [0, n), n at most 2^32. The bias is below n / 2^32. */
  below(n: number): number {
    return Math.floor(this.next() * n)
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  /** Exponential with this mean. */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.next())
  }

  /** Normal, by Box and Muller (1958), without keeping the second number. */
  normal(mean: number, deviation: number): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()))
    return mean + deviation * radius * Math.cos(2 * Math.PI * this.next())
  }

  /** `count` different integers in [0, n), by Floyd's algorithm (1987), in the order in which they were drawn. */
  sample(n: number, count: number): number[] {
    const chosen = new Set<number>()
    for (let j = Math.max(0, n - count); j < n; j++) {
      const t = this.below(j + 1)
      chosen.add(chosen.has(t) ? j : t)
    }
    return [...chosen]
  }

  /** Fisher-Yates, in place. */
  shuffle<T>(items: T[]): T[] {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.below(i + 1)
      const held = items[i]
      const other = items[j]
      if (held === undefined || other === undefined) continue
      items[i] = other
      items[j] = held
    }
    return items
  }
}

/** The finaliser of MurmurHash3 (Austin Appleby, public domain). */
function mix(value: number): number {
  let h = value | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/** FNV-1a over UTF-16 units, finished by `mix`. */
export function hashText(text: string, seed = 0): number {
  let h = 0x811c9dc5 ^ seed
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return mix(h)
}
