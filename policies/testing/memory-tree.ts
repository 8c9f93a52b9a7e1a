import { PolicyError } from '../errors.ts'
import type { EntryKind } from '../host.ts'

export interface Thing {
  readonly kind: EntryKind
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly bytes: Uint8Array
  /** Of a link. */
  readonly target: string
}

/** Links that one path may pass: as Linux. */
const LINKS = 40

/** Files, folders and links by path, with the same rule about links as on a real host. */
export class MemoryTree {
  readonly things = new Map<string, Thing & { readonly ino: number; readonly ctimeMs: number }>()
  /** Number of changes that were made. */
  writes = 0
  used = 0
  readonly #uid: number
  readonly #now: () => number

  constructor(uid: number, now: () => number) {
    this.#uid = uid
    this.#now = now
    this.put('/', { kind: 'folder', mode: 0o755, uid: 0, gid: 0, bytes: new Uint8Array(0), target: '' })
  }

  put(place: string, thing: Thing): void {
    this.writes++
    const before = this.things.get(place)
    this.used += thing.bytes.length - (before?.bytes.length ?? 0)
    this.things.set(place, { ...thing, ino: this.writes, ctimeMs: this.#now() })
  }

  remove(place: string): void {
    this.writes++
    this.used -= this.things.get(place)?.bytes.length ?? 0
    this.things.delete(place)
  }

  names(folder: string): string[] {
    const prefix = folder === '/' ? '/' : `${folder}/`
    const inner = [...this.things.keys()].filter((path) => path !== '/' && path.startsWith(prefix))
    return inner.map((path) => path.slice(prefix.length)).filter((name) => !name.includes('/'))
  }

  /**
   * Where a path really is, links on the way followed and the last component not; null if a folder on the way is missing.
   *
   * @throws PolicyError E_PATH for a link of somebody else
   */
  place(path: string): string | null {
    let left = path.split('/').filter((part) => part !== '')
    let at = '/'
    for (let hops = 0; left.length > 1;) {
      const next = at === '/' ? `/${left[0]}` : `${at}/${left[0]}`
      const thing = this.things.get(next)
      left = left.slice(1)
      if (thing?.kind === 'folder') at = next
      else if (thing?.kind === 'link') {
        if (thing.uid !== 0 && thing.uid !== this.#uid)
          throw new PolicyError('E_PATH', `${next} is a link of somebody else`)
        if (++hops > LINKS) throw new PolicyError('E_PATH', `${path} passes too many links`)
        left = [...thing.target.split('/').filter((part) => part !== ''), ...left]
        if (thing.target.startsWith('/')) at = '/'
      } else return null
    }
    if (left.length === 0) return at
    return at === '/' ? `/${left[0]}` : `${at}/${left[0]}`
  }
}
