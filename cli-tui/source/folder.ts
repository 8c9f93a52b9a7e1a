import { closeSync, constants, fstatSync, openSync, readSync, readdirSync, realpathSync, statSync } from 'node:fs'
import type { Dirent } from 'node:fs'
import { basename, dirname, join, resolve, sep } from 'node:path'
import { LIMITS } from '../../policies/index.ts'
import type { PolicySource, SourceFile } from '../../policies/index.ts'
import { CliError } from '../errors.ts'
import { didYouMean } from '../input/suggest.ts'

/** Folders of version control: never part of a policy. */
const SKIPPED = new Set(['.git', '.hg', '.svn', '.jj'])
/** Folders in folders; people stop at five. */
const DEPTH_MAX = 32

/**
 * A policy folder on disk. Names are listed now, bytes are read when asked for. A link is followed only where it leads to a file inside the
 * folder; anything else that is no regular file (socket, device, pipe) is refused, since reading one could hang.
 *
 * @throws CliError E_SOURCE if it is not a folder, or holds what no policy can; E_SOURCE_SIZE for too many files
 */
export function folderSource(dir: string): PolicySource {
  const root = realRoot(dir)
  const files: SourceFile[] = []
  const walk = (folder: string, depth: number): void => {
    if (depth > DEPTH_MAX)
      throw new CliError(
        'E_SOURCE',
        `${join(root, folder)} is nested more than ${DEPTH_MAX} folders deep: is this a policy folder?`,
      )
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true }).sort(byName)) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory()) {
        if (!SKIPPED.has(entry.name)) walk(path, depth + 1)
        continue
      }
      const file = entry.isSymbolicLink() ? linked(root, path) : regular(root, path, entry)
      if (file !== undefined) files.push(file)
      if (files.length > LIMITS.folderFiles) {
        throw new CliError(
          'E_SOURCE_SIZE',
          `${root} holds more than ${LIMITS.folderFiles} files: name the folder of one policy`,
        )
      }
    }
  }
  walk('', 0)
  return { files, sibling: (relative) => siblingOf(root, relative) }
}

/** A folder that a policy extends or uses; whatever is wrong with one that is there is thrown as for the policy itself. */
function siblingOf(root: string, relative: string): PolicySource | undefined {
  const dir = resolve(root, relative)
  return statSync(dir, { throwIfNoEntry: false })?.isDirectory() === true ? folderSource(dir) : undefined
}

function realRoot(dir: string): string {
  let isFolder = false
  try {
    isFolder = statSync(dir).isDirectory()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : ''
    if (code === 'ENOENT') throw noFolder(resolve(dir))
    throw error
  }
  if (!isFolder) throw new CliError('E_SOURCE', `${resolve(dir)} is a file: give the folder that holds it`)
  return realpathSync(dir)
}

/** Names the nearest of what lies beside it. */
export function noFolder(path: string): CliError {
  let beside: string[] = []
  try {
    beside = readdirSync(dirname(path))
  } catch {
    // The folder above is not there either.
  }
  const guess = didYouMean(basename(path), beside)
  return new CliError('E_SOURCE', `there is no folder ${path}${guess}`, 'Give the folder that holds policy.yaml.')
}

function regular(root: string, path: string, entry: Dirent): SourceFile {
  const full = join(root, path)
  if (!entry.isFile())
    throw new CliError('E_SOURCE', `${full} is neither a file nor a folder: a policy cannot carry it, so move it away`)
  const stat = statSync(full)
  return { path, size: stat.size, executable: (stat.mode & 0o111) !== 0, read: reader(full) }
}

/** A link to a folder inside is left out: what it leads to is listed under its own name. */
function linked(root: string, path: string): SourceFile | undefined {
  const outside: SourceFile = { path, size: 0, executable: false, link: 'outside', read: () => new Uint8Array() }
  let target: string
  try {
    target = realpathSync(join(root, path))
  } catch {
    return outside
  }
  if (!target.startsWith(root + sep)) return outside
  const stat = statSync(target)
  if (stat.isDirectory()) return undefined
  if (!stat.isFile()) return outside
  return { path, size: stat.size, executable: (stat.mode & 0o111) !== 0, link: 'inside', read: reader(target) }
}

/** Opens for each read (a bundle has up to 10,000 files), never through a link that was put there since. */
function reader(full: string): SourceFile['read'] {
  return (offset, length) => {
    const fd = openSync(full, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      if (!fstatSync(fd).isFile()) throw new CliError('E_SOURCE', `${full} is no regular file any more`)
      const buffer = Buffer.alloc(length)
      let filled = 0
      while (filled < length) {
        const got = readSync(fd, buffer, filled, length - filled, offset + filled)
        if (got === 0) break
        filled += got
      }
      return buffer.subarray(0, filled)
    } finally {
      closeSync(fd)
    }
  }
}

const byName = (a: Dirent, b: Dirent): number => (a.name < b.name ? -1 : 1)
