import { closeSync, constants, fstatSync, openSync, type Stats } from 'node:fs'
import { PolicyError } from '../../policies/index.ts'
import { AS_NAME, entryOf, type Folder, type Folders } from './folders.ts'

/** A FIFO or device in the place of a file must not block or be triggered. */
const TO_READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY

/** From a path to the thing itself, within what a grant allows. */
export class Places {
  readonly #folders: Folders
  readonly #uid: number
  /** Real paths; null for everything. */
  readonly #within: readonly string[] | null

  constructor(folders: Folders, uid: number, within: readonly string[] | null) {
    this.#folders = folders
    this.#uid = uid
    this.#within = within
  }

  /** A path of the entry that no swap of folders or links leads elsewhere; null if its folder is missing. @throws PolicyError E_PATH */
  find(path: string): string | null {
    const folder = this.#folders.get(parentOf(path))
    if (folder === null) return null
    this.#confine(folder, path)
    return entryOf(folder, nameOf(path))
  }

  /** The folder that a path lies in. @throws PolicyError E_NOT_FOUND, E_PATH */
  folder(path: string): Folder {
    const folder = this.#folders.get(parentOf(path))
    if (folder === null) throw new PolicyError('E_NOT_FOUND', `the folder of ${path} is not there, or no folder`)
    this.#confine(folder, path)
    return folder
  }

  /** As `find`. @throws PolicyError E_NOT_FOUND, E_PATH */
  entry(path: string): string {
    return entryOf(this.folder(path), nameOf(path))
  }

  openFile(path: string): { readonly fd: number; readonly stat: Stats } {
    const fd = openSync(this.entry(path), TO_READ)
    const stat = fstatSync(fd)
    if (stat.isFile()) return { fd, stat }
    closeSync(fd)
    throw new PolicyError('E_IN_THE_WAY', `${path} is no file`)
  }

  /** Gives a name of the very thing that was looked at. A file with a second name in a stranger's folder may be somebody else's. */
  byName(path: string, work: (name: string, stat: Stats) => void): void {
    const folder = this.folder(path)
    const entry = entryOf(folder, nameOf(path))
    const fd = openSync(entry, AS_NAME)
    try {
      const stat = fstatSync(fd)
      if (stat.isFile() && stat.nlink > 1 && folder.uid !== 0 && folder.uid !== this.#uid) {
        const why = 'has a second name elsewhere, and its folder belongs to another user'
        throw new PolicyError('E_PATH', `${path} ${why}: left as it is`)
      }
      work(process.platform === 'linux' ? `/proc/self/fd/${fd}` : entry, stat)
    } finally {
      closeSync(fd)
    }
  }

  /** With all links resolved, as far as it exists. */
  realPath(path: string): string {
    const itself = this.#folders.get(path)
    if (itself !== null) return itself.real
    return joined(this.realPath(parentOf(path)), nameOf(path))
  }

  #confine(folder: Folder, path: string): void {
    if (this.#within === null) return
    const name = nameOf(path)
    const real = name === '.' ? folder.real : joined(folder.real, name)
    if (this.#within.some((one) => one === '/' || real === one || real.startsWith(`${one}/`))) return
    const where = real === path ? '' : ` (it is ${real})`
    throw new PolicyError('E_PATH', `${path}${where} lies outside of what the grant covers: ${this.#within.join(', ')}`)
  }
}

export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/'
}

/** `.` for the root. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1) || '.'
}

function joined(folder: string, name: string): string {
  return `${folder === '/' ? '' : folder}/${name}`
}
