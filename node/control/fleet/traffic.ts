import type { TrafficLine } from './types.ts'

/** Ten minutes in steps of ten seconds: a minute's beacon shows as a wave, and a timer this slow costs an idle node nothing. */
export const TRAFFIC = { stepMs: 10_000, steps: 60 } as const

/** What went over the wires in each of the last steps, from counters that only grow. */
export class TrafficSteps {
  readonly #in: number[] = []
  readonly #out: number[] = []
  #last: { readonly wireIn: number; readonly wireOut: number } | undefined

  /** Called once a step. */
  sample(counters: { readonly wireIn: number; readonly wireOut: number }): void {
    if (this.#last !== undefined) {
      this.#in.push(counters.wireIn - this.#last.wireIn)
      this.#out.push(counters.wireOut - this.#last.wireOut)
      if (this.#in.length > TRAFFIC.steps) {
        this.#in.shift()
        this.#out.shift()
      }
    }
    this.#last = { wireIn: counters.wireIn, wireOut: counters.wireOut }
  }

  line(): TrafficLine {
    return { stepMs: TRAFFIC.stepMs, in: [...this.#in], out: [...this.#out] }
  }
}
