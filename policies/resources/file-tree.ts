import { HostError, type Ownership } from '../host.ts'
import { equalsSource } from './file-content.ts'
import { RESOURCE_LIMITS } from './limits.ts'
import type { BundleFiles, ResourceContext } from './type.ts'

type Folder = ReturnType<BundleFiles['folder']>

/** What differs below a directory that gets the files of a bundle's folder, as short sentences. */
export async function checkTree(
  path: string,
  source: string,
  purge: boolean,
  there: boolean,
  context: ResourceContext,
): Promise<string[]> {
  const folder = folderOf(source, context)
  const changes: string[] = []
  for (const { relative } of there ? await differing(path, folder, context) : folder)
    changes.push(`${relative} differs or is missing`)
  if (purge && there)
    for (const extra of extras(path, folder, context)) changes.push(`${extra} is not in the policy, to be removed`)
  const more = changes.length - RESOURCE_LIMITS.treeChanges
  return more > 0 ? [...changes.slice(0, RESOURCE_LIMITS.treeChanges), `and ${more} more`] : changes
}

export async function applyTree(
  path: string,
  source: string,
  purge: boolean,
  how: Ownership,
  context: ResourceContext,
): Promise<void> {
  const { host, files } = context
  const folder = folderOf(source, context)
  if (purge) for (const extra of extras(path, folder, context)) removeAll(`${path}/${extra}`, context)
  for (const { relative, file } of await differing(path, folder, context)) {
    const target = `${path}/${relative}`
    makeParents(path, relative, how, context)
    const stat = host.lstat(target)
    if (stat?.kind === 'directory') removeAll(target, context)
    else if (stat?.kind === 'file') host.backup(target)
    const mode = file.executable ? 0o755 : 0o644
    await host.writeStream(target, files.open(file), { mode, uid: how.uid, gid: how.gid }, null)
  }
}

async function differing(path: string, folder: Folder, context: ResourceContext): Promise<Folder> {
  const found = []
  for (const entry of folder) {
    const target = `${path}/${entry.relative}`
    const stat = parentsAreDirectories(path, entry.relative, context) ? context.host.lstat(target) : null
    if (stat?.kind !== 'file' || !(await equalsSource(target, stat, entry.file, context))) found.push(entry)
  }
  return found
}

/** A link among the parents would lead out of the directory: what lies behind it is not ours. */
function parentsAreDirectories(path: string, relative: string, { host }: ResourceContext): boolean {
  return parentsBelow(relative).every((parent) => host.lstat(`${path}/${parent}`)?.kind === 'directory')
}

function makeParents(path: string, relative: string, how: Ownership, context: ResourceContext): void {
  const { host } = context
  for (const parent of parentsBelow(relative)) {
    const target = `${path}/${parent}`
    const stat = host.lstat(target)
    if (stat?.kind === 'directory') continue
    if (stat !== null) {
      if (stat.kind === 'file') host.backup(target)
      host.removeFile(target)
    }
    host.makeDirectory(target, { mode: 0o755, uid: how.uid, gid: how.gid })
  }
}

/** `a/b/c` gives `a` and `a/b`. */
function parentsBelow(relative: string): string[] {
  const parts = relative.split('/')
  return parts.slice(0, -1).map((_, i) => parts.slice(0, i + 1).join('/'))
}

/** What is below the directory and neither in the folder nor a directory that leads to something in it. Links are not followed. */
function extras(path: string, folder: Folder, { host }: ResourceContext): string[] {
  const files = new Set(folder.map(({ relative }) => relative))
  const directories = new Set(folder.flatMap(({ relative }) => parentsBelow(relative)))
  const found: string[] = []
  let entries = 0
  const walk = (below: string, depth: number): void => {
    for (const name of host.list(below === '' ? path : `${path}/${below}`)) {
      const relative = below === '' ? name : `${below}/${name}`
      if (++entries > RESOURCE_LIMITS.treeEntries || depth > RESOURCE_LIMITS.treeDepth) {
        throw new HostError(
          'E_TOO_LARGE',
          `${path} holds more than ${RESOURCE_LIMITS.treeEntries} entries or ${RESOURCE_LIMITS.treeDepth} levels; purge a smaller directory`,
        )
      }
      const kind = host.lstat(`${path}/${relative}`)?.kind
      if (kind === 'directory' && directories.has(relative)) walk(relative, depth + 1)
      else if (!files.has(relative) && !(kind === 'directory' && directories.has(relative))) found.push(relative)
    }
  }
  walk('', 0)
  return found
}

function removeAll(path: string, context: ResourceContext): void {
  const { host } = context
  const stat = host.lstat(path)
  if (stat === null) return
  if (stat.kind !== 'directory') {
    if (stat.kind === 'file') host.backup(path)
    return host.removeFile(path)
  }
  for (const name of host.list(path)) removeAll(`${path}/${name}`, context)
  host.removeDirectory(path)
}

function folderOf(source: string, { files }: ResourceContext): Folder {
  const folder = files.folder(source)
  if (folder.length === 0)
    throw new HostError('E_MISSING', `the bundle has no folder '${source}'; publish the policy again`)
  return folder
}
