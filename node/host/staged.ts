import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { TEMPORARY_PREFIX, type Attributes, type MaybePromise, type StagedFile } from '../../policies/index.ts'
import { hostError } from './errors.ts'
import { entryOf, type Folder, type Folders } from './folders.ts'

const sync = promisify(fsync)
/** Asked once: it is a system call each time. */
const PID = process.pid
/** Names of files that this process is writing just now. */
const writing = new Set<string>()

const NAME_BYTES = 9
/** Random bytes for the next names: asking for each of them alone costs as much as making its file. */
let names = Buffer.alloc(0)

/** A name that nobody guesses, and that says which process it belongs to. */
export function temporaryName(): string {
  if (names.length < NAME_BYTES) names = randomBytes(NAME_BYTES * 100)
  const own = names.toString('base64url', 0, NAME_BYTES)
  names = names.subarray(NAME_BYTES)
  return `${TEMPORARY_PREFIX}${PID}-${own}`
}

export interface StageOptions {
  readonly folders: Folders
  readonly folder: Folder
  readonly name: string
  /** As the policy says it, for messages. */
  readonly path: string
  readonly attributes: Attributes
  /** Wait for the disk before the rename. */
  readonly durable: boolean
  readonly uid: number
  readonly gid: number
  /** The folder's entries have changed. */
  readonly renamed: () => void
}

/** A new file beside its place, made so that nobody can have put anything there. @throws PolicyError */
export function stageFile(options: StageOptions): StagedFile {
  const { folders, folder, name, path, attributes, durable } = options
  const temporary = temporaryName()
  const place = entryOf(folder, temporary)
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
  const fd = attempted(path, () => openSync(place, flags, 0o600))
  writing.add(temporary)
  folders.hold(folder)
  let open = true
  const end = (): void => {
    if (open) closeSync(fd)
    open = false
    writing.delete(temporary)
    folders.release(folder)
  }
  const discard = (): void => {
    try {
      unlinkSync(place)
    } catch {
      // Already gone, or the folder is: there is nothing left to clean.
    }
    end()
  }
  const put = (): void => {
    try {
      // Writing may have cleared set-uid bits.
      if ((attributes.mode & 0o6000) !== 0) fchmodSync(fd, attributes.mode)
      renameSync(place, entryOf(folder, name))
    } catch (error) {
      discard()
      throw hostError(error, 'writing', path)
    }
    end()
    options.renamed()
  }
  try {
    if (attributes.uid !== options.uid || attributes.gid !== options.gid || folder.givesGroup) {
      fchownSync(fd, attributes.uid, attributes.gid)
    }
    fchmodSync(fd, attributes.mode)
  } catch (error) {
    discard()
    throw hostError(error, 'writing', path)
  }
  return {
    path: `${folder.real === '/' ? '' : folder.real}/${temporary}`,
    write: (bytes) => attempted(path, () => writeAll(fd, bytes)),
    commit: (): MaybePromise<void> => {
      if (!durable) return put()
      return sync(fd).then(put, (error: unknown) => {
        discard()
        throw hostError(error, 'writing', path)
      })
    },
    discard,
  }
}

function attempted<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw hostError(error, 'writing', path)
  }
}

/** A write may take less than it was given, on a disk that fills up. */
function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at, bytes.length - at)
}

/** Removes what writers that are no more have left in a folder; gives the number. */
export function cleanTemporary(folder: Folder, uid: number): number {
  let removed = 0
  for (const name of readdirSync(entryOf(folder, '.'))) {
    if (!name.startsWith(TEMPORARY_PREFIX) || writing.has(name)) continue
    const pid = Number.parseInt(name.slice(TEMPORARY_PREFIX.length), 10)
    if (pid !== process.pid && isAlive(pid)) continue
    const entry = lstatSync(entryOf(folder, name), { throwIfNoEntry: false })
    if (entry === undefined || entry.isDirectory() || (entry.uid !== uid && uid !== 0)) continue
    unlinkSync(entryOf(folder, name))
    removed++
  }
  return removed
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
