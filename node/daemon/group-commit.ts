import type { Cid, Input } from '../core/index.ts'
import { NodeError } from '../errors.ts'
import type { PersistBatch, Store } from '../store/index.ts'
import type { EffectOf } from './driver.ts'

type Persist = EffectOf<'persist'>

/**
 * Puts all batches of one turn of the event loop into one transaction: one fsync for a burst instead of one a record.
 * What depends on a batch waits for its `persisted`, so waiting a moment costs order nothing.
 */
export class GroupCommit {
  readonly #store: Store
  readonly #feed: (input: Input) => void
  /** A disk that failed: the daemon must end, and start again from what is on it. */
  readonly #fatal: (error: Error) => void
  #waiting: Persist[] = []
  #scheduled: NodeJS.Immediate | undefined

  constructor(store: Store, feed: (input: Input) => void, fatal: (error: Error) => void) {
    this.#store = store
    this.#feed = feed
    this.#fatal = fatal
  }

  add(effect: Persist): void {
    this.#waiting.push(effect)
    this.#scheduled ??= setImmediate(() => this.flush())
  }

  /** Writes what waits, now. */
  flush(): void {
    clearImmediate(this.#scheduled)
    this.#scheduled = undefined
    const batches = this.#waiting
    if (batches.length === 0) return
    this.#waiting = []
    try {
      this.#store.persist(merged(batches))
    } catch (error) {
      if (!(error instanceof NodeError) || error.code !== 'E_NO_SPACE') {
        this.#fatal(error instanceof Error ? error : new Error(String(error)))
        return
      }
      for (const { batch } of batches) this.#feed({ type: 'persistFailed', batch, code: 'E_NO_SPACE' })
      return
    }
    for (const { batch } of batches) this.#feed({ type: 'persisted', batch })
  }
}

/** Several batches as one with the same result: what a later one drops is not written, what it writes again is not dropped. */
export function merged(batches: readonly Persist[]): PersistBatch {
  const records = new Map<Cid, Uint8Array>()
  const drop = new Set<Cid>()
  let local: object | null = null
  for (const batch of batches) {
    for (const { id, bytes } of batch.records) {
      records.set(id, bytes)
      drop.delete(id)
    }
    for (const id of batch.drop) {
      records.delete(id)
      drop.add(id)
    }
    local = batch.local ?? local
  }
  return { records: [...records].map(([id, bytes]) => ({ id, bytes })), drop: [...drop], local }
}
