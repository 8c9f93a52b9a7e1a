import { aroundOf, LIMITS, mayRunCommands, NOTHING_AROUND, PolicyError, runsCommands } from '../../policies/index.ts'
import type {
  Around,
  CompiledPolicy,
  ConvergeResult,
  HostPolicy,
  HostPort,
  NodeContext,
  Outcome,
} from '../../policies/index.ts'
import { commandProblem, problemOf } from './health.ts'
import type { RunMarks } from './health-marks.ts'

/** What of a policy of a run matters here. */
export type Surrounded =
  | {
      readonly ok: true
      readonly wanted: { readonly policy: string; readonly version: string }
      readonly bundle: { readonly policy: CompiledPolicy }
      readonly policy: Pick<HostPolicy, 'policy' | 'grant' | 'resources'>
    }
  | { readonly ok: false; readonly wanted: { readonly policy: string } }

type Ready = Extract<Surrounded, { readonly ok: true }>

/** What a run does around the resources: commands before and after a change, and health checks after it. */
export class AroundRun {
  readonly #host: HostPort
  readonly #marks: RunMarks
  readonly #signal: AbortSignal
  readonly #known = new WeakMap<Ready['policy'], Around>()

  constructor(host: HostPort, marks: RunMarks, signal: AbortSignal) {
    this.#host = host
    this.#marks = marks
    this.#signal = signal
  }

  /**
   * Runs what comes before a change, for policies of which the plan is not empty. A policy of which it fails is left out of
   * the run.
   *
   * @param plan what would be done; asked only if a policy has such commands
   */
  async before<P extends Surrounded>(
    prepared: readonly P[],
    context: NodeContext,
    plan: () => Promise<ConvergeResult>,
  ): Promise<{ readonly prepared: readonly P[]; readonly outcomes: readonly Outcome[] }> {
    const outcomes: Outcome[] = []
    for (const one of prepared) {
      if (one.ok) outcomes.push(...this.#read(one, context))
    }
    const wrong = new Set(outcomes.map(({ policy }) => policy))
    let ready = prepared.filter((one) => !wrong.has(one.wanted.policy))
    const around = ready.filter((one) => one.ok && hasCommands(this.#of(one)))
    if (around.length === 0) return { prepared: ready, outcomes }
    const changing = changedPolicies((await plan()).outcomes)
    for (const one of around) {
      const { policy } = one.wanted
      if (!one.ok || !changing.has(policy)) continue
      this.#marks.owe(policy)
      const problem = await this.#commands(this.#of(one).before)
      if (problem === null) continue
      outcomes.push(bad(policy, 'onChange', 'E_ON_CHANGE', `nothing is changed, because before it ${problem}`))
      ready = ready.filter((other) => other !== one)
    }
    return { prepared: ready, outcomes }
  }

  /** Health of what was changed, or was never found well; then what comes after a change. */
  async after(prepared: readonly Surrounded[], result: ConvergeResult): Promise<Outcome[]> {
    const changed = changedPolicies(result.outcomes)
    const ready = prepared.filter((one) => one.ok)
    this.#marks.keepOnly(new Set(prepared.map(({ wanted }) => wanted.policy)))
    const all = await Promise.all(ready.map(async (one) => await this.#settle(one, changed, result.outcomes)))
    return all.flat()
  }

  async #settle(one: Ready, changed: ReadonlySet<string>, outcomes: readonly Outcome[]): Promise<Outcome[]> {
    const { policy } = one.policy
    const { version } = one.wanted
    const { health, after } = this.#of(one)
    const checks = checksOf(one, outcomes)
    if (health.length + checks.length > 0 && (changed.has(policy) || !this.#marks.isWell(policy, version))) {
      this.#marks.unwell(policy)
      const problem = failedCheck(checks) ?? (await problemOf(health, this.#host, this.#signal))
      if (problem !== null) {
        const cancelled = this.#signal.aborted
        const state = cancelled ? ('waiting' as const) : ('failed' as const)
        return [{ ...bad(policy, 'health', cancelled ? 'E_CANCELLED' : 'E_HEALTH', problem), state }]
      }
      // A check that nobody came to (what it requires has failed) says nothing.
      if (checks.every(({ state }) => state === 'kept')) this.#marks.well(policy, version)
    }
    if (!this.#marks.owes(policy)) return []
    const problem = await this.#commands(after)
    if (problem !== null) return [bad(policy, 'onChange', 'E_ON_CHANGE', `after the change ${problem}`)]
    this.#marks.settle(policy)
    return []
  }

  /** Whether the last good version is to come back if the health check of this one fails. */
  fallsBack(one: Surrounded): boolean {
    return !one.ok || this.#of(one).fallback
  }

  async #commands(all: readonly (readonly string[])[]): Promise<string | null> {
    for (const argv of all) {
      const problem = await commandProblem(argv, this.#host, LIMITS.execTimeoutMs, this.#signal)
      if (problem !== null) return problem
    }
    return null
  }

  #of({ policy }: Ready): Around {
    return this.#known.get(policy) ?? NOTHING_AROUND
  }

  #read({ policy, bundle }: Ready, context: NodeContext): Outcome[] {
    if (this.#known.has(policy)) return []
    try {
      const around = aroundOf(bundle.policy, context)
      if (runsCommands(around) && !mayRunCommands(policy.grant)) {
        const reason =
          'it runs commands beside its resources, for which the grant of its author must name the type exec'
        return [bad(policy.policy, 'onChange', 'E_SCOPE', reason)]
      }
      this.#known.set(policy, around)
      return []
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error
      return [bad(policy.policy, 'health', error.code, error.message)]
    }
  }
}

/** What became of the `check` resources of a policy; those with `noop` are only to be looked at. */
function checksOf({ policy: { policy, resources } }: Ready, outcomes: readonly Outcome[]): Outcome[] {
  const keys = new Set(resources.flatMap(({ key, type, noop }) => (type === 'check' && !noop ? [key] : [])))
  return keys.size === 0 ? [] : outcomes.filter((outcome) => outcome.policy === policy && keys.has(outcome.key))
}

/** After its grace and its retries a failed check counts as the health of its policy does. */
function failedCheck(checks: readonly Outcome[]): string | null {
  const ill = checks.find(({ state, code }) => state === 'failed' && code === 'E_CHECK')
  return ill === undefined ? null : `${ill.key} failed: ${ill.reason}`
}

function hasCommands({ before, after }: Around): boolean {
  return before.length + after.length > 0
}

/** Policies of which something was changed, or would be. */
export function changedPolicies(outcomes: readonly Outcome[]): Set<string> {
  return new Set(outcomes.flatMap(({ policy, state }) => (state === 'changed' || state === 'repaired' ? [policy] : [])))
}

function bad(policy: string, key: string, code: string, reason: string): Outcome {
  return { policy, key, state: 'failed', code, reason: reason.slice(0, LIMITS.reasonChars) }
}
