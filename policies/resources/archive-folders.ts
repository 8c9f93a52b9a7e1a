import { PolicyError } from '../errors.ts'
import type { HostPort } from '../host.ts'
import { LIMITS } from '../limits.ts'
import { folderOf } from './attributes.ts'
import type { TypeContext } from './type.ts'

/**
 * A file in an unpacked folder that says which archive it is: so it is known again also by a host that lost its state. Its
 * name must not be that of a temporary file, or it would be cleaned up.
 */
export const MARKER = '.unpacked-by-chorus'

/** What the marker says; null: the folder is not from an archive. */
export function markerOf(host: HostPort, path: string): string | null {
  const marker = `${path}/${MARKER}`
  if (host.lstat(path)?.kind !== 'folder') return null
  if (host.lstat(marker)?.kind !== 'file') return null
  return new TextDecoder().decode(host.readFile(marker, LIMITS.secretHeaderBytes)).trim()
}

/** Removes a folder with what is in it. Content of an archive can be had again, so none of it goes to the backup store. */
export async function removeTree(context: TypeContext, path: string): Promise<void> {
  const { host } = context
  const top = host.lstat(path)
  if (top === null) return
  let left: number = LIMITS.archiveMembers
  const remove = async (at: string, depth: number): Promise<void> => {
    const entry = host.lstat(at)
    if (entry === null) return
    if (left-- % 1000 === 0) await host.pause()
    if (entry.kind !== 'folder') return host.unlink(at)
    if (entry.dev !== top.dev || depth > LIMITS.folderDepth)
      throw new PolicyError('E_IN_THE_WAY', `${at} is another file system, or nested too deeply, and is not removed`)
    for (const name of host.readdir(at, LIMITS.folderEntries)) await remove(`${at}/${name}`, depth + 1)
    host.rmdir(at)
  }
  await remove(path, 0)
}

/** Of the unpacked archives beside this one the newest stay; never one that a link beside them leads to, or that is claimed. */
export async function removeOld(context: TypeContext, path: string, keep: number): Promise<void> {
  const { host } = context
  const above = folderOf(path)
  const all = host.readdir(above, LIMITS.folderEntries).map((name) => `${above === '/' ? '' : above}/${name}`)
  const inUse = new Set(
    all.flatMap((one) => {
      if (host.lstat(one)?.kind !== 'link') return []
      const target = host.readlink(one)
      return [target.startsWith('/') ? target : `${above}/${target}`]
    }),
  )
  const unpacked = all
    .filter((one) => one !== path && markerOf(host, one) !== null)
    .map((one) => ({ one, time: host.lstat(`${one}/${MARKER}`)?.ctimeMs ?? 0 }))
    .sort((a, b) => b.time - a.time)
  for (const { one } of unpacked.slice(keep - 1)) {
    if (!inUse.has(one) && !context.claimed(`path:${one}`)) await removeTree(context, one)
  }
}
