import type { Stats } from 'node:fs'
import type { Entry, EntryKind } from '../../policies/index.ts'
import { hostError } from './errors.ts'

export function asEntry(stat: Stats): Entry {
  const kind: EntryKind = stat.isFile()
    ? 'file'
    : stat.isDirectory()
      ? 'folder'
      : stat.isSymbolicLink()
        ? 'link'
        : 'other'
  const { mode, uid, gid, size, dev, ino, ctimeMs } = stat
  return { kind, mode: mode & 0o7777, uid, gid, size, dev, ino, ctimeMs }
}

/** Does something to a path; what the system says against it is thrown as PolicyError. */
export function attempt<T>(what: string, path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw hostError(error, what, path)
  }
}
