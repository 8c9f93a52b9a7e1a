import type { Entry } from '../host.ts'
import { LIMITS } from '../limits.ts'
import type { SeenFiles } from '../resources/type.ts'

interface Seen {
  readonly dev: number
  readonly ino: number
  readonly size: number
  readonly ctimeMs: number
  readonly content: object
}

/**
 * Remembers files by inode and change time, which nobody but root can set. A file that changed a moment before it was
 * read is not remembered: it could change again within the same tick of the file system's clock.
 */
export class SeenTable implements SeenFiles {
  readonly #seen = new Map<string, Seen>()
  readonly #written: Map<string, Entry> | null

  /** @param stamps keep also what was written, for `stateOf` */
  constructor(stamps = false) {
    this.#written = stamps ? new Map() : null
  }

  matches(path: string, entry: Entry, content: object): boolean {
    const seen = this.#seen.get(path)
    return (
      seen !== undefined &&
      seen.content === content &&
      seen.ctimeMs === entry.ctimeMs &&
      seen.ino === entry.ino &&
      seen.dev === entry.dev &&
      seen.size === entry.size
    )
  }

  note(path: string, entry: Entry, content: object, nowMs: number): void {
    const { dev, ino, size, ctimeMs } = entry
    if (ctimeMs > nowMs - LIMITS.seenAgeMs) this.#seen.delete(path)
    else if (this.#seen.size < LIMITS.resolvedResources || this.#seen.has(path)) {
      this.#seen.set(path, { dev, ino, size, ctimeMs, content })
    }
  }

  wrote(path: string, entry: Entry | null): void {
    if (entry !== null && (this.#written?.size ?? Infinity) < LIMITS.resolvedResources) this.#written?.set(path, entry)
  }

  /** The state in which a file was found right or was written, if it is known. */
  stateOf(path: string): Pick<Entry, 'dev' | 'ino' | 'size' | 'ctimeMs'> | undefined {
    return this.#written?.get(path) ?? this.#seen.get(path)
  }

  clear(): void {
    this.#seen.clear()
    this.#written?.clear()
  }
}
