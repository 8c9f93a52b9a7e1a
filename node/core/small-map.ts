/**
 * A map by text that mostly holds one thing: the first entry lies in the object itself, and a table is made for the
 * second. Of a million engines nearly all have one policy, one publisher and one bundle, and a `Map` takes 200 bytes for
 * one entry.
 *
 * Entries come in the order in which they were added. What is added while one goes through them may not be met.
 */
export class SmallMap<V> {
  #key: string | null = null
  #value: V | undefined = undefined
  /** All others, each added later than the first; null until there is one. */
  #more: Map<string, V> | null = null

  get size(): number {
    return (this.#key === null ? 0 : 1) + (this.#more === null ? 0 : this.#more.size)
  }

  get(key: string): V | undefined {
    if (this.#key === key) return this.#value
    return this.#more === null ? undefined : this.#more.get(key)
  }

  has(key: string): boolean {
    return this.#key === key || (this.#more !== null && this.#more.has(key))
  }

  set(key: string, value: V): this {
    const isFirst = this.#key === null ? this.#more === null || this.#more.size === 0 : this.#key === key
    if (isFirst) {
      this.#key = key
      this.#value = value
    } else {
      this.#more ??= new Map()
      this.#more.set(key, value)
    }
    return this
  }

  delete(key: string): boolean {
    if (this.#key !== key) return this.#more !== null && this.#more.delete(key)
    this.#key = null
    this.#value = undefined
    return true
  }

  /** The key that was added first. */
  oldest(): string | undefined {
    return this.#key ?? this.#more?.keys().next().value
  }

  keys(): readonly string[] {
    const first = this.#key === null ? NOTHING : [this.#key]
    return this.#more === null || this.#more.size === 0 ? first : [...first, ...this.#more.keys()]
  }

  values(): readonly V[] {
    // With a key there is a value; the type cannot say that.
    const first = this.#key === null ? NOTHING : [this.#value as V]
    return this.#more === null || this.#more.size === 0 ? first : [...first, ...this.#more.values()]
  }
}

const NOTHING: readonly never[] = []
