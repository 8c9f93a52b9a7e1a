import type { ControlEvent } from '../control/index.ts'

/** Everything that happened, for whoever listens: the log, event streams, metrics. */
export class EventBus {
  readonly #listeners = new Set<(event: ControlEvent) => void>()

  /** @returns ends the subscription */
  subscribe(listener: (event: ControlEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  emit(event: Omit<ControlEvent, 'at'>): void {
    const whole = { at: Date.now(), ...event }
    for (const listener of this.#listeners) listener(whole)
  }

  /** The next event that matches, or undefined when the signal aborts. */
  async next(matches: (event: ControlEvent) => boolean, signal: AbortSignal): Promise<ControlEvent | undefined> {
    if (signal.aborted) return undefined
    return await new Promise((resolve) => {
      const done = (event: ControlEvent | undefined): void => {
        end()
        signal.removeEventListener('abort', aborted)
        resolve(event)
      }
      const aborted = (): void => done(undefined)
      const end = this.subscribe((event) => {
        if (matches(event)) done(event)
      })
      signal.addEventListener('abort', aborted, { once: true })
    })
  }
}
