import type { Cid } from '../core/index.ts'
import type { BlockStore } from '../store/types.ts'

/** Bundles that come within this time are made durable together. */
const GATHER_MS = 1000

/**
 * Makes fetched bundles durable, a moment after they were told to be held. Nothing depends on it: whoever published one
 * has it on disk already, and after a power cut every block is read and compared with its CID again before it counts
 * (`Fetch.resume`), so what was lost is fetched once more. Waiting for some six fsyncs would hold up every hop of a bundle.
 */
export class Settler {
  readonly #blocks: Pick<BlockStore, 'sync'>
  #waiting = new Set<Cid>()
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()

  constructor(blocks: Pick<BlockStore, 'sync'>) {
    this.#blocks = blocks
  }

  add(cids: readonly Cid[]): void {
    for (const cid of cids) this.#waiting.add(cid)
    this.#timer ??= setTimeout(() => void this.flush(), GATHER_MS).unref()
  }

  /** Writes what waits, now. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const cids = this.#waiting
    this.#waiting = new Set()
    // A block that was collected meanwhile needs no fsync, and one that cannot be synced is verified after a crash.
    this.#running = this.#running.then(async () => await this.#blocks.sync(cids)).catch(() => undefined)
    await this.#running
  }
}
