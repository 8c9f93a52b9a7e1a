import { inForceOf } from '../engine/converging.ts'
import type { EngineState } from '../engine/state.ts'
import { LIMITS } from '../limits.ts'
import type { Beacon, Envelope, Version } from '../records/types.ts'
import { rolloutOf } from './plan.ts'
import { opensAt, rolloutState } from './sums.ts'
import type { RolloutState } from './sums.ts'

/**
 * May this node begin with a version, or is its wave still to come? Every node answers that for itself, from the ledger
 * (who is in which wave) and from the beacons that it hears (how those before it fare). Nobody coordinates, and the
 * publisher may be off. What was begun stays: a wave never closes behind a node.
 */
export interface Gate {
  readonly code: 'E_WAVE' | 'E_HALTED' | 'E_NEWER'
  readonly reason: string
}

/** Null: begin. */
export function gateOf(state: EngineState, version: Envelope<Version>): Gate | null {
  const { rollout: written, policy } = version.body
  if (written === null) return null
  if (inForceOf(state, policy)?.version === version.id) return null
  if (rolloutOf(version.body) === undefined) {
    return { code: 'E_NEWER', reason: 'the winner needs a newer chorus (rollout); the last good version stays' }
  }
  const now = rolloutState(state, version)
  if (now === null) return null
  return gateIn(state, now)
}

function gateIn(state: EngineState, now: RolloutState): Gate | null {
  const { waves, rollout, mine, failed, halted } = now
  if (halted) {
    const many = `${failed} ${failed === 1 ? 'node' : 'nodes'} failed with it and ${rollout.maxFailures} may`
    return { code: 'E_HALTED', reason: `its rollout is halted: ${many}` }
  }
  if (mine === null) return { code: 'E_WAVE', reason: 'this node is in none of its waves' }
  const at = opensAt(now, mine)
  const settled = state.startedAt + Math.min(state.settings.timing.beaconMs, LIMITS.rollout.settleMs)
  const opens = mine === 0 ? at : Math.max(at, settled)
  if (opens <= state.now) return null
  if (Number.isFinite(opens)) state.timers.soonest('rollout', opens)
  return { code: 'E_WAVE', reason: `wave ${mine + 1} of ${waves.length}: ${whyNotYet(now, mine, at)}` }
}

function whyNotYet({ waves, rollout }: RolloutState, mine: number, at: number): string {
  const before = waves.slice(0, mine)
  const [nodes, done, pending] = [of(before, 'nodes'), of(before, 'done'), of(before, 'pending')]
  if (nodes === 0) return 'nobody is in the waves before it, so nobody would try it first'
  if (Number.isFinite(at)) return `those before it have it; it soaks for ${Math.ceil(rollout.soakMs / 1000)} s`
  return `of ${nodes} before it ${done} have it in good health and ${pending} are to come`
}

function of(waves: RolloutState['waves'], what: 'nodes' | 'done' | 'pending'): number {
  return waves.reduce((sum, wave) => sum + wave[what], 0)
}

/** Somebody says something else about a policy whose wave is awaited here: look again, soon. */
export function noteForRollouts(state: EngineState, before: Beacon | undefined, now: Beacon): void {
  const awaited = state.converging?.awaited ?? null
  if (awaited === null || awaited.size === 0) return
  for (const policy of awaited) {
    const [was, is] = [before?.policies[policy], now.policies[policy]]
    if (was?.version === is?.version && was?.state === is?.state && before?.health === now.health) continue
    state.timers.soonest('rollout', state.now + LIMITS.rollout.lookMs)
    return
  }
}
