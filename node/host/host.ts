import * as fs from 'node:fs'
import { homedir } from 'node:os'
import { promisify } from 'node:util'
import {
  PolicyError,
  type Attributes,
  type BackupId,
  type Entry,
  type ExecOptions,
  type ExecResult,
  type HostPort,
  type MaybePromise,
  type StagedFile,
  type Supervisor,
} from '../../policies/index.ts'
import { HOST_LIMITS } from '../limits.ts'
import { AccountTable } from './accounts.ts'
import { BackupStore, readAll } from './backups.ts'
import { asEntry, attempt } from './entry.ts'
import { hostError } from './errors.ts'
import { execute } from './exec.ts'
import { AS_NAME, entryOf, Folders } from './folders.ts'
import { PathlessHost } from './pathless.ts'
import { nameOf, parentOf, Places } from './places.ts'
import { copyInto, hashPieces, hashWhole } from './pieces.ts'
import { cleanTemporary, stageFile, temporaryName } from './staged.ts'

export interface HostOptions {
  /** Where overwritten content is kept; made when it is first needed. */
  readonly backupDir: string
  /** Wait for the disk at every file, so that a power cut leaves either the old or the new one. @default true */
  readonly durable?: boolean
  /** What keeps programs running; nothing does if it is left out. */
  readonly processes?: Supervisor
}

/** This machine. @throws PolicyError E_IO without /proc on Linux */
export function openHost({ backupDir, durable = true, processes }: HostOptions): HostPort {
  const uid = process.geteuid?.() ?? 0
  return new RealHost(
    {
      uid,
      gid: process.getegid?.() ?? 0,
      durable,
      folders: new Folders(uid),
      users: new AccountTable('passwd'),
      groups: new AccountTable('group'),
      backups: new BackupStore(backupDir, durable),
      dirty: new Set(),
      processes: processes ?? null,
    },
    null,
  )
}

interface Machine {
  readonly uid: number
  readonly gid: number
  readonly durable: boolean
  readonly folders: Folders
  readonly users: AccountTable
  readonly groups: AccountTable
  readonly backups: BackupStore
  /** Folders whose entries changed since the last flush. */
  readonly dirty: Set<string>
  readonly processes: Supervisor | null
}

const sync = promisify(fs.fsync)
class RealHost extends PathlessHost implements HostPort {
  readonly uid: number
  readonly gid: number
  readonly processes: Supervisor | null
  readonly #machine: Machine
  readonly #places: Places

  constructor(machine: Machine, within: readonly string[] | null) {
    super()
    this.#machine = machine
    this.#places = new Places(machine.folders, machine.uid, within)
    this.uid = machine.uid
    this.gid = machine.gid
    this.processes = machine.processes
  }

  lstat(path: string): Entry | null {
    return attempt('looking at', path, () => {
      const entry = this.#places.find(path)
      const stat = entry === null ? undefined : fs.lstatSync(entry, { throwIfNoEntry: false })
      return stat === undefined ? null : asEntry(stat)
    })
  }

  readFile(path: string, maxBytes: number): Uint8Array {
    return attempt('reading', path, () => {
      const { fd, stat } = this.#places.openFile(path)
      try {
        if (stat.size > maxBytes)
          throw new PolicyError('E_TOO_LARGE', `${path} has ${stat.size} bytes, the limit is ${maxBytes}`)
        return readAll(fd, stat.size)
      } finally {
        fs.closeSync(fd)
      }
    })
  }

  readlink(path: string): string {
    return this.#at('reading the link', path, (entry) => fs.readlinkSync(entry))
  }

  readdir(path: string, maxEntries: number): readonly string[] {
    return attempt('listing', path, () => {
      const fd = fs.openSync(this.#places.entry(path), AS_NAME | fs.constants.O_DIRECTORY)
      try {
        const names = fs.readdirSync(`/proc/self/fd/${fd}`)
        if (names.length > maxEntries)
          throw new PolicyError('E_TOO_LARGE', `${path} has ${names.length} entries, the limit is ${maxEntries}`)
        return names.sort()
      } finally {
        fs.closeSync(fd)
      }
    })
  }

  async hashPieces(path: string, pieceBytes: number, signal?: AbortSignal): Promise<readonly Uint8Array[]> {
    const { fd } = attempt('reading', path, () => this.#places.openFile(path))
    try {
      return await hashPieces(fd, pieceBytes, path, signal)
    } catch (error) {
      throw hostError(error, 'reading', path)
    } finally {
      fs.closeSync(fd)
    }
  }

  async hashFile(path: string, signal?: AbortSignal): Promise<Uint8Array> {
    const { fd } = attempt('reading', path, () => this.#places.openFile(path))
    try {
      return await hashWhole(fd, path, signal)
    } catch (error) {
      throw hostError(error, 'reading', path)
    } finally {
      fs.closeSync(fd)
    }
  }

  stage(path: string, attributes: Attributes): StagedFile {
    return attempt('writing', path, () => {
      const folder = this.#places.folder(path)
      const { folders, durable, uid, gid } = this.#machine
      const renamed = (): void => this.#soil(path)
      return stageFile({ folders, folder, name: nameOf(path), path, attributes, durable, uid, gid, renamed })
    })
  }

  symlink(path: string, target: string): void {
    attempt('linking', path, () => {
      const folder = this.#places.folder(path)
      const temporary = entryOf(folder, temporaryName())
      fs.symlinkSync(target, temporary)
      try {
        fs.renameSync(temporary, entryOf(folder, nameOf(path)))
      } catch (error) {
        fs.unlinkSync(temporary)
        throw error
      }
      this.#soil(path)
    })
  }

  mkdir(path: string, { mode, uid, gid }: Attributes): void {
    attempt('making', path, () => {
      const entry = this.#places.entry(path)
      fs.mkdirSync(entry, 0o700)
      const fd = fs.openSync(entry, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_DIRECTORY)
      try {
        const made = fs.fstatSync(fd)
        if (made.uid !== uid || made.gid !== gid) fs.fchownSync(fd, uid, gid)
        fs.fchmodSync(fd, mode)
      } finally {
        fs.closeSync(fd)
      }
      this.#soil(path)
    })
  }

  rename(from: string, to: string): void {
    attempt('moving', from, () => {
      const target = this.#places.entry(to)
      if (fs.lstatSync(target, { throwIfNoEntry: false }) !== undefined)
        throw new PolicyError('E_IN_THE_WAY', `${to} is there already`)
      fs.renameSync(this.#places.entry(from), target)
    })
    this.#soil(from)
    this.#soil(to)
  }

  rmdir(path: string): void {
    this.#at('removing', path, (entry) => fs.rmdirSync(entry))
    this.#soil(path)
  }

  unlink(path: string): void {
    this.#at('removing', path, (entry) => fs.unlinkSync(entry))
    this.#soil(path)
  }

  chmod(path: string, mode: number): void {
    this.#byName('changing the mode of', path, (name, stat) => {
      if (stat.isSymbolicLink()) throw new PolicyError('E_IN_THE_WAY', `${path} is a link, which has no mode`)
      fs.chmodSync(name, mode)
    })
  }

  chown(path: string, uid: number, gid: number): void {
    this.#byName('changing the owner of', path, (name, stat) => {
      if (stat.isSymbolicLink()) fs.lchownSync(this.#places.entry(path), uid, gid)
      else fs.chownSync(name, uid, gid)
    })
  }

  async flush(): Promise<void> {
    const { dirty, durable, folders } = this.#machine
    const paths = durable ? [...dirty] : []
    dirty.clear()
    try {
      await Promise.all(paths.map(async (path) => await this.#flushFolder(path)))
    } finally {
      folders.letGo()
    }
  }

  async #flushFolder(path: string): Promise<void> {
    const folder = this.#machine.folders.get(path)
    // A folder that was removed since has nothing to keep.
    if (folder === null) return
    const fd = fs.openSync(entryOf(folder, '.'), fs.constants.O_RDONLY | fs.constants.O_DIRECTORY)
    try {
      await sync(fd)
    } catch (error) {
      throw hostError(error, 'making durable', path)
    } finally {
      fs.closeSync(fd)
    }
  }

  cleanTemporary(path: string): number {
    return attempt('cleaning', path, () => {
      const folder = this.#machine.folders.get(path)
      return folder === null ? 0 : cleanTemporary(folder, this.uid)
    })
  }

  uidOf(user: string): number | null {
    return this.#machine.users.idOf(user)
  }

  gidOf(group: string): number | null {
    return this.#machine.groups.idOf(group)
  }

  userName(uid: number): string {
    return this.#machine.users.nameOf(uid)
  }

  groupName(gid: number): string {
    return this.#machine.groups.nameOf(gid)
  }

  backup(path: string): MaybePromise<BackupId | null> {
    return attempt('the backup of', path, () => {
      const { fd, stat } = this.#places.openFile(path)
      return this.#machine.backups.keep(fd, path, { mode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid })
    })
  }

  async restore(id: BackupId, path: string, attributes: Attributes): Promise<void> {
    const { fd, bytes } = this.#machine.backups.open(id, path)
    try {
      await copyInto(this.stage(path, attributes), fd, bytes)
    } finally {
      fs.closeSync(fd)
    }
  }

  async exec(argv: readonly string[], options: ExecOptions): Promise<ExecResult> {
    const self = { uid: this.uid, gid: this.gid, home: homedir() }
    if (options.user === undefined) return await execute(argv, options, null, self)
    const account = this.#machine.users.account(options.user)
    if (account !== null) return await execute(argv, options, account, self)
    return { end: 'failed', code: null, output: '', truncated: false, why: `there is no user '${options.user}'` }
  }

  confined(folders: readonly string[]): HostPort {
    return new RealHost(
      this.#machine,
      folders.map((folder) => this.#places.realPath(folder)),
    )
  }

  #byName(what: string, path: string, work: (name: string, stat: fs.Stats) => void): void {
    attempt(what, path, () => this.#places.byName(path, work))
  }

  #at<T>(what: string, path: string, work: (entry: string) => T): T {
    return attempt(what, path, () => work(this.#places.entry(path)))
  }

  #soil(path: string): void {
    const { dirty } = this.#machine
    if (dirty.size < HOST_LIMITS.dirtyFolders) dirty.add(parentOf(path))
  }
}
