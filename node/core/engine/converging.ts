import type { Outcome } from '../../../policies/index.ts'
import type { Beacon, Envelope, Health, Version } from '../records/types.ts'
import { SmallMap } from '../small-map.ts'
import type { EngineState } from './state.ts'

/** What this host should run, what it does run, and the run in progress. Null until a policy concerns this node. */
export interface Converging {
  /** By policy: what should be here, or should go. */
  readonly targets: SmallMap<Target>
  /** Bundles that are here whole, verified and durable (as far as the driver said so since the start). */
  readonly stored: SmallMap<true>
  readonly fetching: SmallMap<Fetch>
  /** The last set of bundles to keep that the driver was told. */
  keepText: string
  run: Run | null
  /** A run is wanted, and why. */
  wanted: Run['why'] | null
  /** Failed runs in a row. */
  failures: number
  drifted: boolean
  /** When the last corrective runs began, oldest first. */
  corrections: number[]
  flapping: boolean
  readonly outcomes: SmallMap<readonly Outcome[]>
  /** Policies whose winner waits for its wave here; null until one does. */
  awaited: Set<string> | null
  /** `converge` commands waiting for the end of a run. */
  readonly refs: number[]
}

export interface Target {
  readonly policy: string
  /** The winner; null: the policy is to be removed here. */
  readonly want: Envelope<Version> | null
  /** What a run gets: the winner, or the last good version as long as the winner cannot be had; null: nothing yet. */
  readonly run: Envelope<Version> | null
  readonly types: readonly string[] | null
  readonly paths: readonly string[] | null
  /** Why `run` is not `want`, or why a fork holds; null if nothing is in the way. */
  readonly code: string | null
  readonly reason: string
  /** It was part of a run since the start. */
  checked: boolean
}

export interface Fetch {
  readonly size: number
  tries: number
  /** When to ask for it again; infinite while the driver works on it. */
  at: number
}

export interface Run {
  readonly id: number
  readonly why: 'wanted' | 'corrective' | 'periodic'
  readonly startedAt: number
  readonly policies: readonly Target[]
  readonly removed: readonly string[]
}

export function convergingOf(state: EngineState): Converging {
  state.converging ??= {
    targets: new SmallMap(),
    stored: new SmallMap(),
    fetching: new SmallMap(),
    keepText: '',
    run: null,
    wanted: null,
    failures: 0,
    drifted: false,
    corrections: [],
    flapping: false,
    outcomes: new SmallMap(),
    awaited: null,
    refs: [],
  }
  return state.converging
}

export function inForceOf(state: EngineState, policy: string) {
  return Object.hasOwn(state.local.inForce, policy) ? state.local.inForce[policy] : undefined
}

/** What is in the way is not this node's failure: the winner is late. */
const LATE = new Set(['E_NEWER', 'E_UNFETCHED', 'E_FORKED'])

/** Its wave is still to come, or never will. */
const AWAITED = new Set(['E_WAVE', 'E_HALTED'])

export function targetHealth(state: EngineState, target: Target): Health {
  if (target.code !== null && AWAITED.has(target.code)) return 'waiting'
  if (target.code !== null && !LATE.has(target.code)) return 'failed'
  const now = inForceOf(state, target.policy)
  if (target.want === null) return now === undefined ? 'ok' : 'behind'
  if (now === undefined || now.version !== target.want.id) return 'behind'
  return now.state
}

/** Policies as beacons tell them: the version in force, and what became of it. */
export function shownPolicies(state: EngineState): Beacon['policies'] {
  const shown: Record<string, Beacon['policies'][string]> = {}
  for (const [policy, now] of Object.entries(state.local.inForce)) {
    const target = state.converging?.targets.get(policy)
    const code = target?.code ?? now.code
    const want = target?.want ?? null
    shown[policy] = {
      version: now.version,
      state: target === undefined ? now.state : targetHealth(state, target),
      ...(code === null ? {} : { code }),
      ...(now.since === undefined ? {} : { since: now.since }),
      // Those who wait for their wave must know what this node failed with.
      ...(want === null || want.id === now.version || want.body.rollout === null ? {} : { want: want.id }),
    }
  }
  return shown
}
