import type { Key } from '../records/types.ts'
import { SmallMap } from '../small-map.ts'
import type { Link } from './links.ts'

const NOBODY: readonly Key[] = []

/**
 * The links of one node. Those that were in step from the start and that nothing has happened on yet are kept as keys
 * alone: of a million simulated nodes most never use more than one or two of their links.
 */
export class LinkTable {
  readonly #make: (peer: Key, since: number) => Link
  #awake: SmallMap<Link> | null = null
  /** Who was in step from the start and still is connected; `#woken` of them are among those awake. */
  #resting = NOBODY
  #woken = 0
  #restingSince = 0

  /** @param make a link that was opened at that time */
  constructor(make: (peer: Key, since: number) => Link) {
    this.#make = make
  }

  /** Members that are connected and in step. Before any other link. */
  rest(peers: readonly Key[], since: number): void {
    this.#resting = peers
    this.#restingSince = since
  }

  get size(): number {
    return (this.#awake?.size ?? 0) + this.#resting.length - this.#woken
  }

  has(peer: Key): boolean {
    return this.#awake?.has(peer) === true || this.#resting.includes(peer)
  }

  get(peer: Key): Link | undefined {
    const known = this.#awake?.get(peer)
    if (known !== undefined || !this.#resting.includes(peer)) return known
    const link = this.#make(peer, this.#restingSince)
    link.syncedAt = this.#restingSince
    this.#woken++
    this.set(peer, link)
    return link
  }

  set(peer: Key, link: Link): void {
    this.#awake ??= new SmallMap()
    this.#awake.set(peer, link)
  }

  delete(peer: Key): boolean {
    const wasAwake = this.#awake?.delete(peer) === true
    if (!this.#resting.includes(peer)) return wasAwake
    if (wasAwake) this.#woken--
    this.#resting = this.#resting.filter((other) => other !== peer)
    return true
  }

  keys(): readonly Key[] {
    const awake = this.#awake
    if (awake === null) return this.#resting
    const keys = [...awake.keys()]
    for (const peer of this.#resting) if (this.#woken === 0 || !awake.has(peer)) keys.push(peer)
    return keys
  }

  values(): Iterable<Link> {
    if (this.#woken < this.#resting.length) for (const peer of this.#resting) this.get(peer)
    return this.awake()
  }

  /** Links on which something may be under way: a round, a question, something blocked. */
  awake(): Iterable<Link> {
    return this.#awake?.values() ?? []
  }
}
