import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, statSync } from 'node:fs'
import { PolicyError } from '../../policies/index.ts'
import { HOST_LIMITS } from '../limits.ts'
import { systemCode } from './errors.ts'

const LINUX = process.platform === 'linux'
/** Linux: a descriptor that names a file without opening it, so no read permission is needed and no device is touched. */
const O_PATH = 0o10000000
export const AS_NAME = LINUX ? O_PATH | constants.O_NOFOLLOW : constants.O_RDONLY | constants.O_NOFOLLOW
const AS_FOLDER = AS_NAME | constants.O_DIRECTORY

/** A folder that is held open: what its entries are called stays in it, whatever happens to the path. */
export interface Folder {
  readonly fd: number
  /** Its path with all links resolved, when it was opened. */
  readonly real: string
  readonly dev: number
  readonly ino: number
  readonly uid: number
  /** Entries that are made in it get its group. */
  givesGroup: boolean
  /** Users that go on after other work; it is closed when there are none and it has left the table. */
  holds: number
  dropped: boolean
}

/** The path of an entry that cannot leave the folder: there is no openat in Node, but Linux has this. */
export function entryOf(folder: Folder, name: string): string {
  return LINUX ? `/proc/self/fd/${folder.fd}/${name}` : `${folder.real === '/' ? '' : folder.real}/${name}`
}

/**
 * Opens folders component by component. A link on the way is followed only if it belongs to root or to this process's
 * user: nobody else can then lead a write astray, also not by swapping while it happens.
 */
export class Folders {
  /** In order of use, the oldest first. */
  readonly #open = new Map<string, Folder>()
  readonly #uid: number

  constructor(uid: number) {
    this.#uid = uid
    if (LINUX && statSync('/proc/self/fd', { throwIfNoEntry: false }) === undefined) {
      throw new PolicyError('E_IO', 'files cannot be managed safely without /proc: mount it')
    }
  }

  /**
   * The folder at an absolute path, trusted links followed; null if it or one on the way is missing or no folder.
   *
   * @throws PolicyError E_PATH for a link of somebody else
   */
  get(path: string): Folder | null {
    const known = this.#open.get(path)
    if (known !== undefined) {
      this.#open.delete(path)
      const now = statSync(path, { throwIfNoEntry: false })
      if (now?.ino === known.ino && now.dev === known.dev) {
        known.givesGroup = (now.mode & 0o2000) !== 0
        this.#open.set(path, known)
        return known
      }
      this.#drop(known)
    }
    const found = this.#walk(path)
    if (found === null) return null
    this.#open.set(path, found)
    if (this.#open.size > HOST_LIMITS.foldersOpen) {
      const [oldest] = this.#open
      if (oldest !== undefined) {
        this.#open.delete(oldest[0])
        this.#drop(oldest[1])
      }
    }
    return found
  }

  hold(folder: Folder): void {
    folder.holds++
  }

  release(folder: Folder): void {
    folder.holds--
    if (folder.dropped && folder.holds === 0) closeSync(folder.fd)
  }

  /** Lets go of every folder that nobody holds: an open one would keep its file system from being unmounted. */
  letGo(): void {
    for (const folder of this.#open.values()) this.#drop(folder)
    this.#open.clear()
  }

  #drop(folder: Folder): void {
    folder.dropped = true
    if (folder.holds === 0) closeSync(folder.fd)
  }

  #walk(path: string): Folder | null {
    let left = path.split('/')
    let at = this.#root()
    let links = 0
    try {
      while (left.length > 0) {
        const [name = '', ...rest] = left
        left = rest
        if (name === '' || name === '.') continue
        const next = this.#step(at, name)
        if (next === null) return this.#give(at)
        if (typeof next !== 'string') {
          closeSync(at.fd)
          at = next
          continue
        }
        if (++links > HOST_LIMITS.linksPerPath) throw new PolicyError('E_PATH', `${path} passes too many links`)
        left = [...next.split('/'), ...left]
        if (next.startsWith('/')) {
          closeSync(at.fd)
          at = this.#root()
        }
      }
      return at
    } catch (error) {
      closeSync(at.fd)
      throw error
    }
  }

  #give(at: Folder): null {
    closeSync(at.fd)
    return null
  }

  /** The folder of that name in `at`, the target of a trusted link, or null. */
  #step(at: Folder, name: string): Folder | string | null {
    const entry = entryOf(at, name)
    const real =
      name === '..' ? at.real.slice(0, at.real.lastIndexOf('/')) || '/' : `${at.real === '/' ? '' : at.real}/${name}`
    try {
      return this.#opened(openSync(entry, AS_FOLDER), real)
    } catch (error) {
      const code = systemCode(error)
      if (code === 'ENOENT') return null
      if (code !== 'ENOTDIR' && code !== 'ELOOP') throw error
    }
    const link = lstatSync(entry, { throwIfNoEntry: false })
    if (link?.isSymbolicLink() !== true) return null
    if (link.uid !== 0 && link.uid !== this.#uid) {
      throw new PolicyError('E_PATH', `${real} is a link that belongs to another user, so nothing behind it is touched`)
    }
    const target = readlinkSync(entry)
    // What was read must be the very link whose owner was asked for.
    const again = lstatSync(entry, { throwIfNoEntry: false })
    if (again?.ino !== link.ino || again.ctimeMs !== link.ctimeMs || again.uid !== link.uid) {
      throw new PolicyError('E_PATH', `${real} was replaced while it was looked at`)
    }
    return target
  }

  #root(): Folder {
    return this.#opened(openSync('/', AS_FOLDER), '/')
  }

  #opened(fd: number, real: string): Folder {
    const { dev, ino, uid, mode } = fstatSync(fd)
    return { fd, real, dev, ino, uid, givesGroup: (mode & 0o2000) !== 0, holds: 0, dropped: false }
  }
}
