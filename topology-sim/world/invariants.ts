import { LIMITS, type Cid, type Ledger, type PolicyToApply } from '../../node/core/index.ts'
import { SIM_LIMITS } from '../limits.ts'
import type { Tracked } from './publications.ts'
import { digestText } from './memo.ts'
import type { WorldState } from './state.ts'

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
      const without = this.#members().find((node) => !this.#ledgerOf(node).has(version))
      if (without === undefined) continue
      this.violate('lostPublish', without, `${this.#name(without)} lacks ${policy} ${version}, which was acknowledged.`)
    }
  }

  #ledgerOf(node: number): Ledger {
    return this.#state.engines[node]?.view.ledger ?? this.#state.genesis.ledger
  }

  /** Nodes that are up and belong, by what the best informed of them knows. */
  #members(): readonly number[] {
    const up: number[] = []
    for (let node = 0; node < this.#state.size; node++) if (this.#state.isUp(node)) up.push(node)
    const best = this.#best(up)
    if (best === null) return []
    const { keys } = this.#state.genesis
    return up.filter((node) => best.isMember(keys[node] ?? '', this.#state.clockMs))
  }

  /** The largest ledger; records are never fewer for knowing more, but for those that a charter closed. */
  #best(nodes: readonly number[]): Ledger | null {
    let best: Ledger | null = null
    for (const node of nodes) {
      const ledger = this.#ledgerOf(node)
      if (best === null || ledger.size > best.size) best = ledger
    }
    return best
  }

  /** All members that are up hold the same records, and run what these say. */
  #converged(): void {
    const members = this.#members()
    const best = this.#best(members)
    if (best === null) return
    for (const node of members) {
      const ledger = this.#ledgerOf(node)
      // Equal records are one object, unless they gave different ledgers, which was said when it happened.
      if (ledger !== best && digestText(ledger) !== digestText(best)) {
        this.violate('notConverged', node, `${this.#name(node)} holds ${ledger.size} records, another ${best.size}.`)
        continue
      }
      const late = this.#state.engines[node]?.view.policies().find((one) => isLate(one))
      if (late !== undefined) this.violate('notConverged', node, `${this.#name(node)} is behind with ${late.policy}.`)
    }
  }
}

/** Nothing is in the way, and still it does not run: a fork, a newer build or a host that fails say so by their codes. */
function isLate({ state, code }: { readonly state: string; readonly code: string | null }): boolean {
  return state === 'behind' && (code === null || code === 'E_UNFETCHED')
}
