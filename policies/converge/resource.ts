import { PolicyError } from '../errors.ts'
import { andThen, attempt, type MaybePromise } from '../maybe.ts'
import { LIMITS } from '../limits.ts'
import type { Outcome, Schedule, Value } from '../model.ts'
import { describeSchedule, isWithin } from '../resources/timing.ts'
import { KEPT, type BoundResource, type Change, type TypeContext, type Verdict } from '../resources/type.ts'
import { mayReachHost, mayRunCommands, ResourceContext, type RunScope } from './context.ts'
import type { GraphNode } from './graph.ts'
import { flapPause } from './memory.ts'
import type { Prepared } from './prepare.ts'
import { changed, failed, kept, notDone, type About } from './result.ts'
import type { RememberedResource } from './types.ts'

export type Cause = 'wanted' | 'corrective'

/** What the run knows of a resource when its turn comes. */
export interface Turn {
  readonly node: GraphNode
  readonly prepared: Prepared
  readonly bound: BoundResource
  readonly remembered: RememberedResource | undefined
  /** Left by a resource that held the same claim and is gone. */
  readonly adopted: Value
  /** It was told of a change, and why that happened. */
  readonly told: Cause | null
  /** Something that it depends on was changed, or would be. */
  readonly afterChange: boolean
  /** Before a change: makes known what it remembers so far or, without that, whom it will tell. */
  readonly intend: (data?: () => Value) => void
}

export interface Done {
  readonly outcome: Outcome
  /** Something was changed, or would be: what is told of it. */
  readonly changed: Cause | null
  /** Its dependants must not go on. */
  readonly bad: boolean
  /** It was put right after drift. */
  readonly repair: boolean
  /** What the type wants remembered; undefined if it said nothing. */
  readonly fresh: Value | undefined
}

/** Checks one resource and, unless it is a plan, does what is needed. At once if nothing has to wait. */
export function runResource(scope: RunScope, turn: Turn): MaybePromise<Done> {
  const { policy, key, retries = 0 } = turn.prepared.resource
  const refusal = refusalOf(scope, turn, { policy, key, sensitive: turn.node.sensitive })
  if (refusal !== null) return without(refusal)
  return andThen(tryOnce(scope, turn), (done) => {
    if (retries === 0 || !mayTryAgain(scope, done)) return done
    return again(scope, turn, done, retries)
  })
}

/** The pauses between tries are for what is not ready yet: a service that starts, a server that is busy. */
async function again(scope: RunScope, turn: Turn, first: Done, retries: number): Promise<Done> {
  const { host, signal } = scope.request
  const { delayMs = LIMITS.delayMs } = turn.prepared.resource
  let done = first
  for (let left = retries; left > 0 && mayTryAgain(scope, done); left--) {
    if (host.now() + delayMs >= scope.deadlineMs) break
    await host.sleep(delayMs, signal)
    done = await tryOnce(scope, turn, done.fresh)
  }
  const { outcome } = done
  if (outcome.state !== 'failed') return done
  return { ...done, outcome: { ...outcome, reason: `${outcome.reason} (tried ${retries + 1} times)` } }
}

/** What was refused, or is left alone, is not tried again. */
const FINAL: ReadonlySet<string> = new Set(['E_FLAPPING', 'E_SCOPE', 'E_INTERNAL', 'E_CONFLICT'])

function mayTryAgain({ request }: RunScope, { outcome }: Done): boolean {
  return request.apply && outcome.state === 'failed' && !FINAL.has(outcome.code ?? '')
}

function tryOnce(scope: RunScope, turn: Turn, before?: Value): MaybePromise<Done> {
  const { node, prepared, remembered } = turn
  const { policy, key, timeoutMs, schedule } = prepared.resource
  const drift = remembered !== undefined && remembered.applied === prepared.fingerprint
  const base: About = { policy, key, sensitive: node.sensitive }
  const context = new ResourceContext(scope, {
    policy,
    version: node.policy.version ?? prepared.fingerprint,
    grant: node.policy.grant,
    sensitive: node.sensitive,
    corrective: drift,
    remembered: before ?? remembered?.data ?? turn.adopted,
    self: node.index,
    intend: turn.intend,
    timeoutMs,
    type: prepared.resource.type,
    wholeHost: turn.bound.wholeHost,
  })
  const work = new Work(context, modeOf(scope, turn), turn.intend)
  const cause: Cause = drift ? 'corrective' : 'wanted'
  const guard = (): void => {
    if (drift && work.mode === 'apply') stopFlapping(remembered.repairs, context.host.now())
  }
  return attempt(
    () =>
      andThen(turn.bound.check(context), (verdict) => {
        if (!verdict.ok) guard()
        return andThen(work.act(verdict), () =>
          andThen(answer(turn, context, verdict), (more) =>
            andThen(work.act(more), () =>
              conclude(work, base, verdict.ok ? (turn.told ?? cause) : cause, drift && !verdict.ok, schedule),
            ),
          ),
        )
      }),
    (error) => rescue(scope, turn, { ...base, cause }, context, error),
  )
}

/** Asks the type to answer what the resource was told. */
function answer(turn: Turn, context: TypeContext, verdict: Verdict): MaybePromise<Verdict> {
  return turn.told === null ? KEPT : (turn.bound.notified?.(context, !verdict.ok) ?? KEPT)
}

/** `later`: it has a window of time, and this is outside of it. */
type Mode = 'apply' | 'plan' | 'noop' | 'later'

function modeOf({ request }: RunScope, { prepared }: Turn): Mode {
  const { noop, schedule } = prepared.resource
  if (noop) return 'noop'
  if (!request.apply) return 'plan'
  return schedule === undefined || isWithin(schedule, request.host.dayTime()) ? 'apply' : 'later'
}

/** Carries out changes, or only collects them. */
class Work {
  readonly changes: Change[] = []
  readonly notes: string[] = []
  readonly context: ResourceContext
  readonly mode: Mode
  readonly #intend: () => void

  constructor(context: ResourceContext, mode: Mode, intend: () => void) {
    this.context = context
    this.mode = mode
    this.#intend = intend
  }

  act(verdict: Verdict): MaybePromise<void> {
    if (verdict.ok) return
    this.changes.push(verdict)
    if (this.mode !== 'apply') return
    if (this.changes.length === 1) this.#intend()
    return andThen(verdict.apply(), (applied) => {
      if (applied?.note !== undefined) this.notes.push(applied.note)
    })
  }
}

function conclude(work: Work, about: About, cause: Cause, repair: boolean, schedule: Schedule | undefined): Done {
  const fresh = work.context.fresh
  if (work.changes.length === 0) return { outcome: kept(about), changed: null, bad: false, repair: false, fresh }
  const outcome = changed({ ...about, cause }, work.changes, work.notes.join('; '))
  if (work.mode === 'later' && schedule !== undefined) {
    const reason = `may be changed at ${describeSchedule(schedule)} only; then: ${outcome.reason}`
    return { ...without(notDone({ ...about, cause }, 'waiting', 'E_SCHEDULE', reason)), fresh }
  }
  if (work.mode !== 'noop') return { outcome, changed: cause, bad: false, repair, fresh }
  const reason = `noop is set, nothing is changed: ${outcome.reason}`
  const { diff } = outcome
  return {
    outcome: {
      policy: about.policy,
      key: about.key,
      state: 'skipped',
      reason,
      ...(diff === undefined ? {} : { diff }),
    },
    changed: null,
    bad: false,
    repair: false,
    fresh,
  }
}

/** In a plan a check may fail only because what it depends on is not done yet. */
function rescue(scope: RunScope, turn: Turn, about: About, context: ResourceContext, error: unknown): Done {
  const { host } = context
  if (error instanceof PolicyError && error.code === 'E_PERMISSION' && host.uid !== 0) {
    const reason = `${error.message}; the daemon runs without root`
    return { ...without(notDone(about, 'skipped', 'E_NEEDS_ROOT', reason)), fresh: context.fresh }
  }
  const base = without(failed(about, error))
  if (scope.request.apply || !turn.afterChange || !(error instanceof PolicyError))
    return { ...base, fresh: context.fresh }
  const reason = `cannot be told before what it depends on is changed (now: ${error.message})`
  return { ...base, outcome: notDone(about, 'waiting', error.code, reason), bad: false }
}

function without(outcome: Outcome): Done {
  return { outcome, changed: null, bad: true, repair: false, fresh: undefined }
}

function stopFlapping(repairs: readonly number[], nowMs: number): void {
  const minutes = flapPause(repairs, nowMs)
  if (minutes === 0) return
  throw new PolicyError(
    'E_FLAPPING',
    `it was repaired ${repairs.length} times within 10 minutes and differs again: left as it is for ${minutes} min; find what changes it back`,
  )
}

/** Why the resource is not even looked at, or null. */
function refusalOf(scope: RunScope, { node, prepared, bound }: Turn, about: About): Outcome | null {
  const { host, signal } = scope.request
  const { type } = prepared.resource
  const { grant } = node.policy
  if (signal?.aborted === true) return notDone(about, 'waiting', 'E_CANCELLED', 'the run was cancelled before its turn')
  if (host.now() >= scope.deadlineMs)
    return notDone(about, 'waiting', 'E_DEADLINE', "the run's time was over before its turn")
  if (grant?.types?.includes(type) === false) {
    return notDone(about, 'failed', 'E_SCOPE', `the grant of its author does not cover the type ${type}`)
  }
  if (bound.wholeHost && !mayReachHost(grant)) {
    const reason = `the grant of its author is for some paths only; to cover ${type} as well, its types must name it`
    return notDone(about, 'failed', 'E_SCOPE', reason)
  }
  if (bound.runsCommands && !mayRunCommands(grant)) {
    return notDone(
      about,
      'failed',
      'E_SCOPE',
      'it runs a command, for which the grant of its author must name the type exec',
    )
  }
  if (bound.needsRoot !== null && host.uid !== 0) {
    return notDone(about, 'skipped', 'E_NEEDS_ROOT', `${bound.needsRoot}, and the daemon runs without root`)
  }
  return null
}
