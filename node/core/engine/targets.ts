import { isOlder, versionOf } from '../admission/version.ts'
import { isVersion } from '../records/guards.ts'
import { gateOf } from '../rollout/gate.ts'
import type { NodeIdentity, Winner } from '../ledger/types.ts'
import type { Cid, Envelope, Version } from '../records/types.ts'
import { LIMITS } from '../limits.ts'
import { event } from './emit.ts'
import { convergingOf, inForceOf } from './converging.ts'
import type { Converging, Target } from './converging.ts'
import type { Dirt, EngineState } from './state.ts'
import { jittered, judgeNow } from './state.ts'

/** From winners to targets: what should run here, and what does as long as that cannot be had. */
export function retarget(state: EngineState, dirt: Dirt): void {
  const all = dirt.law || dirt.charters || dirt.peers.includes(state.self)
  // A policy whose last version left the ledger (its author lost every role) has a target still: nobody may run it again.
  const policies = all ? named(state) : [...dirt.policies].toSorted()
  if (policies.length === 0) return
  const me = identityOf(state)
  // Who is no member (any more) changes nothing: what is in force stays, for whoever lets it in again.
  if (me === null) return
  for (const policy of policies) aim(state, policy, me)
  state.bundlesDirty = true
}

function named(state: EngineState): readonly string[] {
  return [...new Set([...state.durable.policies(), ...(state.converging?.targets.keys() ?? [])])].toSorted()
}

/** One policy again: its bundle came, or was refused. */
export function reaim(state: EngineState, policy: string): void {
  const me = identityOf(state)
  if (me !== null) aim(state, policy, me)
}

/** Certified labels and name; null if this node is no member. */
export function identityOf(state: EngineState): NodeIdentity | null {
  return state.durable.identityOf(state.self, judgeNow(state))
}

function aim(state: EngineState, policy: string, me: NodeIdentity): void {
  const target = targetFor(state, policy, me)
  const known = state.converging?.targets.get(policy)
  if (target === null) {
    if (known !== undefined) state.converging?.targets.delete(policy)
    state.converging?.awaited?.delete(policy)
    return
  }
  const converging = convergingOf(state)
  if (known === undefined && converging.targets.size >= LIMITS.converge.policies) return
  target.checked = known?.checked === true && known.run?.id === target.run?.id && !known.want === !target.want
  state.runsDirty = true
  state.beaconDirty = true
  converging.targets.set(policy, target)
  noteAwaited(state, converging, target)
  if (target.code !== null && (known?.code !== target.code || known.want?.id !== target.want?.id)) {
    event(state, LEVELS.get(target.code) ?? 'warn', 'heldBack', `${policy}: ${target.reason}.`, {
      policy,
      code: target.code,
      version: target.want?.id ?? null,
    })
  }
}

/** That a bundle is on its way is no news, and that a wave is to come is no alarm. */
const LEVELS: ReadonlyMap<string, 'debug' | 'info'> = new Map([
  ['E_UNFETCHED', 'debug'],
  ['E_WAVE', 'info'],
])

/** Who waits for a wave looks again by and by; beacons make it sooner. */
function noteAwaited(state: EngineState, converging: Converging, { policy, code }: Target): void {
  if (code === 'E_WAVE' || code === 'E_HALTED') {
    converging.awaited ??= new Set()
    converging.awaited.add(policy)
    state.timers.soonest('rollout', state.now + jittered(state, LIMITS.rollout.checkMs, 0.25))
  } else converging.awaited?.delete(policy)
}

/** At the timer: has a wave begun? */
export function lookAtWaves(state: EngineState): void {
  for (const policy of state.converging?.awaited ?? []) reaim(state, policy)
}

/** Null: the policy does not concern this node, and nothing of it is here. */
function targetFor(state: EngineState, policy: string, me: NodeIdentity): Target | null {
  const winner = state.durable.winnerFor(policy, me)
  const now = inForceOf(state, policy)
  const { version } = winner
  if (version === null) {
    if (now === undefined) return winner.held ? forked(policy, winner, null) : null
    const current = versionAt(state, now.version)
    // Its author may not choose this node any more; the version itself may still, and then stays.
    if (!winner.held && current !== null && !state.durable.env.selects(current.body.selector, me)) return gone(policy)
    return winner.held ? forked(policy, winner, fallback(state, policy)) : keep(state, policy)
  }
  const selected = version.body.action === 'apply' && state.durable.env.selects(version.body.selector, me)
  if (!selected) return now === undefined ? null : gone(policy)
  return wanted(state, policy, winner, version)
}

function wanted(state: EngineState, policy: string, winner: Winner, want: Envelope<Version>): Target {
  const { types, paths } = winner
  const base = { policy, want, types, paths, checked: false }
  const blocked = whatBlocks(state, winner, want)
  if (blocked === null) return { ...base, run: want, code: null, reason: '' }
  return { ...base, ...confined(state, fallback(state, policy)), ...blocked }
}

/** What keeps the winner from being applied. */
function whatBlocks(
  state: EngineState,
  winner: Winner,
  want: Envelope<Version>,
): { readonly code: string; readonly reason: string } | null {
  const { bundle, requires } = want.body
  const newer = [...winner.needsNewer]
  const least = leastVersion(state)
  if (least !== null) newer.push(`the charter asks for ${least}`)
  if (isOlder(versionOf(state.settings.agent), requires.chorus)) newer.push(`chorus ${requires.chorus}`)
  if (newer.length > 0) {
    return {
      code: 'E_NEWER',
      reason: `the winner needs a newer chorus (${newer.join(', ')}); the last good version stays`,
    }
  }
  if (bundle === null) return { code: 'E_MALFORMED', reason: 'the winner names no bundle; the last good version stays' }
  const code = Object.hasOwn(state.local.refused, bundle.cid) ? state.local.refused[bundle.cid] : undefined
  if (code !== undefined)
    return { code, reason: `this node refuses the winner's bundle (${code}); the last good version stays` }
  const unhealthy = state.local.unhealthy?.[want.id]
  if (unhealthy === 'E_CUT_OFF') {
    return { code: unhealthy, reason: 'the winner cut this node off from all its neighbours and was taken back' }
  }
  if (unhealthy !== undefined) {
    return { code: unhealthy, reason: 'the winner failed its health check here; the last good version is back' }
  }
  if (state.converging?.stored.has(bundle.cid) !== true)
    return { code: 'E_UNFETCHED', reason: "the winner's bundle is not here yet" }
  return gateOf(state, want)
}

/** What a charter in force asks for that this build is too old for; null: it is not. */
export function leastVersion(state: EngineState): string | null {
  const all = state.durable.charters.inForce.map((charter) => charter.body.minVersion)
  return all.find((least) => isOlder(versionOf(state.settings.agent), least)) ?? null
}

function gone(policy: string): Target {
  return { policy, want: null, run: null, types: null, paths: null, code: null, reason: '', checked: false }
}

function forked(policy: string, winner: Winner, run: Envelope<Version> | null): Target {
  const heads = winner.heads.map((head) => head.id).join(', ')
  const reason = `it is forked (${heads}) and held until someone publishes a version on top of all`
  return {
    policy,
    want: winner.heads[0] ?? null,
    run,
    types: null,
    paths: null,
    code: 'E_FORKED',
    reason,
    checked: false,
  }
}

/** No winner changes nothing. Null: not even the record of what is in force is here (its feed was closed below it). */
function keep(state: EngineState, policy: string): Target | null {
  const id = inForceOf(state, policy)?.version
  const want = id === undefined ? null : versionAt(state, id)
  if (want === null) return null
  const run = fallback(state, policy)
  const late = run === null ? { code: 'E_UNFETCHED', reason: 'its bundle is not here' } : { code: null, reason: '' }
  return { policy, want, ...confined(state, run), ...late, checked: false }
}

function confined(state: EngineState, run: Envelope<Version> | null): Pick<Target, 'run' | 'types' | 'paths'> {
  const line = run === null ? undefined : state.local.confined?.[run.id]
  return { run, types: line?.types ?? null, paths: line?.paths ?? null }
}

/** The last good version, if its bundle is here; else nothing is run until it is. */
function fallback(state: EngineState, policy: string): Envelope<Version> | null {
  const now = inForceOf(state, policy)
  // What cut the node off must not run again, also if nothing came before it.
  const alone = now?.lastGood === null && state.local.unhealthy?.[now.version] === 'E_CUT_OFF'
  const id = alone ? undefined : (now?.lastGood ?? now?.version)
  const version = id === undefined ? null : versionAt(state, id)
  const cid = version?.body.bundle?.cid
  return cid !== undefined && state.converging?.stored.has(cid) === true ? version : null
}

export function versionAt(state: EngineState, id: Cid): Envelope<Version> | null {
  const envelope = state.durable.get(id)
  return envelope !== undefined && isVersion(envelope) ? envelope : null
}
