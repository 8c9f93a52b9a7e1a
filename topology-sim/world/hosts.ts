import type { AppliedPolicy, Cid, Effect, PolicyToApply } from '../../node/core/index.ts'
import { peerIdOf } from '../../node/core/index.ts'
import { feed } from './drive.ts'
import { EVENT, type WorldState } from './state.ts'
import { trace } from './trace.ts'
import type { NodeFacts, PolicyBundle } from './types.ts'

/** What hosts do with policies, in the place of real ones: how long it takes, what fails, what drifts. */
export interface HostModel {
  /** How a resource of a bundle behaves; undefined: as its type does on a Debian host. */
  readonly work?: (bundle: Cid, key: string) => Work | undefined
  /** Chance that a resource fails in a run: by type, or by key (`service/nginx`), which goes first. */
  readonly failures?: Readonly<Record<string, number>>
  /** For hosts that differ, before any chance is asked. @returns the key of the resource that fails, or null */
  readonly fails?: (node: NodeFacts, policy: string, bundle: PolicyBundle) => string | null
}

export interface Work extends Duration {
  /** Drifts per host and hour. */
  readonly driftsPerHour: number
}

/** The median, and the deviation of its logarithm; 0: always the same. */
interface Duration {
  readonly medianMs: number
  readonly sigma: number
}

type Apply = Extract<Effect, { type: 'apply' }>

export interface HostRun {
  readonly run: number
  readonly removed: readonly string[]
  readonly results: readonly AppliedPolicy[]
}

/** What the resources of a type take where the model does not say: of a Debian host with a local mirror. Milliseconds. */
const DURATIONS: Readonly<Record<string, Duration>> = {
  package: { medianMs: 6_000, sigma: 0.6 },
  archive: { medianMs: 1_500, sigma: 0.5 },
  exec: { medianMs: 800, sigma: 0.8 },
  service: { medianMs: 400, sigma: 0.5 },
  user: { medianMs: 60, sigma: 0.3 },
}
const OTHER_MS = 20
const OTHER: Duration = { medianMs: OTHER_MS, sigma: 0.3 }
const HOUR_US = 3_600e6
/** A check of one resource that is as it should be. Milliseconds. */
const CHECK_MS = 1

export class Hosts {
  readonly #state: WorldState
  readonly #model: HostModel
  readonly #bundles = new Map<Cid, PolicyBundle>()
  /** By bundle and labels: the resources of nodes that differ in nothing that a policy could look at but their name. */
  readonly #resources = new Map<string, readonly { readonly key: string; readonly type: string }[]>()

  constructor(state: WorldState) {
    this.#state = state
    this.#model = state.options.hosts ?? {}
  }

  know(bundle: PolicyBundle): void {
    this.#bundles.set(bundle.cid, bundle)
  }

  factsOf(node: number): NodeFacts {
    const { name, labels, facts } = this.#state.options.fleet.at(node)
    return { name, labels, facts, id: peerIdOf(this.#state.genesis.keys[node] ?? '') }
  }

  apply(node: number, effect: Apply): void {
    this.#state.watch.applying(node, effect.policies)
    let ms = 0
    const results = effect.policies.map((policy) => {
      const { spent, result } = this.#applyOne(node, policy)
      ms += spent
      return result
    })
    const run: HostRun = { run: effect.run, removed: effect.removed, results }
    if (this.#state.observers.length > 0)
      trace(
        this.#state,
        node,
        'apply',
        `run ${effect.run} (${effect.why}): ${effect.policies.map((one) => one.policy).join(', ')}`,
      )
    this.#state.later((ms + effect.removed.length * OTHER_MS) * 1000, EVENT.applied, node, run)
  }

  #applyOne(
    node: number,
    { policy, version, bundle: { cid } }: PolicyToApply,
  ): { spent: number; result: AppliedPolicy } {
    const bundle = this.#bundles.get(cid)
    const done = { policy, version, outcomes: [] }
    if (bundle === undefined) return { spent: OTHER_MS, result: { ...done, state: 'ok' } }
    const known = this.#state.locals[node]?.inForce[policy]
    const again = known?.version === version && known.state === 'ok'
    const resources = this.#resourcesOf(node, bundle)
    let spent = 0
    const failing = this.#model.fails?.(this.factsOf(node), policy, bundle) ?? null
    for (const { key, type } of resources) {
      spent += again ? CHECK_MS : this.#durationMs(cid, key, type)
      const fails = failing === null ? this.#happens(this.#model.failures, key, type) : failing === key
      if (fails) return { spent, result: { ...done, state: 'failed', code: 'E_EXEC' } }
    }
    this.#driftLater(node, cid, resources)
    return { spent, result: { ...done, state: 'ok' } }
  }

  #resourcesOf(node: number, bundle: PolicyBundle): readonly { readonly key: string; readonly type: string }[] {
    const name = bundle.byName ? `${bundle.cid} ${node}` : `${bundle.cid} ${this.#groupOf(node)}`
    const known = this.#resources.get(name)
    if (known !== undefined) return known
    const resources = bundle.resourcesOf(this.factsOf(node))
    if (!bundle.byName) this.#resources.set(name, resources)
    return resources
  }

  readonly #groups = new WeakMap<object, WeakMap<object, number>>()
  #groupCount = 0

  /** A number for each pair of label and fact objects: nodes of one group share both. */
  #groupOf(node: number): number {
    const { labels, facts } = this.#state.options.fleet.at(node)
    const byFacts = this.#groups.get(labels) ?? new WeakMap<object, number>()
    this.#groups.set(labels, byFacts)
    const known = byFacts.get(facts)
    if (known !== undefined) return known
    byFacts.set(facts, ++this.#groupCount)
    return this.#groupCount
  }

  #durationMs(bundle: Cid, key: string, type: string): number {
    const { medianMs, sigma } = this.#model.work?.(bundle, key) ?? DURATIONS[type] ?? OTHER
    return medianMs * Math.exp(sigma * this.#state.random.normal(0, 1))
  }

  #happens(chances: Readonly<Record<string, number>> | undefined, key: string, type: string): boolean {
    if (chances === undefined) return false
    const chance = chances[key] ?? chances[type]
    return chance !== undefined && this.#state.random.chance(chance)
  }

  applied(node: number, { run, removed, results }: HostRun): void {
    this.#state.publications.applied(node, results, removed)
    if (this.#state.observers.length > 0) {
      const text = results.map((one) => `${one.policy} ${one.state}`).join(', ')
      trace(this.#state, node, 'applied', `run ${run}: ${text}`)
    }
    feed(this.#state, node, { type: 'applied', run, policies: results })
  }

  #driftLater(node: number, bundle: Cid, resources: readonly { readonly key: string }[]): void {
    const { work } = this.#model
    if (work === undefined) return
    for (const { key } of resources) {
      const rate = work(bundle, key)?.driftsPerHour ?? 0
      if (rate > 0) this.#state.later(this.#state.random.exponential(HOUR_US / rate), EVENT.drift, node, key)
    }
  }

  drift(node: number, resources: readonly string[]): void {
    feed(this.#state, node, { type: 'drifted', resources })
  }
}
