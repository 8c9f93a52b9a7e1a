import { LIMITS } from '../limits.ts'
import type { Cid } from '../records/types.ts'
import { convergingOf, inForceOf } from './converging.ts'
import type { Converging, Run, Target } from './converging.ts'
import { emit, event, isTold, reply } from './emit.ts'
import type { AppliedPolicy, LocalState, PolicyToApply } from './port.ts'
import { inOrder } from './order.ts'
import type { EngineState } from './state.ts'
import { jittered } from './state.ts'
import { identityOf, reaim } from './targets.ts'

/**
 * One run at a time, of everything that should be here, in the order of `after`: for a new version (wanted), for drift
 * (corrective), or just to see (periodic).
 */
const RANK = { periodic: 0, corrective: 1, wanted: 2 } as const

export function wantRun(state: EngineState, why: Run['why'], at = state.now): void {
  const converging = convergingOf(state)
  if (converging.wanted === null || RANK[why] > RANK[converging.wanted]) converging.wanted = why
  state.timers.soonest('converge', at)
}

/** After targets or bundles changed: is there anything that no run has seen? */
export function lookAtRuns(state: EngineState): void {
  const { converging } = state
  if (converging === null || converging.run !== null || !state.runsDirty || state.local.hold !== null) return
  state.runsDirty = false
  const unseen = converging.targets.values().filter((target) => isUnseen(state, target))
  if (unseen.length === 0) return
  wantRun(state, unseen.some((target) => isNew(state, target)) ? 'wanted' : 'periodic')
}

/** At the timer: begins the run that is wanted, if none is under way and nobody's hands are on. */
export function startRun(state: EngineState): void {
  const { converging } = state
  if (converging === null) return
  if (converging.run !== null) {
    const until = converging.run.startedAt + LIMITS.converge.runMs
    if (state.now < until) return state.timers.soonest('converge', until)
    event(state, 'error', 'runLost', 'A run never ended: it is given up.', { run: converging.run.id })
    converging.run = null
    converging.wanted ??= 'periodic'
  }
  const why = converging.wanted
  converging.wanted = null
  if (why === null || state.local.hold !== null || identityOf(state) === null) return answerRefs(state, converging)
  const targets = converging.targets.values()
  const policies = inOrder(targets.filter((target) => target.run !== null))
  const leaving = targets.filter((target) => target.want === null && inForceOf(state, target.policy) !== undefined)
  if (policies.length === 0 && leaving.length === 0) return answerRefs(state, converging)
  for (const target of [...policies, ...leaving]) target.checked = true
  const removed = leaving.map((target) => target.policy).toSorted()
  begin(state, converging, { id: state.nextRun++, why, startedAt: state.now, policies, removed })
}

function begin(state: EngineState, converging: Converging, run: Run): void {
  converging.run = run
  if (run.why === 'corrective') noteCorrection(state, converging)
  state.timers.set('check', state.now + jittered(state, state.settings.timing.checkMs, 0.25))
  state.timers.soonest('converge', state.now + LIMITS.converge.runMs)
  const policies = run.policies.flatMap(toApply)
  const missing = missingOf(converging)
  emit(state, { type: 'apply', run: run.id, why: run.why, policies, removed: run.removed, missing })
}

function missingOf({ targets }: Converging): readonly string[] {
  let missing = NONE
  for (const { policy, want, run } of targets.values())
    if (want !== null && run === null) missing = [...missing, policy]
  return missing
}

const NONE: readonly string[] = []

function toApply({ policy, run, types, paths }: Target): readonly PolicyToApply[] {
  const bundle = run?.body.bundle ?? null
  if (run === null || bundle === null) return []
  return [{ policy, version: run.id, seq: run.body.seq, bundle, uses: run.body.uses, types, paths }]
}

/** The host side's answer. What came in the meantime is looked at afterwards. */
export function applied(state: EngineState, id: number, results: readonly AppliedPolicy[]): void {
  const { converging } = state
  const run = converging?.run
  if (converging === null || run === undefined || run === null || run.id !== id) return
  converging.run = null
  state.timers.clear('converge')
  const before = state.local.inForce
  const inForce = { ...before }
  const confined: Record<Cid, NonNullable<LocalState['confined']>[Cid]> = { ...state.local.confined }
  const unhealthy: Record<Cid, string> = { ...state.local.unhealthy }
  for (const result of results) {
    const target = run.policies.find((one) => one.policy === result.policy)
    if (target !== undefined) put(state, inForce, confined, result, target)
    converging.outcomes.set(result.policy, result.outcomes)
    if (result.state === 'ok') delete unhealthy[result.version]
    else if (isTakenBack(result) && target?.run?.id === target?.want?.id) unhealthy[result.version] = result.code
  }
  const wanted = converging.targets.values()
  for (const version of Object.keys(unhealthy)) {
    if (!wanted.some(({ want }) => want?.id === version)) delete unhealthy[version]
  }
  for (const policy of run.removed) {
    if (results.some((result) => result.policy === policy && result.state !== 'ok')) continue
    delete inForce[policy]
    converging.outcomes.delete(policy)
  }
  for (const version of Object.keys(confined)) {
    const isNamed = Object.values(inForce).some((one) => one.version === version || one.lastGood === version)
    if (!isNamed) delete confined[version]
  }
  remember(state, taken({ ...state.local, inForce, confined }, unhealthy))
  finish(state, converging, run, results, before)
}

/** Mostly nothing was taken back, and nothing is written of it. */
function taken(local: LocalState, unhealthy: Readonly<Record<Cid, string>>): LocalState {
  if (local.unhealthy === undefined && Object.keys(unhealthy).length === 0) return local
  const { unhealthy: _before, ...rest } = local
  return Object.keys(unhealthy).length === 0 ? rest : { ...rest, unhealthy }
}

/** Not well, or the end of this node's contact with the others: the last good version comes back. */
function isTakenBack(result: AppliedPolicy): result is AppliedPolicy & { readonly code: string } {
  return result.code === 'E_CUT_OFF' || (result.code === 'E_HEALTH' && result.stays !== true)
}

function put(
  state: EngineState,
  inForce: Record<string, LocalState['inForce'][string]>,
  confined: Record<Cid, NonNullable<LocalState['confined']>[Cid]>,
  result: AppliedPolicy,
  { run, types, paths }: Target,
): void {
  const { policy, version, state: became } = result
  const before = inForce[policy]
  const lastGood = became === 'ok' ? version : (before?.lastGood ?? null)
  inForce[policy] = { version, lastGood, state: became, code: result.code ?? null }
  if (became === 'ok' && (run?.body.rollout ?? null) !== null) {
    const since = before?.version === version && before.state === 'ok' ? before.since : undefined
    inForce[policy] = { ...inForce[policy], since: since ?? state.wall }
  }
  if (types !== null || paths !== null) confined[result.version] = { types, paths }
}

/** Written only if it says something else. */
function remember(state: EngineState, local: LocalState): void {
  const same = isSameForce(local.inForce, state.local.inForce) && JSON.stringify(local) === JSON.stringify(state.local)
  if (same) return
  state.local = local
  state.localDirty = true
  state.beaconDirty = true
}

/** The part that mostly differs, without writing it all out. */
function isSameForce(a: LocalState['inForce'], b: LocalState['inForce']): boolean {
  const policies = Object.keys(a)
  return (
    policies.length === Object.keys(b).length &&
    policies.every((policy) => a[policy]?.version === b[policy]?.version && a[policy]?.state === b[policy]?.state)
  )
}

function finish(
  state: EngineState,
  converging: Converging,
  run: Run,
  results: readonly AppliedPolicy[],
  before: LocalState['inForce'],
): void {
  if (converging.drifted) state.beaconDirty = true
  converging.drifted = false
  const failed = results.filter((result) => result.state === 'failed')
  converging.failures = failed.length === 0 ? 0 : converging.failures + 1
  for (const policy of [...results.map((result) => result.policy), ...run.removed]) reaim(state, policy)
  state.bundlesDirty = true
  if (isTold(state, failed.length === 0 ? 'info' : 'warn')) tellOf(state, run, results, before)
  answerRefs(state, converging)
  if (converging.wanted !== null) return wantRun(state, converging.wanted)
  if (converging.failures === 0) return
  const wait = Math.min(
    state.settings.timing.checkMs,
    LIMITS.converge.retryMs * 2 ** Math.min(converging.failures - 1, 20),
  )
  wantRun(state, 'periodic', state.now + jittered(state, wait, 0.25))
}

function tellOf(state: EngineState, run: Run, results: readonly AppliedPolicy[], before: LocalState['inForce']): void {
  const failed = results.filter((result) => result.state === 'failed')
  const codes = failed.map((result) => `${result.policy} (${result.code ?? 'failed'})`).join(', ')
  const message = failed.length === 0 ? toldOf(run, before) : `Not converged: ${codes}.`
  event(state, failed.length === 0 ? 'info' : 'warn', 'applied', message, {
    run: run.id,
    why: run.why,
    policies: results.map(({ policy, version, state: became, code }) => ({
      policy,
      version,
      state: became,
      code: code ?? null,
    })),
    removed: run.removed,
  })
}

/** What is in force now and was not before. */
function toldOf(run: Run, before: LocalState['inForce']): string {
  const came = run.policies.flatMap(({ policy, run: version }) =>
    version === null || before[policy]?.version === version.id ? [] : `${policy} seq ${version.body.seq}`,
  )
  const parts = [
    ...(came.length > 0 ? [`in force ${came.join(', ')}`] : []),
    ...run.removed.map((policy) => `${policy} removed`),
  ]
  return parts.length > 0 ? `Converged: ${parts.join('; ')}.` : 'Converged: nothing new.'
}

/** No run has tried this since it became the target. */
function isUnseen(state: EngineState, target: Target): boolean {
  if (target.checked) return false
  return target.want === null ? inForceOf(state, target.policy) !== undefined : target.run !== null
}

function isNew(state: EngineState, target: Target): boolean {
  return target.want === null || inForceOf(state, target.policy)?.version !== target.run?.id
}

/** A managed resource differs: correct it, but not without end if someone keeps changing it back. */
export function drifted(state: EngineState, resources: readonly string[]): void {
  const { converging } = state
  if (converging === null || resources.length === 0) return
  if (!converging.drifted)
    event(state, 'warn', 'drift', `Changed by others: ${resources.slice(0, 5).join(', ')}.`, { resources })
  converging.drifted = true
  state.beaconDirty = true
  if (state.local.hold !== null) return
  const last = converging.corrections.at(-1) ?? Number.NEGATIVE_INFINITY
  const spacing = converging.flapping ? LIMITS.converge.flapMs / LIMITS.converge.flapRuns : LIMITS.converge.correctMs
  wantRun(state, 'corrective', Math.max(state.now, last + spacing))
}

function noteCorrection(state: EngineState, converging: Converging): void {
  const { flapMs, flapRuns } = LIMITS.converge
  converging.corrections = converging.corrections.filter((at) => state.now - at < flapMs).slice(1 - flapRuns)
  converging.corrections.push(state.now)
  const flapping = converging.corrections.length >= flapRuns
  if (flapping && !converging.flapping) {
    event(
      state,
      'warn',
      'flapping',
      `Corrected ${flapRuns} times in ${flapMs / 60_000} minutes: something else manages the same.`,
      {},
    )
  }
  converging.flapping = flapping
}

export function periodicCheck(state: EngineState): void {
  state.timers.set('check', state.now + jittered(state, state.settings.timing.checkMs, 0.25))
  const { converging } = state
  if (converging !== null && converging.run === null && converging.targets.size > 0) wantRun(state, 'periodic')
}

/** The command: answered when the run that it wanted has ended. */
export function convergeNow(state: EngineState, ref: number): void {
  const converging = convergingOf(state)
  converging.refs.push(ref)
  if (converging.refs.length > LIMITS.publish.waiting) converging.refs.shift()
  if (converging.run === null) converging.failures = 0
  wantRun(state, 'periodic')
}

function answerRefs(state: EngineState, converging: Converging): void {
  const bad = Object.entries(state.local.inForce).filter(([, { state: became }]) => became !== 'ok')
  for (const ref of converging.refs.splice(0)) {
    if (state.local.hold !== null) {
      const message = `Hands off: this node is held (${state.local.hold.reason}). Say "chorus unhold" first.`
      reply(state, ref, { ok: false, code: 'E_HELD', message })
    } else if (bad.length > 0) {
      const message = `Not converged: ${bad.map(([policy]) => policy).join(', ')}.`
      reply(state, ref, { ok: false, code: 'E_NOT_CONVERGED', message })
    } else reply(state, ref, { ok: true })
  }
}
