import type { Effect, Input } from '../core/index.ts'

/** The engine as its driver sees it (DESIGN.md, section 2). */
export interface Machine {
  handle(input: Input, nowMs: number): void
  drain(): readonly Effect[]
  deadline(): number | undefined
}

export type EffectOf<T extends Effect['type']> = Extract<Effect, { readonly type: T }>
/** One function for each effect. They may feed inputs; those are handled after the effects that are being acted on. */
export type Actions = { readonly [T in Effect['type']]: (effect: EffectOf<T>) => void }

export interface Clock {
  now(): number
  /** @returns cancels */
  after(ms: number, work: () => void): () => void
}

/** setTimeout fires at once for anything longer (2^31-1 ms). */
const TIMER_MAX_MS = 2_147_483_647

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, work) {
    const timer = setTimeout(work, Math.min(Math.max(0, ms), TIMER_MAX_MS))
    return () => clearTimeout(timer)
  },
}

/** Feeds one engine, acts on its effects in their order, and arms its one timer. */
export class Driver {
  readonly #machine: Machine
  readonly #actions: Actions
  readonly #clock: Clock
  readonly #inputs: Input[] = []
  #busy = false
  #stopped = false
  #armedFor: number | undefined
  #disarm: () => void = () => undefined

  constructor(machine: Machine, actions: Actions, clock: Clock = systemClock) {
    this.#machine = machine
    this.#actions = actions
    this.#clock = clock
  }

  feed(input: Input): void {
    if (this.#stopped) return
    this.#inputs.push(input)
    if (this.#busy) return
    this.#busy = true
    try {
      for (let next = this.#inputs.shift(); next !== undefined && !this.#stopped; next = this.#inputs.shift()) {
        this.#machine.handle(next, this.#clock.now())
        for (const effect of this.#machine.drain()) this.#act(effect)
      }
    } finally {
      this.#busy = false
    }
    this.#arm()
  }

  /** Nothing is handled afterwards. */
  stop(): void {
    this.#stopped = true
    this.#inputs.length = 0
    this.#disarm()
  }

  #act(effect: Effect): void {
    // The table has, under each type, the function for exactly that effect, which the type system cannot follow.
    const act = this.#actions[effect.type] as (effect: Effect) => void
    act(effect)
  }

  #arm(): void {
    if (this.#stopped) return
    const at = this.#machine.deadline()
    if (at === this.#armedFor) return
    this.#disarm()
    this.#armedFor = at
    if (at === undefined) return
    this.#disarm = this.#clock.after(at - this.#clock.now(), () => {
      this.#armedFor = undefined
      this.feed({ type: 'wake' })
    })
  }
}
