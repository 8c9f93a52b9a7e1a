/** Virtual seconds for each real one. */
const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800] as const
/** One step of the run in real milliseconds, so that keys are heard in between. */
const STEP_MS = 50

/** How fast virtual time passes: in steps, at a speed, or not at all. */
export class Pace {
  #index = SPEEDS.indexOf(1)
  paused = false

  get speed(): number {
    return SPEEDS[this.#index] ?? 1
  }

  faster(): void {
    this.#index = Math.min(SPEEDS.length - 1, this.#index + 1)
  }

  slower(): void {
    this.#index = Math.max(0, this.#index - 1)
  }

  /**
   * Lets a run go on in steps until the signal ends it.
   * @param advance virtual milliseconds to go
   */
  async run(advance: (virtualMs: number) => Promise<void>, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const from = performance.now()
      if (!this.paused) await advance(this.speed * STEP_MS)
      const left = Math.max(0, STEP_MS - (performance.now() - from))
      await new Promise<void>((done) => setTimeout(done, left))
    }
  }
}
