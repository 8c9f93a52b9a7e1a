import type { Cid } from '../core/index.ts'
import type { BlockStore } from '../store/types.ts'
import type { Library } from './library.ts'

/** After the last change of what is to be kept. */
const SETTLE_MS = 5_000
/** An imported bundle is kept this long even if no record names it yet. */
const PINNED_MS = 10 * 60_000

/** Deletes blocks that no bundle worth keeping needs, when nothing is being fetched or taken in. */
export class Collector {
  readonly #blocks: BlockStore
  readonly #library: Library
  readonly #busy: () => boolean
  readonly #pins = new Map<Cid, number>()
  #keep: readonly Cid[] | undefined
  #dueMs = Infinity
  #taking = 0
  #running: Promise<void> = Promise.resolve()

  constructor(blocks: BlockStore, library: Library, busy: () => boolean) {
    this.#blocks = blocks
    this.#library = library
    this.#busy = busy
  }

  keep(cids: readonly Cid[]): void {
    this.#keep = cids
    this.#dueMs = Date.now() + SETTLE_MS
  }

  /** A collection is still to come. */
  pending(): boolean {
    return this.#dueMs !== Infinity
  }

  /** Nothing is collected while `work` takes a bundle in. */
  async during<T>(root: Cid, work: () => Promise<T>): Promise<T> {
    this.#taking += 1
    try {
      await this.#running
      const result = await work()
      this.#pins.set(root, Date.now() + PINNED_MS)
      return result
    } finally {
      this.#taking -= 1
    }
  }

  /** Resolves when no collection runs. */
  async idle(): Promise<void> {
    await this.#running
  }

  async tick(nowMs: number): Promise<void> {
    if (this.#keep === undefined || nowMs < this.#dueMs || this.#taking > 0 || this.#busy()) return
    this.#dueMs = Infinity
    this.#running = this.#collect(this.#keep, nowMs).catch(() => {
      // A block that cannot be deleted takes space until the next time.
    })
    await this.#running
  }

  async #collect(roots: readonly Cid[], nowMs: number): Promise<void> {
    for (const [root, until] of this.#pins) if (until < nowMs) this.#pins.delete(root)
    const keep = new Set<Cid>()
    for (const root of [...roots, ...this.#pins.keys()]) {
      keep.add(root)
      for (const cid of await this.#library.cids(root)) keep.add(cid)
    }
    // What began meanwhile waits for `idle`, so nothing new is in the way.
    await this.#blocks.collect(keep)
  }
}
