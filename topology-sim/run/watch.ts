import type { Observer, TraceLine, World } from '../world/types.ts'

/** The last lines of a trace, at most so many. */
export class TraceTail {
  readonly #lines: TraceLine[] = []
  readonly #limit: number
  /** Everything that was seen. */
  count = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  see(line: TraceLine): void {
    this.count++
    this.#lines.push(line)
    // Cut in large steps: moving all of them for each line would cost more than the run.
    if (this.#lines.length > 2 * this.#limit) this.#lines.splice(0, this.#lines.length - this.#limit)
  }

  get lines(): readonly TraceLine[] {
    return this.#lines.slice(-this.#limit)
  }
}

/** Watches one node, one record, or both. */
export function watch(
  world: World,
  what: { readonly node?: number; readonly record?: string },
  limit: number,
): TraceTail {
  const tail = new TraceTail(limit)
  const observer: Observer = { ...what, see: (line) => tail.see(line) }
  world.observe(observer)
  return tail
}
