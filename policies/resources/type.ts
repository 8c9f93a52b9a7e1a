import type { z } from 'zod'
import type { Entry, HostPort } from '../host.ts'
import type { MaybePromise } from '../maybe.ts'
import type { BundleFile, ResolvedResource, Value } from '../model.ts'
import { narrowed } from './narrowed.ts'

/**
 * What a type of resource is. To add one: write it with `defineType` in a file of its own beside this one, with a test,
 * and name it in `table.ts`.
 */
export interface TypeDefinition<S extends z.ZodObject> {
  /** Its name in keys: `file` in `file/motd`. */
  readonly name: string
  /** One sentence for `chorus docs`. */
  readonly summary: string
  /** Its own attributes with a `.describe()` each, those common to all types aside. */
  readonly schema: S
  /** What becomes of it when no policy wants it any more and the policy does not say. @default leave */
  readonly onRemove?: 'leave' | 'undo'
  /** Attributes that name a file or folder of the bundle. @default source, if the schema has it */
  readonly sources?: readonly string[]
  /** Why only root can manage it, as a sentence; null if a user can. */
  needsRoot?(attrs: z.output<S>): string | null
  /** Whether it starts commands that the policy names. A grant that confines refuses it, unless its types say `exec`. */
  runsCommands?(attrs: z.output<S>): boolean
  /**
   * Whether it reaches beyond files: packages, accounts, services. A grant that confines to paths covers it only if its
   * types name it, and then the paths do not confine it.
   */
  readonly wholeHost?: boolean
  /** Types of which everything comes first on a host, whether it goes well or not: packages before services. */
  readonly afterTypes?: readonly string[]
  /**
   * What exists only once on a host and belongs to this resource: `path:/etc/motd`, `user:alice`. Two resources with the
   * same claim are merged or in conflict.
   */
  claims(resource: Typed<z.output<S>>): readonly string[]
  /** Claims of other resources that must come first where somebody manages them: the automatic edges. */
  needs?(resource: Typed<z.output<S>>): readonly string[]
  /** Compares without changing anything. What it returns is what a plan shows, and `apply` in it does it. */
  check(context: TypeContext, resource: Typed<z.output<S>>): MaybePromise<Verdict>
  /** Whether its work is small and only waits for the disk: then many of them are at work at once. */
  light?(attrs: z.output<S>): boolean
  /** Answers a notification, after its own check. `changed`: it was changed by this very run. */
  notified?(context: TypeContext, resource: Typed<z.output<S>>, changed: boolean): MaybePromise<Verdict>
  /** Paths whose change means drift: files, and folders for what is added to them or taken away. */
  watchPaths?(resource: Typed<z.output<S>>, filesOf: FolderFiles): readonly string[]
  /** Takes back what was done, from what `context.remember` left. Only what Chorus itself made or overwrote. */
  undo?(context: TypeContext, key: string): MaybePromise<Verdict>
  /** Takes back the last change alone. Without it, what a run made is undone, and what it changed stays. */
  rewind?(context: TypeContext, key: string): MaybePromise<Verdict>
}

/** A resource with its attributes checked. */
export interface Typed<A> {
  readonly key: string
  readonly name: string
  readonly attrs: A
}

/** Whether anything has to be done, and how. */
export type Verdict = typeof KEPT | Change

/** Nothing to do. */
export const KEPT = { ok: true } as const

export interface Change {
  readonly ok: false
  /** Each a short phrase that fits a plan and a report: `new content`, `mode 0644 -> 0600`. Never a secret. */
  readonly changes: readonly string[]
  /** Shown with a plan; left out by the runner for a sensitive resource. */
  readonly diff?: string
  /** Does it. Throws PolicyError; what it throws leaves the resource as it was, or says what it is like. */
  apply(): MaybePromise<Applied | void>
}

export interface Applied {
  /** Added to the outcome's reason: the last words of a command. */
  readonly note?: string
}

/** What became of one item of common work: an error is thrown where the item came from. */
export type Gathered = Applied | Error

/** What a check may use beside its resource. */
export interface TypeContext {
  /** Confined to the grant's paths already. */
  readonly host: HostPort
  readonly content: BundleContent
  readonly policy: string
  /** The policy's version, or a fingerprint of the resource where there is none (`chorus converge`). */
  readonly version: string
  /** What an earlier run remembered, or null. */
  readonly remembered: Value
  /** Sets what `undo` and the next check need to know. Kept even if `apply` then fails. No secrets. */
  remember(value: Value): void
  /**
   * Says what `remember` will say, before the change is made: known after a crash in the middle of it. Costs a write to a
   * journal where there is one.
   */
  intend(value: () => Value): void
  /** Whether the author's grant confines to types or paths: then set-uid and set-gid bits are refused. */
  readonly confined: boolean
  /** Whether another resource of this run has the claim. */
  claimed(claim: string): boolean
  /** Whether everything that is wanted on this host is known: else what nobody claims may be somebody's all the same. */
  readonly complete: boolean
  /** Nothing secret may be put into `changes`, notes and errors: command output counts as secret then. */
  readonly sensitive: boolean
  /** The policy says what it said before: what differs is drift, and not what was there before Chorus. */
  readonly corrective: boolean
  /** Which diffs are wanted: a plan shows what would be made too, a run only what it overwrites. */
  readonly diffs: 'all' | 'overwritten'
  /**
   * Does its work together with that of others: when nothing else of its type is about to join, `work` gets the items of
   * all that came with this key, and says for each what became of it. Two works of one key never run at once.
   */
  gather<T>(key: string, item: T, work: (items: readonly T[]) => Promise<readonly Gathered[]>): Promise<Applied | void>
  /** Milliseconds until the deadline of the run, or of this try. */
  timeLeft(): number
  /** What the resource says of the time that one try may take, ms; undefined if nothing. */
  readonly timeoutMs: number | undefined
  readonly signal: AbortSignal | undefined
  /** Files known to be right since they were last read; null to read everything. */
  readonly seen: SeenFiles | null
}

/** Remembers which state of a file was compared with which content, so that an unchanged file is not read again. */
export interface SeenFiles {
  /** Whether this state of the file was compared with this very content, and was equal. */
  matches(path: string, entry: Entry, content: object): boolean
  note(path: string, entry: Entry, content: object, nowMs: number): void
  /** What is there after this very run has written it. */
  wrote(path: string, entry: Entry | null): void
}

/** Files of the bundles in force. */
export interface BundleContent {
  /** The file, or undefined if the policy's bundle has none by this path. */
  file(policy: string, path: string): BundleFile | undefined
  /** Files below a folder of the bundle, with their full paths. */
  folder(policy: string, path: string): readonly BundleFile[]
  /** Verified bytes of a chunk. */
  chunk(cid: string): MaybePromise<Uint8Array>
}

/** Paths of the files below a folder of the resource's own bundle. */
export type FolderFiles = (source: string) => readonly string[]

/** A type without its attribute types: what the table holds and the runner drives. */
export interface ResourceType extends Pick<
  TypeDefinition<z.ZodObject>,
  'name' | 'summary' | 'schema' | 'onRemove' | 'sources' | 'undo' | 'rewind' | 'wholeHost'
> {
  /** Checks the attributes once and gives the resource its methods, or the sentence that says what is wrong. */
  bind(resource: ResolvedResource): BoundResource | string
}

export interface BoundResource {
  readonly claims: readonly string[]
  readonly needs: readonly string[]
  watchPaths(filesOf: FolderFiles): readonly string[]
  readonly needsRoot: string | null
  readonly runsCommands: boolean
  readonly light: boolean
  readonly wholeHost: boolean
  readonly afterTypes: readonly string[]
  check(context: TypeContext): MaybePromise<Verdict>
  /** Undefined: notifications mean nothing to this type. */
  readonly notified: ((context: TypeContext, changed: boolean) => MaybePromise<Verdict>) | undefined
}

/** Makes a type for the table. */
export function defineType<S extends z.ZodObject>(definition: TypeDefinition<S>): ResourceType {
  const { name, summary, schema, onRemove, sources, wholeHost = false, afterTypes = [] } = definition
  return {
    name,
    summary,
    schema,
    wholeHost,
    ...(onRemove === undefined ? {} : { onRemove }),
    ...(sources === undefined ? {} : { sources }),
    ...(definition.rewind === undefined ? {} : { rewind: (context, key) => definition.rewind?.(context, key) ?? KEPT }),
    ...(definition.undo === undefined ? {} : { undo: (context, key) => definition.undo?.(context, key) ?? KEPT }),
    bind(resource) {
      const parsed = narrowed(schema, resource.attrs).safeParse(resource.attrs)
      if (!parsed.success) return problemsOf(parsed.error)
      const typed = { key: resource.key, name: resource.name, attrs: parsed.data }
      return {
        claims: definition.claims(typed),
        needs: definition.needs?.(typed) ?? [],
        watchPaths: (filesOf) => definition.watchPaths?.(typed, filesOf) ?? [],
        needsRoot: definition.needsRoot?.(typed.attrs) ?? null,
        runsCommands: definition.runsCommands?.(typed.attrs) ?? false,
        light: definition.light?.(typed.attrs) ?? false,
        wholeHost,
        afterTypes,
        check: (context) => definition.check(context, typed),
        notified: definition.notified && ((context, changed) => definition.notified?.(context, typed, changed) ?? KEPT),
      }
    },
  }
}

function problemsOf(error: z.ZodError): string {
  return error.issues
    .map((issue) => [issue.path.join('.'), issue.message].filter((part) => part !== '').join(': '))
    .join('; ')
}
