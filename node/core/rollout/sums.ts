import type { EngineState } from '../engine/state.ts'
import { judgeNow } from '../engine/state.ts'
import type { Cid, Envelope, Key, Millis, Version } from '../records/types.ts'
import { describeWave, rolloutOf } from './plan.ts'
import type { Rollout } from './plan.ts'
import { standingOf } from './standing.ts'
import { wavesOf } from './waves.ts'
import type { Waves } from './waves.ts'

/** What is known here of one wave: only of nodes that are in none before it. */
export interface WaveSum {
  readonly label: string
  readonly nodes: number
  readonly done: number
  readonly failed: number
  readonly pending: number
  readonly absent: number
  /** When the last of those that have it came to good health, by this engine's time; null: none has it. */
  readonly since: Millis | null
}

/** One version on its way, as this node sees it. An estimate: it counts what it heard. */
export interface RolloutState {
  readonly version: Envelope<Version>
  readonly rollout: Rollout
  readonly waves: readonly WaveSum[]
  /** This node's wave, from 0; null: it is in none. */
  readonly mine: number | null
  /** Nodes of all waves that failed with it, by key, at most `FAILURES_NAMED`. */
  readonly failures: readonly Key[]
  readonly failed: number
  /** More of them than the author allows: nobody begins with it any more. */
  readonly halted: boolean
}

export const FAILURES_NAMED = 16

/** Null: it has no waves, or this build does not understand them. */
export function rolloutState(state: EngineState, version: Envelope<Version>): RolloutState | null {
  const rollout = rolloutOf(version.body)
  if (rollout === null || rollout === undefined) return null
  const waves = wavesOf(state.durable, version, rollout, state.crypto, judgeNow(state))
  const { sums, failures } = sumUp(state, version.id, version.body.policy, rollout, waves)
  const failed = sums.reduce((sum, wave) => sum + wave.failed, 0)
  const mine = waves.get(state.self) ?? null
  return { version, rollout, waves: sums, mine, failures, failed, halted: failed > rollout.maxFailures }
}

function sumUp(state: EngineState, version: Cid, policy: string, rollout: Rollout, waves: Waves) {
  const sums = rollout.waves.map((wave) => ({
    label: describeWave(wave),
    nodes: 0,
    done: 0,
    failed: 0,
    pending: 0,
    absent: 0,
    since: null as Millis | null,
  }))
  const failures: Key[] = []
  for (const [key, index] of waves) {
    const sum = sums[index]
    if (sum === undefined) continue
    const standing = standingOf(state, key, policy, version)
    sum.nodes += 1
    sum[standing.is] += 1
    if (standing.is === 'done') sum.since = Math.max(sum.since ?? Number.NEGATIVE_INFINITY, standing.since)
    else if (standing.is === 'failed' && failures.length < FAILURES_NAMED) failures.push(key)
  }
  return { sums, failures }
}

/**
 * When a node of this wave may begin, by this engine's time; infinite: not before others say more. The waves before it
 * are through when none of their nodes is still to come, at least one has the version in good health, and the last one
 * to get there has had it for the soak.
 */
export function opensAt({ waves, rollout, halted }: RolloutState, wave: number): Millis {
  if (halted) return Number.POSITIVE_INFINITY
  if (wave === 0) return Number.NEGATIVE_INFINITY
  let since = Number.NEGATIVE_INFINITY
  for (const before of waves.slice(0, wave)) {
    if (before.pending > 0) return Number.POSITIVE_INFINITY
    if (before.since !== null) since = Math.max(since, before.since)
  }
  return Number.isFinite(since) ? since + rollout.soakMs : Number.POSITIVE_INFINITY
}

/** `empty`: all its nodes are in waves before it, or there is none. */
export type WaveState = 'done' | 'open' | 'soaking' | 'waiting' | 'halted' | 'empty'

/** For screens: the same, with a word for each wave. */
export interface RolloutView extends Omit<RolloutState, 'waves'> {
  /** `opensInMs`: 0 for a wave that has begun; null if others have to say more first. */
  readonly waves: readonly (WaveSum & { readonly state: WaveState; readonly opensInMs: Millis | null })[]
}

export function viewOfRollout(state: RolloutState, now: Millis): RolloutView {
  const waves = state.waves.map((sum, wave) => {
    const at = opensAt(state, wave)
    const opensInMs = Number.isFinite(at) || at < 0 ? Math.max(0, at - now) : null
    return { ...sum, state: stateOf(state, wave, opensInMs), opensInMs }
  })
  return { ...state, waves }
}

function stateOf(state: RolloutState, wave: number, opensInMs: Millis | null): WaveState {
  const { pending, nodes, absent } = state.waves[wave] ?? { pending: 0, nodes: 0, absent: 0 }
  if (nodes === 0) return 'empty'
  if (pending === 0 && nodes > absent) return 'done'
  if (state.halted) return 'halted'
  if (opensInMs === null) return 'waiting'
  return opensInMs === 0 ? 'open' : 'soaking'
}
