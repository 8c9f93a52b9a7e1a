import type { RememberedResource } from '../../policies/index.ts'
import type { Meta } from '../store/index.ts'

const NAME = 'run-marks'

interface Marks {
  /** By policy: the version that was last found well. */
  readonly well: Readonly<Record<string, string>>
  /** Policies whose commands after a change have not run yet. */
  readonly owed: readonly string[]
  /** What the last run changed, by id, with what was remembered before it; absent once a neighbour has answered. */
  readonly unconfirmed?: Readonly<Record<string, RememberedResource | null>>
}

/** What a run must not forget, also if the daemon is killed in the middle of it. */
export class RunMarks {
  readonly #meta: Meta
  #marks: Marks

  constructor(meta: Meta) {
    this.#meta = meta
    const value = meta.get(NAME)
    // Written by `#save` alone.
    this.#marks = typeof value === 'object' && value !== null ? (value as Marks) : { well: {}, owed: [] }
  }

  isWell(policy: string, version: string): boolean {
    return this.#marks.well[policy] === version
  }

  well(policy: string, version: string): void {
    this.#save({ ...this.#marks, well: { ...this.#marks.well, [policy]: version } })
  }

  unwell(policy: string): void {
    if (this.#marks.well[policy] === undefined) return
    const { [policy]: _gone, ...well } = this.#marks.well
    this.#save({ ...this.#marks, well })
  }

  owes(policy: string): boolean {
    return this.#marks.owed.includes(policy)
  }

  owe(policy: string): void {
    if (!this.owes(policy)) this.#save({ ...this.#marks, owed: [...this.#marks.owed, policy] })
  }

  settle(policy: string): void {
    this.#save({ ...this.#marks, owed: this.#marks.owed.filter((one) => one !== policy) })
  }

  /** Forgets policies that are not here any more. */
  keepOnly(policies: ReadonlySet<string>): void {
    const well = Object.entries(this.#marks.well).filter(([policy]) => policies.has(policy))
    const owed = this.#marks.owed.filter((policy) => policies.has(policy))
    if (well.length === Object.keys(this.#marks.well).length && owed.length === this.#marks.owed.length) return
    this.#save({ ...this.#marks, well: Object.fromEntries(well), owed })
  }

  /** Without an argument: what was changed and is not confirmed yet, or null. */
  unconfirmed(): Readonly<Record<string, RememberedResource | null>> | null
  unconfirmed(changed: Readonly<Record<string, RememberedResource | null>> | null): void
  unconfirmed(changed?: Readonly<Record<string, RememberedResource | null>> | null): unknown {
    const { unconfirmed = null, ...rest } = this.#marks
    if (changed === undefined) return unconfirmed
    if (changed !== null || unconfirmed !== null)
      this.#save(changed === null ? rest : { ...rest, unconfirmed: changed })
    return undefined
  }

  #save(marks: Marks): void {
    this.#marks = marks
    this.#meta.set(NAME, marks)
  }
}
