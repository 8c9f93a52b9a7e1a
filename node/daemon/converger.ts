import type { ConvergeResult, HostPort, NodeContext, Outcome } from '../../policies/index.ts'
import { convergeHost, RESOURCE_TYPES, Session } from '../../policies/index.ts'
import type { AppliedPolicy, Input, PolicyToApply } from '../core/index.ts'
import { messageOf } from '../errors.ts'
import type { Bundles } from './bundles.ts'
import type { EffectOf } from './driver.ts'
import { DAEMON_LIMITS } from './limits.ts'
import type { RunMemory } from './memory.ts'
import { Preparer } from './prepare.ts'
import type { Prepared } from './prepare.ts'
import type { NodeSecrets } from './secrets.ts'
import type { DriftWatch } from './watch.ts'

type Apply = EffectOf<'apply'>

export interface ConvergerOptions {
  readonly bundles: Bundles
  readonly secrets: Pick<NodeSecrets, 'of'>
  readonly host: HostPort
  readonly memory: RunMemory
  readonly watch: DriftWatch
  readonly feed: (input: Input) => void
  /** What expressions see of this node. */
  readonly context: () => NodeContext
  /** Why nothing may be changed now (observe, hold), or null. */
  readonly handsOff: () => string | null
  readonly onRun: (run: RunReport) => void
}

export interface RunReport {
  readonly why: Apply['why']
  readonly outcomes: readonly Outcome[]
  readonly changed: boolean
  readonly converged: boolean
  readonly ms: number
  readonly handsOff: string | null
}

export interface PlanResult {
  readonly outcomes: readonly Outcome[]
}

/** Runs policies on this host: one run at a time, each with a deadline; a plan is the same run without changes. */
export class Converger {
  readonly #options: ConvergerOptions
  readonly #preparer: Preparer
  readonly #session = new Session()
  readonly #abort = new AbortController()
  #tail: Promise<unknown> = Promise.resolve()
  #waiting: Apply | undefined
  #inForce: readonly PolicyToApply[] = []

  constructor(options: ConvergerOptions) {
    this.#options = options
    this.#preparer = new Preparer(options.bundles, options.secrets)
  }

  /** Runs as soon as the run in progress has ended. Of several that wait, the last one says what is wanted. */
  apply(effect: Apply): void {
    const replaced = this.#waiting
    this.#waiting = effect
    if (replaced) {
      this.#options.feed({ type: 'applied', run: replaced.run, policies: [] })
      return
    }
    void this.#queued(async () => {
      const next = this.#waiting
      this.#waiting = undefined
      if (next) await this.#run(next)
    })
  }

  /** What would change: for one policy beside those in force, or for all in force. */
  async plan(extra: PolicyToApply | null): Promise<PlanResult> {
    return await this.#queued(async () => {
      const others = this.#inForce.filter(({ policy }) => policy !== extra?.policy)
      const wanted = extra === null ? others : [...others, extra]
      const prepared = await this.#preparer.all(wanted, this.#options.context())
      const result = await this.#converge(prepared, { apply: false, removed: [] })
      const outcomes = [...prepared.flatMap((one) => (one.ok ? [] : one.outcomes)), ...result.outcomes]
      return { outcomes: extra === null ? outcomes : outcomes.filter(({ policy }) => policy === extra.policy) }
    })
  }

  /** Stops the run in progress and waits for it, but not for ever. */
  async stop(): Promise<void> {
    this.#waiting = undefined
    this.#abort.abort()
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, DAEMON_LIMITS.stopMs)
    })
    await Promise.race([this.#tail, late])
    clearTimeout(timer)
  }

  async #queued<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(work)
    this.#tail = result.catch(() => undefined)
    return await result
  }

  async #run(effect: Apply): Promise<void> {
    const { feed, handsOff, onRun, watch } = this.#options
    if (this.#abort.signal.aborted) return
    const started = performance.now()
    const why = handsOff()
    watch.pause()
    try {
      this.#inForce = effect.policies
      const prepared = await this.#preparer.all(effect.policies, this.#options.context())
      const result = await this.#converge(prepared, { apply: why === null, removed: effect.removed })
      if (why === null) this.#options.memory.save(result.memory)
      watch.set([...result.watch].flatMap(([path, ids]) => ids.map((resource) => ({ path, resource }))))
      const refused = prepared.flatMap((one) => (one.ok ? [] : one.outcomes))
      const outcomes = [...refused, ...result.outcomes]
      onRun({
        why: effect.why,
        outcomes,
        changed: result.changed,
        converged: result.converged && refused.length === 0,
        ms: performance.now() - started,
        handsOff: why,
      })
      feed({ type: 'applied', run: effect.run, policies: prepared.map((one) => applied(one, outcomes, why !== null)) })
    } catch (error) {
      const outcomes = [crashed(error)]
      onRun({
        why: effect.why,
        outcomes,
        changed: false,
        converged: false,
        ms: performance.now() - started,
        handsOff: why,
      })
      const policies = effect.policies.map(({ policy, version }): AppliedPolicy => ({
        policy,
        version,
        state: 'failed',
        code: 'E_RUN',
        outcomes: [],
      }))
      feed({ type: 'applied', run: effect.run, policies })
    } finally {
      watch.resume()
    }
  }

  async #converge(
    prepared: readonly Prepared[],
    how: { readonly apply: boolean; readonly removed: readonly string[] },
  ): Promise<ConvergeResult> {
    const { bundles, host, memory } = this.#options
    const ready = prepared.filter((one) => one.ok)
    const named = new Set([...ready.map(({ policy }) => policy.policy), ...how.removed])
    // Whatever else this host remembers stays as it is: its policy may be back in a moment.
    const unresolved = new Set(
      Object.values(memory.value.resources)
        .map(({ policy }) => policy)
        .filter((policy) => !named.has(policy)),
    )
    return await convergeHost({
      host,
      content: bundles.content(new Map(ready.map(({ policy, bundle }) => [policy.policy, bundle]))),
      types: RESOURCE_TYPES,
      policies: ready.map(({ policy }) => policy),
      unresolved: [...unresolved],
      memory: memory.value,
      apply: how.apply,
      deadlineMs: host.now() + DAEMON_LIMITS.runMs,
      signal: this.#abort.signal,
      session: this.#session,
      onProgress: (outcome, remembered) => {
        if (how.apply) memory.progress(`${outcome.policy} ${outcome.key}`, remembered)
      },
    })
  }
}

/** How one policy came out of a run: the worst of its resources decides. */
function applied(one: Prepared, all: readonly Outcome[], handsOff: boolean): AppliedPolicy {
  const { policy, version } = one.wanted
  const outcomes = all.filter((outcome) => outcome.policy === policy)
  const worst =
    outcomes.find(({ state }) => state === 'failed') ??
    outcomes.find(({ state }) => state === 'skipped') ??
    outcomes.find(({ state }) => state === 'waiting')
  if (worst) {
    const state = worst.state === 'waiting' ? 'waiting' : 'failed'
    return { policy, version, state, outcomes, ...(worst.code === undefined ? {} : { code: worst.code }) }
  }
  const wouldChange = outcomes.some(({ state }) => state === 'changed' || state === 'repaired')
  return { policy, version, state: handsOff && wouldChange ? 'held' : 'ok', outcomes }
}

function crashed(error: unknown): Outcome {
  return { policy: '', key: 'run', state: 'failed', reason: `The run broke off: ${messageOf(error)}`, code: 'E_RUN' }
}
