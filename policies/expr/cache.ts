/** A map that forgets its oldest entries, so that hostile or merely many texts cannot fill memory. */
export class BoundedCache<V> {
  readonly #entries = new Map<string, V>()
  readonly #max: number

  constructor(max: number) {
    this.#max = max
  }

  get size(): number {
    return this.#entries.size
  }

  /** The entry of `key`, made by `make` if there is none; nothing is kept if `make` throws. */
  get(key: string, make: (key: string) => V): V {
    const known = this.#entries.get(key)
    if (known !== undefined) return known
    const made = make(key)
    if (this.#entries.size >= this.#max) this.#dropOldest()
    this.#entries.set(key, made)
    return made
  }

  /** Drops an eighth at once: a cache that is just too small must not pay on every call. */
  #dropOldest(): void {
    let left = Math.ceil(this.#max / 8)
    for (const key of this.#entries.keys()) {
      if (left-- === 0) break
      this.#entries.delete(key)
    }
  }
}
