import type { HostPort } from '../host.ts'
import type { WaitingResource } from '../language/waiting.ts'
import type { Outcome, ResolvedResource, Value } from '../model.ts'
import type { BundleContent, ResourceType } from '../resources/type.ts'
import type { Session } from './session.ts'

/** One policy that is in force on this host, resolved for it. */
export interface HostPolicy {
  readonly policy: string
  /** CID of the version; undefined without a mesh. */
  readonly version?: string
  /** Of two that claim the same, the lower number has it. @default 500 */
  readonly priority?: number
  /** Policies that come first on this host. */
  readonly after: readonly string[]
  readonly resources: readonly ResolvedResource[]
  /** What cannot be resolved yet for want of a secret: wanted, so that what is there of it stays, and nothing of it is applied. */
  readonly waiting?: readonly WaitingResource[]
  /** What the author may touch; null for everything. */
  readonly grant: Grant | null
}

export interface Grant {
  /** Names of resource types; null for all. */
  readonly types: readonly string[] | null
  /** Folders (or files) of the host; null for all. */
  readonly paths: readonly string[] | null
}

export interface ConvergeRequest {
  readonly host: HostPort
  readonly content: BundleContent
  readonly types: Readonly<Record<string, ResourceType>>
  /** Every policy in force, in any order. */
  readonly policies: readonly HostPolicy[]
  /** Policies that are in force, but could not be resolved this time: what they manage stays as it is. */
  readonly unresolved?: readonly string[]
  /** A policy that is wanted here is not among `policies`: what nobody claims may be its own, so nothing is purged. */
  readonly incomplete?: boolean
  /** What the last run returned; `NO_MEMORY` the first time. */
  readonly memory: Memory
  /** false: a plan, nothing is changed. */
  readonly apply: boolean
  /** Ids (`policy key`) of the resources to look at, after drift; all if nothing is said. */
  readonly only?: ReadonlySet<string>
  /** Read every file, also those that have not changed since they were last read. */
  readonly deep?: boolean
  /** Milliseconds since 1970 at which the run ends: what is left waits for the next one. */
  readonly deadlineMs?: number
  readonly signal?: AbortSignal
  /** Kept by the caller between runs to make them cheap; nothing depends on it. */
  readonly session?: Session
  /** Called after each resource that changed something or failed, so that a crash forgets nothing. */
  readonly onProgress?: (outcome: Outcome, remembered: RememberedResource | null) => void
  /** Called before a change with what must be known if nothing comes after it: who is to be told, and how to take it back. */
  readonly onIntent?: (id: string, remembered: RememberedResource) => void
}

export interface ConvergeResult {
  /** Removals first, then every resource that was looked at, in order of policies and resources. */
  readonly outcomes: readonly Outcome[]
  /** The same object as before if nothing is new. */
  readonly memory: Memory
  /** Whether anything on the host was changed, or would be. */
  readonly changed: boolean
  /** No resource failed, was skipped, or waits. */
  readonly converged: boolean
  /** Path to the ids of the resources that it belongs to. A folder stands for what is added to it or taken away. */
  readonly watch: ReadonlyMap<string, readonly string[]>
}

/** What a node remembers of its host between runs: a plain value that survives JSON. */
export interface Memory {
  readonly v: 1
  /** By id (`policy key`). */
  readonly resources: Readonly<Record<string, RememberedResource>>
}

export const NO_MEMORY: Memory = { v: 1, resources: {} }

export interface RememberedResource {
  readonly policy: string
  readonly key: string
  readonly type: string
  readonly onRemove: 'leave' | 'undo'
  readonly claims: readonly string[]
  /** Place in the order in which things were done; removal goes backwards. */
  readonly order: number
  /** Fingerprint of the attributes that were last in force here: what differs from it now is drift, not news. Empty if none ever was. */
  readonly applied: string
  /** The type's own. */
  readonly data: Value
  /** Times of the last repairs, ms. */
  readonly repairs: readonly number[]
  /** It was told of a change, and has not answered yet. */
  readonly told: boolean
  /** Its confinement, for undoing it later. */
  readonly grant: Grant | null
}

/** Ids of the resources that wait for a secret. */
export function waitingIds({ policies }: Pick<ConvergeRequest, 'policies'>): ReadonlySet<string> {
  return new Set(policies.flatMap(({ policy, waiting = [] }) => waiting.map(({ key }) => idOf(policy, key))))
}

/** Names a resource among all policies of a host. */
export function idOf(policy: string, key: string): string {
  return `${policy} ${key}`
}
