import type { ConvergeRequest, ConvergeResult, HostPort, NodeContext, Outcome } from '../../policies/index.ts'
import { convergeHost, RESOURCE_TYPES, Session } from '../../policies/index.ts'
import type { AppliedPolicy, Input, PolicyToApply } from '../core/index.ts'
import { messageOf } from '../errors.ts'
import type { Bundles } from './bundles.ts'
import type { PeerConfirmation } from './confirm.ts'
import { ConfirmedRun } from './confirm-run.ts'
import type { ConfirmOptions } from './confirm-run.ts'
import type { EffectOf } from './driver.ts'
import { AroundRun } from './health-around.ts'
import type { RunMarks } from './health-marks.ts'
import { DAEMON_LIMITS } from './limits.ts'
import type { RunMemory } from './memory.ts'
import { Preparer } from './prepare.ts'
import type { Prepared } from './prepare.ts'
import type { NodeSecrets } from './secrets.ts'
import type { DriftWatch, WatchedPath } from './watch.ts'

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
  /** What a run must not forget beside its memory. */
  readonly marks: RunMarks
  /** Asks the neighbours after a change; null where there are none to ask. */
  readonly confirmation: PeerConfirmation | null
  readonly tell: ConfirmOptions['tell']
}

export interface RunReport {
  readonly why: Apply['why']
  readonly outcomes: readonly Outcome[]
  readonly changed: boolean
  readonly converged: boolean
  readonly ms: number
  readonly handsOff: string | null
}

interface Worked {
  readonly result: ConvergeResult
  /** Of what is done beside the resources. */
  readonly beside: readonly Outcome[]
}

interface How {
  readonly apply: boolean
  readonly removed: readonly string[]
}

export interface PlanResult {
  readonly outcomes: readonly Outcome[]
}

/** Runs policies on this host: one run at a time, each with a deadline; a plan is the same run without changes. */
export class Converger {
  readonly #options: ConvergerOptions
  readonly #preparer: Preparer
  readonly #session = new Session()
  readonly #around: AroundRun
  readonly #confirmed: ConfirmedRun
  readonly #abort = new AbortController()
  #tail: Promise<unknown> = Promise.resolve()
  #waiting: Apply | undefined
  #inForce: readonly PolicyToApply[] = []
  /** Wanted by the ledger, and nothing of it is here yet. */
  #missing: readonly string[] = []

  constructor(options: ConvergerOptions) {
    this.#options = options
    const { host, marks, memory, confirmation, tell } = options
    const { signal } = this.#abort
    this.#around = new AroundRun(host, marks, signal)
    this.#confirmed = new ConfirmedRun({ confirmation, memory, marks, signal, tell })
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
      const refused = prepared.flatMap((one) => (one.ok ? [] : one.outcomes))
      const outcomes = this.#preparer.redacted([...refused, ...result.outcomes])
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
      this.#missing = effect.missing
      const prepared = await this.#preparer.all(effect.policies, this.#options.context())
      const { result, beside } = why === null ? await this.#apply(prepared, effect) : await this.#look(prepared, effect)
      const refused = prepared.flatMap((one) => (one.ok ? [] : one.outcomes))
      const outcomes = this.#preparer.redacted([...refused, ...result.outcomes, ...beside])
      onRun({
        why: effect.why,
        outcomes,
        changed: result.changed,
        converged: result.converged && refused.length + beside.length === 0,
        ms: performance.now() - started,
        handsOff: why,
      })
      feed({
        type: 'applied',
        run: effect.run,
        policies: prepared.map((one) => this.#applied(one, outcomes, why !== null)),
      })
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

  async #look(prepared: readonly Prepared[], { removed }: Apply): Promise<Worked> {
    const result = await this.#converge(prepared, { apply: false, removed })
    this.#options.watch.set(watched(result), result.watch)
    return { result, beside: [] }
  }

  /** Before, resources, health, after; and everything back if nobody can be reached any more. */
  async #apply(all: readonly Prepared[], { removed }: Apply): Promise<Worked> {
    const { memory, context, watch } = this.#options
    const request = (prepared: readonly Prepared[]) => () => this.#request(prepared, { apply: true, removed })
    const work = async (prepared: readonly Prepared[]): Promise<ConvergeResult> => {
      const result = await this.#converge(prepared, { apply: true, removed })
      memory.save(result.memory)
      // From here on what changes is drift, also while health checks and neighbours are waited for.
      if (result.changed || !watch.still(result.watch)) watch.set(watched(result), result.watch)
      return result
    }
    const who = this.#confirmed.neighbours()
    const cut = await this.#confirmed.pending(who, request(all), async () => undefined)
    const off = new Set(cut.map(({ policy }) => policy))
    const rest = all.filter(({ wanted }) => !off.has(wanted.policy))
    const plan = async (): Promise<ConvergeResult> => await this.#converge(rest, { apply: false, removed })
    const { prepared, outcomes } = await this.#around.before(rest, context(), plan)
    const before = memory.value
    let result = await work(prepared)
    const health = await this.#around.after(prepared, result)
    const again = async (): Promise<void> => {
      result = await work(prepared)
    }
    const lost = await this.#confirmed.after(who, before, result, request(prepared), again)
    return { result, beside: [...cut, ...outcomes, ...health, ...lost] }
  }

  /** How one policy came out of a run: the worst of its resources decides. */
  #applied(one: Prepared, all: readonly Outcome[], handsOff: boolean): AppliedPolicy {
    const result = applied(one, all, handsOff)
    return result.code === 'E_HEALTH' && !this.#around.fallsBack(one) ? { ...result, stays: true } : result
  }

  async #converge(prepared: readonly Prepared[], how: How): Promise<ConvergeResult> {
    return await convergeHost(this.#request(prepared, how))
  }

  #request(prepared: readonly Prepared[], how: How): ConvergeRequest {
    const { bundles, host, memory } = this.#options
    const ready = prepared.filter((one) => one.ok)
    const named = new Set([...ready.map(({ policy }) => policy.policy), ...how.removed])
    // Whatever else this host remembers stays as it is: its policy may be back in a moment.
    const unresolved = new Set(
      Object.values(memory.value.resources)
        .map(({ policy }) => policy)
        .filter((policy) => !named.has(policy)),
    )
    return {
      host,
      content: bundles.content(new Map(ready.map(({ policy, bundle }) => [policy.policy, bundle]))),
      types: RESOURCE_TYPES,
      policies: ready.map(({ policy }) => policy),
      unresolved: [...unresolved],
      incomplete: this.#missing.length > 0 || this.#inForce.some(({ policy }) => !named.has(policy)),
      memory: memory.value,
      apply: how.apply,
      deadlineMs: host.now() + DAEMON_LIMITS.runMs,
      signal: this.#abort.signal,
      session: this.#session,
      onProgress: (outcome, remembered) => {
        if (how.apply) memory.progress(`${outcome.policy} ${outcome.key}`, remembered)
      },
      onIntent: (id, remembered) => {
        if (how.apply) memory.progress(id, remembered)
      },
    }
  }
}

function watched({ watch }: ConvergeResult): WatchedPath[] {
  return [...watch].flatMap(([path, ids]) => ids.map((resource) => ({ path, resource })))
}

function applied(one: Prepared, all: readonly Outcome[], handsOff: boolean): AppliedPolicy {
  const { policy, version } = one.wanted
  const outcomes = all.filter((outcome) => outcome.policy === policy)
  const worst =
    outcomes.find(({ code }) => code === 'E_CUT_OFF' || code === 'E_HEALTH') ??
    outcomes.find(({ state }) => state === 'failed') ??
    // One that is only to be looked at (noop) has no code, and is as it should be.
    outcomes.find(({ state, code }) => state === 'skipped' && code !== undefined) ??
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
