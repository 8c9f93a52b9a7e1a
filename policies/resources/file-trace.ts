import { LIMITS } from '../limits.ts'
import { mergeUndo, type EditUndo } from './edit.ts'
import type { Value } from '../model.ts'
import type { Attributes, Entry, HostPort } from '../host.ts'
import { andThen, type MaybePromise } from '../maybe.ts'
import type { TypeContext } from './type.ts'

/** What was at a path before Chorus first replaced it. */
export type Original =
  | ({ readonly kind: 'file'; readonly backup: string } & Attributes)
  | ({ readonly kind: 'folder' } & Attributes)
  | { readonly kind: 'link'; readonly target: string }
  /** Its content is still there, or was edited. */
  | ({ readonly kind: 'attributes' } & Attributes)
  /** It was over the limit of the backup store. */
  | { readonly kind: 'lost' }

/** What one run put something in the place of; null: nothing was there. */
export interface Replaced {
  readonly path: string
  readonly was: Original | null
}

/** What a file resource made and overwrote, so that it can be taken back. Remembered between runs as a plain value. */
export class Trace {
  /** Paths that were not there before, in the order in which they were made. */
  readonly made: Set<string>
  readonly originals: Map<string, Original>
  /** Edits of files that others own, by path: how to take them back. */
  readonly edits: Map<string, EditUndo>
  /** What this run replaced, or an earlier one that ended before it was verified; in order. */
  readonly replaced: Replaced[]
  /** What the last run that changed something replaced. */
  readonly last: readonly Replaced[]
  /** What is replaced has to be verified afterwards. */
  unverified = false
  /** What is going to be made is known already. */
  intended = false

  constructor(remembered: Value) {
    const { made, originals, edits, pending, last } = fields(remembered)
    this.made = new Set(Array.isArray(made) ? made.filter((path) => typeof path === 'string') : [])
    this.originals = new Map(Object.entries(fields(originals ?? null)).flatMap(([path, was]) => asOriginal(path, was)))
    // Written by `asValue` alone.
    this.edits = new Map(Object.entries(fields(edits ?? null)).map(([path, undo]) => [path, undo as EditUndo]))
    this.replaced = Array.isArray(pending) ? pending.flatMap(asReplaced) : []
    this.last = Array.isArray(last) ? last.flatMap(asReplaced) : []
  }

  addEdit(path: string, undo: EditUndo): void {
    const merged = mergeUndo(this.edits.get(path) ?? null, undo)
    if (merged !== null) this.edits.set(path, merged)
  }

  add(path: string): void {
    this.replaced.push({ path, was: null })
    if (!this.originals.has(path) && this.made.size < LIMITS.rememberedPaths) this.made.add(path)
  }

  /** Copies what is about to be lost to the backup store, and remembers the first copy as the original. */
  keep(host: HostPort, path: string, entry: Entry): MaybePromise<void> {
    const first = this.originals.get(path)
    const known =
      this.made.has(path) ||
      (first !== undefined && first.kind !== 'attributes') ||
      this.edits.has(path) ||
      (first === undefined && this.originals.size >= LIMITS.rememberedPaths)
    const note = (was: Original): void => {
      this.replaced.push({ path, was })
      if (known) return
      const { mode, uid, gid } = first?.kind === 'attributes' ? first : entry
      this.originals.set(path, was.kind === 'file' || was.kind === 'folder' ? { ...was, mode, uid, gid } : was)
    }
    if (entry.kind === 'link') return note({ kind: 'link', target: host.readlink(path) })
    const { mode, uid, gid } = entry
    if (entry.kind === 'folder') return note({ kind: 'folder', mode, uid, gid })
    if (entry.kind !== 'file') return
    return andThen(host.backup(path), (id) =>
      note(id === null ? { kind: 'lost' } : { kind: 'file', backup: id, mode, uid, gid }),
    )
  }

  /** The same for mode and owner alone. @param corrective they are somebody's drift, and nothing to go back to for good */
  keepAttributes(path: string, { mode, uid, gid }: Entry, corrective: boolean): void {
    const was = { kind: 'attributes', mode, uid, gid } as const
    this.replaced.push({ path, was })
    const known = this.made.has(path) || this.originals.has(path) || this.originals.size >= LIMITS.rememberedPaths
    if (!known && !corrective) this.originals.set(path, was)
  }

  /** Before something is put in place: known after a crash from here on. */
  intend(context: Pick<TypeContext, 'intend'>): void {
    if (!this.intended) context.intend(() => this.asValue(this.unverified))
  }

  /** The same for many paths at once, which will be new: one entry instead of one for each. */
  intendAll(context: Pick<TypeContext, 'intend'>, paths: readonly string[]): void {
    const all = new Trace(this.asValue())
    for (const path of paths) all.add(path)
    context.intend(() => all.asValue(this.unverified))
    this.intended = true
  }

  /** It was about to be made, and was not. */
  forgetNew(path: string): void {
    this.made.delete(path)
    const at = this.replaced.findLastIndex((one) => one.path === path)
    if (at >= 0) this.replaced.splice(at, 1)
  }

  /** It is gone and wanted to be gone: nothing to take back any more. */
  forget(path: string): void {
    this.made.delete(path)
  }

  get empty(): boolean {
    return this.made.size === 0 && this.originals.size === 0 && this.edits.size === 0
  }

  /** @param unverified what was replaced is remembered too, as it may have to be put back */
  asValue(unverified = false): Value {
    const pending = unverified ? this.replaced : []
    const last = this.replaced.length === 0 ? this.last : this.replaced
    if (this.empty && pending.length + last.length === 0) return null
    const originals: Record<string, Value> = {}
    for (const [path, was] of this.originals) originals[path] = { ...was }
    return {
      made: [...this.made],
      originals,
      ...(this.edits.size === 0 ? {} : { edits: Object.fromEntries(this.edits) }),
      ...(pending.length === 0 ? {} : { pending: pending.map(asPlain) }),
      ...(last.length === 0 ? {} : { last: last.slice(0, LIMITS.rememberedPaths).map(asPlain) }),
    }
  }
}

function fields(value: Value): { readonly [key: string]: Value } {
  return isMap(value) ? value : {}
}

function isMap(value: Value): value is { readonly [key: string]: Value } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function asPlain({ path, was }: Replaced): Value {
  return { path, was: was === null ? null : { ...was } }
}

function asReplaced(value: Value): Replaced[] {
  const { path, was } = fields(value)
  if (typeof path !== 'string') return []
  if (was === null || was === undefined) return [{ path, was: null }]
  return asOriginal(path, was).map(([, original]) => ({ path, was: original }))
}

function asOriginal(path: string, value: Value): [string, Original][] {
  const { kind, backup, mode, uid, gid, target } = fields(value)
  if (kind === 'lost') return [[path, { kind }]]
  if (kind === 'link' && typeof target === 'string') return [[path, { kind, target }]]
  if (typeof mode !== 'number' || typeof uid !== 'number' || typeof gid !== 'number') return []
  if (kind === 'folder' || kind === 'attributes') return [[path, { kind, mode, uid, gid }]]
  if (kind !== 'file' || typeof backup !== 'string') return []
  return [[path, { kind, backup, mode, uid, gid }]]
}

/** Whether an earlier run put something in place and did not come to verify it. */
export function hasPending(remembered: Value): boolean {
  return Array.isArray(fields(remembered)['pending'])
}

export function withoutPending(remembered: Value): Value {
  const trace = new Trace(remembered)
  return trace.asValue()
}
