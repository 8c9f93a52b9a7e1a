import type { ControlEvent } from '../schema.ts'
import type { LoggedEvent } from './types.ts'

/** Events that are kept to look back at: some 200 bytes each. */
export const HISTORY_MAX = 500

/** The newest events of level info and above, so that a screen that opens is not empty. */
export class History {
  readonly #events: LoggedEvent[] = []

  add({ at, kind, level, message }: ControlEvent): void {
    if (level === 'debug') return
    this.#events.push({ at, kind, level, message })
    // By halves, so that not every event moves the whole list.
    if (this.#events.length > HISTORY_MAX * 2) this.#events.splice(0, HISTORY_MAX)
  }

  /** Oldest first. */
  last(max: number): readonly LoggedEvent[] {
    return this.#events.slice(-Math.min(max, HISTORY_MAX))
  }
}
