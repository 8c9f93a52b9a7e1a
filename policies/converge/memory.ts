import { LIMITS } from '../limits.ts'
import type { Memory, RememberedResource } from './types.ts'

/** Builds the memory after a run. Gives the old object back if nothing is new, so that nothing has to be stored. */
export class MemoryBuilder {
  readonly #old: Memory
  readonly #new = new Map<string, RememberedResource | null>()
  #order: number | undefined

  constructor(old: Memory) {
    this.#old = old
  }

  get(id: string): RememberedResource | undefined {
    const fresh = this.#new.get(id)
    if (fresh !== undefined) return fresh ?? undefined
    return Object.hasOwn(this.#old.resources, id) ? this.#old.resources[id] : undefined
  }

  nextOrder(): number {
    this.#order ??= Object.values(this.#old.resources).reduce((max, one) => Math.max(max, one.order), 0)
    this.#order += 1
    return this.#order
  }

  set(id: string, remembered: RememberedResource): void {
    const before = this.get(id)
    if (before === undefined || !same(before, remembered)) this.#new.set(id, remembered)
  }

  delete(id: string): void {
    this.#new.set(id, null)
  }

  get result(): Memory {
    if (this.#new.size === 0) return this.#old
    const resources = new Map(Object.entries(this.#old.resources))
    for (const [id, remembered] of this.#new) {
      if (remembered === null) resources.delete(id)
      else resources.set(id, remembered)
    }
    return { v: 1, resources: Object.fromEntries(resources) }
  }
}

function same(a: RememberedResource, b: RememberedResource): boolean {
  return (
    a.applied === b.applied &&
    a.data === b.data &&
    a.told === b.told &&
    a.onRemove === b.onRemove &&
    a.repairs.length === b.repairs.length &&
    a.repairs.at(-1) === b.repairs.at(-1) &&
    a.claims.join('\n') === b.claims.join('\n') &&
    JSON.stringify(a.grant) === JSON.stringify(b.grant)
  )
}

/** The repairs that count at this time. A clock that was set back does not make old ones count for ever. */
export function recentRepairs(repairs: readonly number[], nowMs: number): readonly number[] {
  return repairs.filter((at) => at <= nowMs && nowMs - at < LIMITS.flapWindowMs)
}

/** Minutes to wait, rounded up, or 0 if the resource may be repaired now. */
export function flapPause(repairs: readonly number[], nowMs: number): number {
  const recent = recentRepairs(repairs, nowMs)
  if (recent.length < LIMITS.flapRepairs) return 0
  return Math.ceil(((recent[0] ?? nowMs) + LIMITS.flapWindowMs - nowMs) / 60_000)
}
