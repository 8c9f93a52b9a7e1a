import type { Random } from '../kernel/random.ts'

/** A timer of the class, waiting in the world's queue. */
export interface VirtualTimer {
  readonly work: () => void
  /** Milliseconds between two rings; null: it rings once. */
  readonly everyMs: number | null
  cancelled: boolean
}

export type Arm = (timer: VirtualTimer, ms: number) => void

/**
 * What a class reads from the global scope, given by the simulation instead: setTimeout, clearTimeout, setInterval,
 * clearInterval, Date.now and Math.random. Only while `within` runs and the promises that it began settle, so that whoever
 * draws a progress bar in the same process keeps the real ones; promises themselves are left alone.
 */
export class VirtualTime {
  readonly #nowMs: () => number
  readonly #arm: Arm
  readonly #random: Random
  #depth = 0

  constructor(nowMs: () => number, arm: Arm, random: Random) {
    this.#nowMs = nowMs
    this.#arm = arm
    this.#random = random
  }

  /** Until `leave`. */
  enter(): void {
    if (this.#depth++ > 0) return
    const start = (work: () => void, ms: number, everyMs: number | null): VirtualTimer => {
      const timer: VirtualTimer = { work, everyMs, cancelled: false }
      this.#arm(timer, ms)
      return timer
    }
    const stop = (timer: unknown): void => {
      if (isTimer(timer)) timer.cancelled = true
    }
    // The class asks for nothing but these forms; their declared types are Node's and the browser's at once.
    const scope = globalThis as unknown as Record<string, unknown>
    scope['setTimeout'] = (work: () => void, ms = 0) => start(work, ms, null)
    scope['setInterval'] = (work: () => void, ms = 0) => start(work, ms, Math.max(1, ms))
    scope['clearTimeout'] = stop
    scope['clearInterval'] = stop
    Date.now = () => this.#nowMs()
    Math.random = () => this.#random.next()
  }

  leave(): void {
    if (--this.#depth > 0) return
    Object.assign(globalThis, REAL)
    Date.now = REAL_NOW
    Math.random = REAL_RANDOM
  }
}

function isTimer(timer: unknown): timer is VirtualTimer {
  return typeof timer === 'object' && timer !== null && 'everyMs' in timer
}

const { setTimeout, setInterval, clearTimeout, clearInterval } = globalThis
const REAL = { setTimeout, setInterval, clearTimeout, clearInterval }
const REAL_NOW = Date.now
const REAL_RANDOM = Math.random
