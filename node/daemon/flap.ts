import { DAEMON_LIMITS } from './limits.ts'

/** Lets only so many drifts of one resource through: whoever changes it back each time must not keep the node busy. */
export class FlapLimit {
  readonly #onFlap: (resources: readonly string[]) => void
  /** By resource: when it drifted, oldest first. Times of a clock that does not jump, ms. */
  readonly #drifts = new Map<string, number[]>()
  readonly #stoppedUntil = new Map<string, number>()

  constructor(onFlap: (resources: readonly string[]) => void) {
    this.#onFlap = onFlap
  }

  /** Those that are to be told. */
  pass(resources: readonly string[], now: number): string[] {
    const { flapDrifts, flapWindowMs } = DAEMON_LIMITS
    for (const [resource, until] of this.#stoppedUntil) if (now >= until) this.#stoppedUntil.delete(resource)
    for (const [resource, times] of this.#drifts) {
      if (now - (times.at(-1) ?? 0) >= flapWindowMs) this.#drifts.delete(resource)
    }
    const stopped: string[] = []
    const passed = resources.filter((resource) => {
      if (this.#stoppedUntil.has(resource)) return false
      const times = (this.#drifts.get(resource) ?? []).filter((at) => now - at < flapWindowMs)
      times.push(now)
      this.#drifts.set(resource, times)
      if (times.length < flapDrifts) return true
      this.#drifts.delete(resource)
      this.#stoppedUntil.set(resource, now + flapWindowMs)
      stopped.push(resource)
      return true
    })
    if (stopped.length > 0) this.#onFlap(stopped)
    return passed
  }
}
