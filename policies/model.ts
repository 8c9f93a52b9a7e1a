/**
 * The policy model that the compiler writes and every node reads. All of it is plain data that survives canonical
 * DAG-CBOR (no floats outside strings, no undefined), so that equal policies give equal bytes on every machine.
 */

/** A value of the policy language. Integers stay within 2^53-1. */
export type Value = null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value }

/** The names a node offers to expressions and templates. Labels are certified, facts are the node's own word. */
export interface NodeContext {
  readonly labels: Readonly<Record<string, string>>
  readonly facts: { readonly [key: string]: Value }
  readonly node: { readonly name: string; readonly id: string }
}

/** Where a piece of source stood, for messages: 1-based line and column. */
export interface SourcePlace {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** One resource as the policy declares it: `${...}` in attributes is still unevaluated text. */
export interface CompiledResource {
  /** `type/name`; the name may hold `${each.key}`. */
  readonly key: string
  readonly type: string
  readonly attrs: { readonly [attr: string]: Value }
  /** The instance of a component that it belongs to; its key starts with it, and `vars` are that instance's parameters. */
  readonly instance?: string
  readonly at: SourcePlace
}

/** A parameter of a component as one instance has it: `${...}` in its value is unevaluated. */
export interface CompiledParameter {
  readonly type: 'text' | 'number' | 'boolean' | 'list' | 'map' | 'any'
  readonly value: Value
  /** The only values that it may have. */
  readonly oneOf?: readonly Value[]
}

/** A component under the name that a policy, or another instance, gives it. */
export interface CompiledInstance {
  /** The instance whose parameters the values use; the policy itself if there is none. */
  readonly within?: string
  /** A condition: where it is false, nothing of the instance is there. In the scope of whoever uses it. */
  readonly when?: string
  /** What it is repeated for; its resources have the key of the item in theirs. */
  readonly each?: Value
  readonly params: { readonly [name: string]: CompiledParameter }
}

/** Where a node finds a secret: a file of the bundle (encrypted), a file of its own, or what a command prints. */
export type SecretSource = { readonly age: string } | { readonly file: string } | { readonly exec: readonly string[] }

/** The compiled policy, stored as canonical DAG-CBOR inside the bundle. */
export interface CompiledPolicy {
  readonly v: 1
  readonly policy: string
  /** CEL over labels, facts and node (what is absent is null); copied into the feed entry as its selector. */
  readonly select: string
  readonly after: readonly string[]
  readonly vars: { readonly [name: string]: Value }
  /** Data layers in order, file name patterns as written; their parsed contents are in `layers`. */
  readonly data: readonly string[]
  readonly layers: { readonly [file: string]: Value }
  /** Liquid sources by file name. */
  readonly templates: { readonly [file: string]: string }
  readonly resources: readonly CompiledResource[]
  /** Parts that are carried to the node as they are written: health, priority, onFork, onChange, rollout. */
  readonly extra: { readonly [key: string]: Value }
  /** Components in use, by the name of the instance; absent if there are none. */
  readonly instances?: { readonly [instance: string]: CompiledInstance }
  /** Declared secrets by name, `${...}` unevaluated; absent if there are none. */
  readonly secrets?: { readonly [name: string]: SecretSource }
}

/** A file carried by a bundle: its content is the concatenation of its chunks (raw CIDv1 sha2-256 strings, 256 KiB at most each). */
export interface BundleFile {
  readonly path: string
  readonly size: number
  readonly executable: boolean
  readonly chunks: readonly string[]
}

/** One resource for one node: expressions evaluated, templates rendered, attributes checked against the type's schema. */
export interface ResolvedResource {
  readonly policy: string
  readonly key: string
  readonly type: string
  readonly name: string
  readonly attrs: { readonly [attr: string]: Value | Uint8Array }
  /** Keys of resources that must come first (after dropping those whose `when` is false). */
  readonly require: readonly string[]
  readonly before: readonly string[]
  readonly notify: readonly string[]
  readonly subscribe: readonly string[]
  readonly sensitive: boolean
  readonly noop: boolean
  readonly onRemove: 'leave' | 'undo'
  /** Names to pick resources by; absent means none. */
  readonly tags?: readonly string[]
  /** Further tries in the same run after a failure, and the pause before each, ms. Absent: none. */
  readonly retries?: number
  readonly delayMs?: number
  /** What one try may take, ms. Absent: what its type says. */
  readonly timeoutMs?: number
  /** When it may be changed. Absent: always. */
  readonly schedule?: Schedule
  readonly at: SourcePlace
}

/** A window of time by the clock of the host. One that ends before it begins goes past midnight. */
export interface Schedule {
  /** Minutes after midnight; equal ones mean the whole day. */
  readonly fromMinute: number
  readonly toMinute: number
  /** Days on which it begins, 0 for Sunday; absent: every day. */
  readonly days?: readonly number[]
}

/** What became of one resource in one run. */
export type OutcomeState = 'kept' | 'repaired' | 'changed' | 'failed' | 'skipped' | 'waiting'

export interface Outcome {
  readonly policy: string
  readonly key: string
  readonly state: OutcomeState
  /** Whether a change was wanted by a new version or corrects drift; absent when nothing had to change. */
  readonly cause?: 'wanted' | 'corrective'
  /** One sentence: what was changed, why it failed, which dependency it was skipped for. */
  readonly reason: string
  readonly code?: string
  /** A unified diff or attribute list; never present for a sensitive resource. */
  readonly diff?: string
}
