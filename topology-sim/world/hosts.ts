import type { AppliedPolicy, PolicyToApply } from '../../node/core/index.ts'
import type { NodeFacts, PolicyBundle } from './types.ts'

/** What hosts do with policies, in the place of real ones: how long it takes, what fails, what drifts. */
export interface HostModel {
  /** How long a resource of this type takes: the median, and the deviation of its logarithm. Milliseconds. */
  readonly durations?: Readonly<Record<string, { readonly medianMs: number; readonly sigma?: number }>>
  /** Of types that `durations` does not name. @default 20 ms */
  readonly otherMs?: number
  /** Chance that a resource fails in a run: by type, or by key (`service/nginx`), which goes first. */
  readonly failures?: Readonly<Record<string, number>>
  /** Drifts of a resource per host and hour: by type or key. */
  readonly driftsPerHour?: Readonly<Record<string, number>>
  /** For hosts that differ: asked for each run, in place of the chance. Null: as above. @returns the resource that fails */
  readonly fails?: (node: NodeFacts, policy: string, bundle: PolicyBundle) => string | null
}

export interface HostRun {
  readonly policies: readonly PolicyToApply[]
  readonly removed: readonly string[]
}

export interface HostResult {
  readonly ms: number
  readonly results: readonly AppliedPolicy[]
}
