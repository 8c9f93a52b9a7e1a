import { LIMITS, type Cid, type PolicyToApply } from '../../node/core/index.ts'
import { SIM_LIMITS } from '../limits.ts'
import type { Tracked } from './publications.ts'
import { STATUS, type WorldState } from './state.ts'

/** Something happened that must never happen. */
export interface Violation {
  readonly invariant: 'unauthorised' | 'lostPublish' | 'differentLedger' | 'pools' | 'notConverged'
  readonly atMs: number
  readonly node: number
  /** One sentence: what is wrong, where. */
  readonly message: string
}

/**
 * Watches a run. What may be applied is known here from what the scenario did (who published what with whose right), and
 * from nothing that an engine says: so an engine that lost one of its checks is found out.
 */
export class Watch {
  readonly violations: Violation[] = []
  readonly #state: WorldState
  readonly #on: boolean
  readonly #allowed = new Set<Cid>()
  #samples = 0

  constructor(state: WorldState) {
    this.#state = state
    this.#on = state.options.invariants !== false
  }

  violate(invariant: Violation['invariant'], node: number, message: string): void {
    if (this.violations.length >= SIM_LIMITS.violations) return
    this.violations.push({ invariant, atMs: this.#state.nowMs, node, message })
  }

  /** A version by someone who had the right to publish it. */
  allow(version: Cid): void {
    this.#allowed.add(version)
  }

  /** The record of a key file was taken: by the right that its author has. */
  handedIn(node: number, publication: Tracked): void {
    if (this.#on && !publication.authorised && publication.record !== null) {
      const judged = this.#state.engines[node]?.view.ledger.judge(publication.record.id)
      if (judged?.counts === true)
        this.violate('unauthorised', node, `${this.#name(node)} counts ${publication.policy} by a key without a grant.`)
    }
  }

  applying(node: number, policies: readonly PolicyToApply[]): void {
    if (!this.#on) return
    for (const { policy, version } of policies) {
      if (this.#allowed.has(version)) continue
      this.violate(
        'unauthorised',
        node,
        `${this.#name(node)} applies ${policy} ${version}, which nobody had the right to publish.`,
      )
    }
  }

  #name(node: number): string {
    return this.#state.nameOf(node)
  }

  /** Now and then: pools of one node against their bounds. */
  sample(node: number): void {
    if (!this.#on || ++this.#samples % SIM_LIMITS.poolSample !== 0) return
    this.#pools(node)
  }

  #pools(node: number): void {
    const view = this.#state.engines[node]?.view
    if (view === undefined) return
    const { held, gaps } = view
    if (held > LIMITS.hold.total)
      this.violate('pools', node, `${this.#name(node)} holds ${held} records, over ${LIMITS.hold.total}.`)
    if (gaps.length > LIMITS.stale.gaps)
      this.violate('pools', node, `${this.#name(node)} remembers ${gaps.length} gaps, over ${LIMITS.stale.gaps}.`)
  }

  /** Everything that is too costly for every event. @param quiet faults are over, and there was time to recover */
  check(quiet: boolean): void {
    if (!this.#on) return
    for (let node = 0; node < this.#state.size; node++) if (this.#state.isUp(node)) this.#pools(node)
    if (quiet) {
      this.#lost()
      this.#converged()
    }
  }

  /** What a publisher was told to be safe is where somebody can get it. */
  #lost(): void {
    for (const publication of this.#state.publications.list) {
      const { reply, version, policy } = publication
      if (reply?.ok !== true || version === null) continue
      for (let node = 0; node < this.#state.size; node++) {
        if (!this.#state.isUp(node) || this.#ledgerOf(node).has(version)) continue
        this.violate('lostPublish', node, `${this.#name(node)} lacks ${policy} ${version}, which was acknowledged.`)
        break
      }
    }
  }

  #ledgerOf(node: number) {
    return this.#state.engines[node]?.view.ledger ?? this.#state.genesis.ledger
  }

  /** All that are up hold the same records, and run what these say. */
  #converged(): void {
    const first = this.#firstUp()
    if (first === null) return
    const wanted = this.#ledgerOf(first)
    for (let node = first + 1; node < this.#state.size; node++) {
      if (!this.#state.isUp(node)) continue
      const ledger = this.#ledgerOf(node)
      // Equal records are one object, unless they gave different ledgers, which was said when it happened.
      if (ledger === wanted || ledger.size === wanted.size) continue
      this.violate(
        'notConverged',
        node,
        `${this.#name(node)} holds ${ledger.size} records, ${this.#name(first)} ${wanted.size}.`,
      )
    }
  }

  #firstUp(): number | null {
    for (let node = 0; node < this.#state.size; node++) if (this.#state.status[node] === STATUS.up) return node
    return null
  }
}
