import type { z } from 'zod'
import type { HostPort } from '../host.ts'
import type { BundleFile, ResolvedResource } from '../model.ts'

/** What a check found: in order, or what would have to change. */
export type Check =
  | { readonly ok: true }
  | {
      readonly ok: false
      /** Short sentences without a full stop: `content differs`, `mode 0644 -> 0640`. */
      readonly changes: readonly string[]
      readonly diff?: string
    }

export const IN_ORDER: Check = { ok: true }

/** The files of the bundle that a resource came with. */
export interface BundleFiles {
  file(path: string): BundleFile | undefined
  /** Files below a folder of the bundle, with paths relative to it, sorted. */
  folder(path: string): readonly { readonly relative: string; readonly file: BundleFile }[]
  /** The verified content, chunk by chunk. */
  open(file: BundleFile): AsyncIterable<Uint8Array>
}

export interface ResourceContext {
  readonly host: HostPort
  readonly files: BundleFiles
  /** Whether the check belongs to a plan: then nothing may be run that could change something. */
  readonly planning: boolean
}

/** What one resource claims on the host, so that two policies that want the same thing meet: `path:/etc/motd`, `user:deploy`. */
export type Claim = string

/**
 * A resource type: one file, one test, one line in `table.ts`. `A` is what its schema gives. `check` has no side effects
 * but for the commands that a policy names as guards; `apply` does what `check` found and nothing else; after it a second
 * check finds everything in order.
 */
export interface ResourceType<A = unknown> {
  /** Attributes after evaluation, those common to all types aside. */
  readonly schema: z.ZodObject
  /** One sentence for `chorus docs`. */
  readonly title: string
  readonly onRemove: 'leave' | 'undo'
  /** What is wrong between attributes that the schema cannot say, as a sentence; or null. */
  validate?(attrs: A): string | null
  claims(attrs: A, name: string): readonly Claim[]
  /** Claims of others that must come first where somebody makes them. */
  wants?(attrs: A): readonly Claim[]
  /** Paths that it writes, for confinement. */
  paths(attrs: A): readonly string[]
  check(resource: Typed<A>, context: ResourceContext): Check | Promise<Check>
  apply(resource: Typed<A>, context: ResourceContext): void | Promise<void>
  /** Told by another resource that it changed. */
  notified?(resource: Typed<A>, context: ResourceContext): Promise<string>
  /** Takes back what was made: only called for what this node created itself. */
  undo?(claim: Claim, host: HostPort): void
  /** Paths whose change means drift. */
  watch?(attrs: A): readonly string[]
  /** Whether a wrong state that is found later was drift (true) or is the type's normal life, as of a command. */
  readonly drifts: boolean
}

/** A resolved resource whose attributes passed the schema of its type. */
export interface Typed<A> {
  readonly resource: ResolvedResource
  readonly attrs: A
}
