/**
 * The engine's alarm clock: one slot for each thing that waits, the earliest of which is the engine's one deadline.
 * Plain numbers, so that a million engines cost little.
 */
export const TIMER = {
  sync: 0,
  nudge: 1,
  asks: 2,
  handshakes: 3,
  beacon: 4,
  confirm: 5,
  own: 6,
  fetch: 7,
  converge: 8,
  check: 9,
  unhold: 10,
  watch: 11,
  store: 12,
  lost: 13,
  rollout: 14,
} as const

export type TimerName = keyof typeof TIMER

export const TIMER_NAMES = Object.keys(TIMER) as readonly TimerName[]

export class Timers {
  readonly #at: number[] = TIMER_NAMES.map(() => Number.POSITIVE_INFINITY)
  /** No alarm is earlier; the earliest may have been cleared or moved since. */
  #bound = Number.POSITIVE_INFINITY

  at(name: TimerName): number {
    return this.#at[TIMER[name]] ?? Number.POSITIVE_INFINITY
  }

  /** Whole milliseconds, rounded up: time itself comes in whole ones. */
  set(name: TimerName, at: number): void {
    const whole = Math.ceil(at)
    this.#at[TIMER[name]] = whole
    if (whole < this.#bound) this.#bound = whole
  }

  /** Moves the alarm forward; never back. */
  soonest(name: TimerName, at: number): void {
    if (at < this.at(name)) this.set(name, at)
  }

  clear(name: TimerName): void {
    this.#at[TIMER[name]] = Number.POSITIVE_INFINITY
  }

  /** Undefined if nothing waits. */
  next(): number | undefined {
    let next = Number.POSITIVE_INFINITY
    for (const at of this.#at) if (at < next) next = at
    this.#bound = next
    return next === Number.POSITIVE_INFINITY ? undefined : next
  }

  /** Takes one alarm that is due, in the order of the table. */
  take(now: number): TimerName | undefined {
    if (this.#bound > now) return undefined
    const due = this.#at.findIndex((at) => at <= now)
    if (due < 0) return undefined
    this.#at[due] = Number.POSITIVE_INFINITY
    return TIMER_NAMES[due]
  }
}
