import { LIMITS } from '../limits.ts'
import type { Value } from '../model.ts'
import type { Attributes, Entry, HostPort } from '../host.ts'
import { andThen, type MaybePromise } from '../maybe.ts'

/** What was at a path before Chorus first replaced it. */
export type Original =
  | ({ readonly kind: 'file'; readonly backup: string } & Attributes)
  | ({ readonly kind: 'folder' } & Attributes)
  | { readonly kind: 'link'; readonly target: string }
  /** It was over the limit of the backup store. */
  | { readonly kind: 'lost' }

/** What a file resource made and overwrote, so that it can be taken back. Remembered between runs as a plain value. */
export class Trace {
  /** Paths that were not there before, in the order in which they were made. */
  readonly made: Set<string>
  readonly originals: Map<string, Original>

  constructor(remembered: Value) {
    const { made, originals } = fields(remembered)
    this.made = new Set(Array.isArray(made) ? made.filter((path) => typeof path === 'string') : [])
    this.originals = new Map(Object.entries(fields(originals ?? null)).flatMap(([path, was]) => asOriginal(path, was)))
  }

  add(path: string): void {
    if (!this.originals.has(path) && this.made.size < LIMITS.rememberedPaths) this.made.add(path)
  }

  /** Copies what is about to be lost to the backup store, and remembers the first copy as the original. */
  keep(host: HostPort, path: string, entry: Entry): MaybePromise<void> {
    const known = this.made.has(path) || this.originals.has(path) || this.originals.size >= LIMITS.rememberedPaths
    if (entry.kind === 'link') {
      if (!known) this.originals.set(path, { kind: 'link', target: host.readlink(path) })
      return
    }
    const { mode, uid, gid } = entry
    if (entry.kind === 'folder' && !known) this.originals.set(path, { kind: 'folder', mode, uid, gid })
    if (entry.kind !== 'file') return
    const note = (id: string | null): void => {
      if (!known)
        this.originals.set(path, id === null ? { kind: 'lost' } : { kind: 'file', backup: id, mode, uid, gid })
    }
    return andThen(host.backup(path), note)
  }

  /** It is gone and wanted to be gone: nothing to take back any more. */
  forget(path: string): void {
    this.made.delete(path)
  }

  get empty(): boolean {
    return this.made.size === 0 && this.originals.size === 0
  }

  asValue(): Value {
    if (this.empty) return null
    const originals: Record<string, Value> = {}
    for (const [path, was] of this.originals) originals[path] = { ...was }
    return { made: [...this.made], originals }
  }
}

function fields(value: Value): { readonly [key: string]: Value } {
  return isMap(value) ? value : {}
}

function isMap(value: Value): value is { readonly [key: string]: Value } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function asOriginal(path: string, value: Value): [string, Original][] {
  const { kind, backup, mode, uid, gid, target } = fields(value)
  if (kind === 'lost') return [[path, { kind }]]
  if (kind === 'link' && typeof target === 'string') return [[path, { kind, target }]]
  if (typeof mode !== 'number' || typeof uid !== 'number' || typeof gid !== 'number') return []
  if (kind === 'folder') return [[path, { kind, mode, uid, gid }]]
  if (kind !== 'file' || typeof backup !== 'string') return []
  return [[path, { kind, backup, mode, uid, gid }]]
}
