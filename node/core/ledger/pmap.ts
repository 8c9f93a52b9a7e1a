/**
 * A persistent map from text to values: `set` and `delete` give a new map that shares all but a few nodes with the old
 * one. A hash trie, 32 ways wide; a change copies one short array for each of about log32(n) levels. Many changes in a
 * row may name an `edit`: what was copied for one of them is changed in place by the next, as nobody else has seen it
 * (Clojure's transients).
 */
interface Leaf<V> {
  readonly key: string
  readonly hash: number
  readonly value: V
}
interface Branch<V> {
  /** Bit i is set if there is a slot for the hash digit i. */
  bitmap: number
  slots: Slot<V>[]
  /** The edit that made this node, and may change it. */
  readonly owner: object | null
}
/** Leaves whose 32-bit hashes are equal, sorted by key. */
interface Bucket<V> {
  readonly hash: number
  readonly leaves: readonly Leaf<V>[]
}
type Slot<V> = Leaf<V> | Branch<V> | Bucket<V>

const BITS = 5
const MASK = 31

export class PMap<V> {
  #size: number
  readonly #root: Branch<V>

  private constructor(root: Branch<V>, size: number) {
    this.#root = root
    this.#size = size
  }

  get size(): number {
    return this.#size
  }

  static empty<V>(): PMap<V> {
    return new PMap<V>({ bitmap: 0, slots: [], owner: null }, 0)
  }

  get(key: string): V | undefined {
    return this.#find(key, hashOf(key))
  }

  #find(key: string, hash: number): V | undefined {
    let branch: Branch<V> = this.#root
    for (let shift = 0; ; shift += BITS) {
      const { bitmap } = branch
      const bit = 1 << ((hash >>> shift) & MASK)
      if ((bitmap & bit) === 0) return undefined
      const slot = branch.slots[bitsBelow(bitmap, bit)]
      if (slot === undefined) return undefined
      if ('slots' in slot) {
        branch = slot
        continue
      }
      if ('leaves' in slot) return slot.leaves.find((leaf) => leaf.key === key)?.value
      return slot.hash === hash && slot.key === key ? slot.value : undefined
    }
  }

  has(key: string): boolean {
    return this.get(key) !== undefined
  }

  /**
   * The same map if the key has this very value.
   * @param edit of this and of other calls that follow each other; the maps in between must not be used any more
   */
  set(key: string, value: V, edit: object | null = null): PMap<V> {
    const hash = hashOf(key)
    const before = this.#find(key, hash)
    if (before === value) return this
    const root = put(this.#root, { key, hash, value }, 0, edit)
    const size = before === undefined ? this.#size + 1 : this.#size
    if (root !== this.#root) return new PMap(root, size)
    // Changed in place: nobody else has seen this map.
    this.#size = size
    return this
  }

  delete(key: string): PMap<V> {
    if (!this.has(key)) return this
    const root = without(this.#root, key, hashOf(key), 0)
    return new PMap(root !== null && 'slots' in root ? root : rooted(root), this.size - 1)
  }

  /** In the order of hashes: the same for the same content, but meaning nothing. */
  *entries(): Generator<readonly [string, V]> {
    for (const leaf of leavesOf(this.#root)) yield [leaf.key, leaf.value]
  }

  *keys(): Generator<string> {
    for (const leaf of leavesOf(this.#root)) yield leaf.key
  }

  *values(): Generator<V> {
    for (const leaf of leavesOf(this.#root)) yield leaf.value
  }
}

/** FNV-1a over the last 16 characters (the digest of a CID or key, or a whole name), then mixed. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5 ^ key.length
  for (let i = Math.max(0, key.length - 16); i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  hash ^= hash >>> 15
  // Signed, as engines keep 32 signed bits in place and box anything larger.
  return Math.imul(hash, 0x2c1b3c6d)
}

function bitsBelow(bitmap: number, bit: number): number {
  let x = bitmap & (bit - 1)
  x -= (x >>> 1) & 0x55555555
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333)
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

function put<V>(branch: Branch<V>, leaf: Leaf<V>, shift: number, edit: object | null): Branch<V> {
  const bit = 1 << ((leaf.hash >>> shift) & MASK)
  const at = bitsBelow(branch.bitmap, bit)
  const there = (branch.bitmap & bit) === 0 ? undefined : branch.slots[at]
  const own = edit !== null && branch.owner === edit
  if (there === undefined) {
    if (!own) return { bitmap: branch.bitmap | bit, slots: branch.slots.toSpliced(at, 0, leaf), owner: edit }
    branch.bitmap |= bit
    insertAt(branch.slots, at, leaf)
    return branch
  }
  const below = merged(there, leaf, shift + BITS, edit)
  if (!own) return { bitmap: branch.bitmap, slots: branch.slots.with(at, below), owner: edit }
  branch.slots[at] = below
  return branch
}

/** As `splice`, which makes a list of what it took out each time. */
function insertAt<T>(list: T[], at: number, item: T): void {
  let carried = item
  for (let i = at; i < list.length; i++) {
    const held = list[i]
    list[i] = carried
    if (held !== undefined) carried = held
  }
  list.push(carried)
}

function merged<V>(slot: Slot<V>, leaf: Leaf<V>, shift: number, edit: object | null): Slot<V> {
  if ('slots' in slot) return put(slot, leaf, shift, edit)
  if (!('leaves' in slot) && slot.key === leaf.key) return leaf
  if (slot.hash === leaf.hash) {
    const others = 'leaves' in slot ? slot.leaves.filter((other) => other.key !== leaf.key) : [slot]
    return { hash: leaf.hash, leaves: [...others, leaf].toSorted((a, b) => (a.key < b.key ? -1 : 1)) }
  }
  // Two different hashes differ in some digit, so this ends within 32 bits.
  const one = 1 << ((slot.hash >>> shift) & MASK)
  return put({ bitmap: one, slots: [slot], owner: edit }, leaf, shift, edit)
}

/** Null if nothing is left; a branch with a single leaf gives that leaf, so that equal content has equal form. */
function without<V>(slot: Slot<V>, key: string, hash: number, shift: number): Slot<V> | null {
  if ('leaves' in slot) {
    const leaves = slot.leaves.filter((leaf) => leaf.key !== key)
    return leaves.length > 1 ? { hash: slot.hash, leaves } : (leaves[0] ?? null)
  }
  if (!('slots' in slot)) return slot.key === key ? null : slot
  const bit = 1 << ((hash >>> shift) & MASK)
  const at = bitsBelow(slot.bitmap, bit)
  const there = slot.slots[at]
  if (there === undefined) return slot
  const left = without(there, key, hash, shift + BITS)
  const slots = left === null ? slot.slots.toSpliced(at, 1) : slot.slots.with(at, left)
  const only = slots[0]
  if (shift > 0 && slots.length === 1 && only !== undefined && !('slots' in only)) return only
  if (slots.length === 0) return null
  return { bitmap: left === null ? slot.bitmap & ~bit : slot.bitmap, slots, owner: null }
}

function rooted<V>(slot: Exclude<Slot<V>, Branch<V>> | null): Branch<V> {
  return slot === null
    ? { bitmap: 0, slots: [], owner: null }
    : { bitmap: 1 << (slot.hash & MASK), slots: [slot], owner: null }
}

function* leavesOf<V>(slot: Slot<V>): Generator<Leaf<V>> {
  if ('leaves' in slot) yield* slot.leaves
  else if ('slots' in slot) for (const inner of slot.slots) yield* leavesOf(inner)
  else yield slot
}
