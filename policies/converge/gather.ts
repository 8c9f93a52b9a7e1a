import type { Applied, Gathered } from '../resources/type.ts'

export type GatheredWork<T> = (items: readonly T[]) => Promise<readonly Gathered[]>

/**
 * Work that resources do together, such as one transaction of the package manager for all of them. Whoever joins waits
 * until the runner sees that nothing else of its type is on its way.
 */
export class Gathering {
  readonly #open = new Map<string, Batch>()
  /** By key: the work in progress, after which the next may start. */
  readonly #tails = new Map<string, Promise<void>>()
  /** Resources that wait here for others to join, by type. */
  readonly #joined = new Map<string, number>()
  /** Set by the runner, which then looks whether it can start something. */
  onJoin: () => void = () => undefined
  waiting = 0

  join<T>(type: string, key: string, item: T, work: GatheredWork<T>): Promise<Applied | void> {
    const batch = this.#open.get(key) ?? new Batch()
    this.#open.set(key, batch)
    // A key goes with one kind of item: the types that use it see to that.
    const answer = batch.add(type, item, (items) => work(items as readonly T[]))
    this.#count(type, 1)
    this.onJoin()
    return answer
  }

  /** Starts the work of every key for which nothing more can be on its way. @param running resources at work, by type */
  start(running: ReadonlyMap<string, number>): void {
    const late = (type: string): boolean => (this.#joined.get(type) ?? 0) < (running.get(type) ?? 0)
    const ready = [...this.#open].filter(([, batch]) => !batch.types.some(late))
    for (const [key, batch] of ready) {
      this.#open.delete(key)
      for (const type of batch.types) this.#count(type, -1)
      this.#tails.set(
        key,
        (this.#tails.get(key) ?? Promise.resolve()).then(() => batch.run()),
      )
    }
  }

  #count(type: string, by: number): void {
    this.#joined.set(type, (this.#joined.get(type) ?? 0) + by)
    this.waiting += by
  }
}

/** The same without others: for what is done outside of the graph, one after the other. */
export async function alone<T>(item: T, work: GatheredWork<T>): Promise<Applied | void> {
  const [result] = await work([item])
  if (result instanceof Error) throw result
  return result
}

interface Member {
  readonly resolve: (applied: Applied | void) => void
  readonly reject: (error: unknown) => void
}

class Batch {
  /** Of each member. */
  readonly types: string[] = []
  readonly #items: unknown[] = []
  readonly #members: Member[] = []
  #work: GatheredWork<unknown> = () => Promise.resolve([])

  add(type: string, item: unknown, work: GatheredWork<unknown>): Promise<Applied | void> {
    this.types.push(type)
    this.#items.push(item)
    this.#work = work
    return new Promise((resolve, reject) => {
      this.#members.push({ resolve, reject })
    })
  }

  async run(): Promise<void> {
    try {
      const results = await this.#work(this.#items)
      for (const [i, { resolve, reject }] of this.#members.entries()) {
        const result = results[i]
        if (result instanceof Error) reject(result)
        else resolve(result)
      }
    } catch (error) {
      for (const { reject } of this.#members) reject(error)
    }
  }
}
