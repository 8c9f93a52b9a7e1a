import { PolicyError } from '../errors.ts'
import { TEMPORARY_PREFIX, type Entry } from '../host.ts'
import { LIMITS } from '../limits.ts'
import {
  attributeChanges,
  attributesFor,
  attributeStep,
  makeFoldersAbove,
  refuse,
  setAttributes,
  type Step,
  type Wishes,
} from './file-step.ts'
import type { Trace } from './file-trace.ts'
import type { TypeContext } from './type.ts'

/** What has to be done so that `path` is a folder; null if nothing. */
export function folderStep(context: TypeContext, path: string, wishes: Wishes): Step | null {
  const { host } = context
  const entry = host.lstat(path)
  if (entry === null) {
    return {
      changes: ['new folder'],
      makes: path,
      run(trace) {
        makeFoldersAbove(context, path, trace)
        const attributes = attributesFor(context, null, wishes)
        trace.add(path)
        trace.intend(context)
        try {
          host.mkdir(path, attributes)
        } catch (error) {
          trace.forgetNew(path)
          throw error
        }
      },
    }
  }
  if (entry.kind !== 'folder') return refuse(path, entry, 'a folder')
  return attributeStep(context, path, entry, wishes)
}

/** What has to be done so that `path` is a link to `target`; null if nothing. */
export function linkStep(context: TypeContext, path: string, target: string, wishes: Wishes): Step | null {
  const { host } = context
  const entry = host.lstat(path)
  const own = (): void => {
    const made = host.lstat(path)
    if (made !== null) setAttributes(host, path, made, attributesFor(context, made, { ...wishes, mode: undefined }))
  }
  if (entry?.kind === 'link' && host.readlink(path) === target) {
    const changes = attributeChanges(host, entry, wishes)
    return changes.length === 0 ? null : { changes, run: own }
  }
  if (entry !== null && entry.kind !== 'link' && entry.kind !== 'file') return refuse(path, entry, 'a link')
  const before = entry?.kind === 'link' ? ` (was ${host.readlink(path)})` : entry === null ? '' : ' (was a file)'
  return {
    changes: [context.sensitive ? 'a link' : `link to ${target}${before}`],
    async run(trace) {
      if (entry === null) makeFoldersAbove(context, path, trace)
      else await trace.keep(host, path, entry)
      if (entry === null) trace.add(path)
      trace.intend(context)
      try {
        host.symlink(path, target)
      } catch (error) {
        if (entry === null) trace.forgetNew(path)
        throw error
      }
      own()
    },
  }
}

/**
 * What has to be done so that nothing is at `path`; null if nothing.
 *
 * @param recursive a folder goes with everything in it; otherwise only an empty one goes
 */
export function absentStep(context: TypeContext, path: string, recursive: boolean): Step | null {
  const { host } = context
  const entry = host.lstat(path)
  if (entry === null) return null
  if (entry.kind === 'folder' && !recursive && host.readdir(path, LIMITS.folderEntries).length > 0) {
    throw new PolicyError(
      'E_IN_THE_WAY',
      `${path} is a folder that is not empty; say recursive: true to remove it with everything in it`,
    )
  }
  return {
    changes: [entry.kind === 'folder' ? 'removal of the folder' : 'removal'],
    run: (trace) => new Removal(context, trace, entry.dev, false).remove(path, entry, 0),
  }
}

/** Removal of things one by one, files to the backup store first. Stays on one file system, never passes a link. */
export class Removal {
  readonly #context: TypeContext
  readonly #trace: Trace
  readonly #device: number
  readonly #sparesClaimed: boolean
  #left: number = LIMITS.folderEntries

  /** @param sparesClaimed leave what another resource claims, and the folders that hold it */
  constructor(context: TypeContext, trace: Trace, device: number, sparesClaimed: boolean) {
    this.#context = context
    this.#trace = trace
    this.#device = device
    this.#sparesClaimed = sparesClaimed
  }

  async remove(path: string, entry: Entry, depth: number): Promise<void> {
    const { host } = this.#context
    if (this.#sparesClaimed && this.#context.claimed(`path:${path}`)) return
    if (this.#left-- <= 0)
      throw new PolicyError('E_TOO_LARGE', `${path}: a removal takes at most ${LIMITS.folderEntries} things away`)
    if (entry.kind !== 'folder') {
      await this.#trace.keep(host, path, entry)
      host.unlink(path)
      this.#trace.forget(path)
      return
    }
    if (entry.dev !== this.#device)
      throw new PolicyError('E_IN_THE_WAY', `${path} is another file system that is mounted there`)
    if (depth > LIMITS.folderDepth) throw new PolicyError('E_TOO_LARGE', `${path} is nested too deeply to be removed`)
    for (const name of host.readdir(path, LIMITS.folderEntries)) {
      const inner = `${path}/${name}`
      const found = host.lstat(inner)
      if (found !== null) await this.remove(inner, found, depth + 1)
    }
    if (this.#sparesClaimed && host.readdir(path, LIMITS.folderEntries).length > 0) return
    await this.#trace.keep(host, path, entry)
    host.rmdir(path)
    this.#trace.forget(path)
  }
}

/** What in a folder is neither wanted, nor claimed by another resource, nor being written just now. */
export function strangers(context: TypeContext, path: string, wanted: (path: string) => boolean): string[] {
  return innerPaths(context, path).filter((inner) => !wanted(inner) && !isClaimed(context, inner, 0))
}

/** Whether another resource claims the path, or everything in it if it is a folder with something in it. */
function isClaimed(context: TypeContext, path: string, depth: number): boolean {
  if (context.claimed(`path:${path}`)) return true
  if (depth > LIMITS.folderDepth || context.host.lstat(path)?.kind !== 'folder') return false
  const inner = innerPaths(context, path)
  return inner.length > 0 && inner.every((one) => isClaimed(context, one, depth + 1))
}

function innerPaths(context: TypeContext, path: string): string[] {
  const names = context.host.readdir(path, LIMITS.folderEntries)
  return names.filter((name) => !name.startsWith(TEMPORARY_PREFIX)).map((name) => `${path}/${name}`)
}
