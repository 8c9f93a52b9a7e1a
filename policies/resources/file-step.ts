import { PolicyError } from '../errors.ts'
import type { Attributes, Entry, HostPort } from '../host.ts'
import type { MaybePromise } from '../maybe.ts'
import { folderOf, formatMode, parseMode } from './attributes.ts'
import type { Trace } from './file-trace.ts'
import type { TypeContext } from './type.ts'

/** One thing that has to be done to a path; a file resource is a list of them. */
export interface Step {
  readonly changes: readonly string[]
  readonly diff?: string
  /** The path that it makes, if nothing is there yet. */
  readonly makes?: string
  /** Does it, and notes in the trace what was made and overwritten. */
  run(trace: Trace): MaybePromise<void>
}

/** Mode and owner as the policy wants them; what it does not say stays as it is. */
export interface Wishes {
  readonly mode?: string | undefined
  readonly owner?: string | undefined
  readonly group?: string | undefined
  /** Mode of what is new and has no mode of its own. */
  readonly freshMode: number
}

/** What mode and owner differ in, as phrases. An account that is not there yet differs. */
export function attributeChanges(host: HostPort, entry: Entry, wishes: Wishes): string[] {
  const changes: string[] = []
  if (wishes.mode !== undefined && entry.kind !== 'link' && parseMode(wishes.mode) !== entry.mode) {
    changes.push(`mode ${formatMode(entry.mode)} -> ${formatMode(parseMode(wishes.mode))}`)
  }
  if (wishes.owner !== undefined && account(wishes.owner, (name) => host.uidOf(name)) !== entry.uid) {
    changes.push(`owner ${host.userName(entry.uid)} -> ${wishes.owner}`)
  }
  if (wishes.group !== undefined && account(wishes.group, (name) => host.gidOf(name)) !== entry.gid) {
    changes.push(`group ${host.groupName(entry.gid)} -> ${wishes.group}`)
  }
  return changes
}

/**
 * Mode and owner in numbers.
 *
 * @param entry what is there now, or null
 * @throws PolicyError E_ACCOUNT, E_SCOPE (set-uid or set-gid bits by an author whose grant confines)
 */
export function attributesFor(context: TypeContext, entry: Entry | null, wishes: Wishes): Attributes {
  const { host } = context
  const mode = wishes.mode === undefined ? (entry?.mode ?? wishes.freshMode) : parseMode(wishes.mode)
  if (context.confined && wishes.mode !== undefined && (mode & 0o6000) !== 0) {
    throw new PolicyError(
      'E_SCOPE',
      `mode ${formatMode(mode)} has set-uid or set-gid bits, which a confined grant cannot set`,
    )
  }
  return {
    mode,
    uid:
      wishes.owner === undefined ? (entry?.uid ?? host.uid) : known('user', wishes.owner, (name) => host.uidOf(name)),
    gid:
      wishes.group === undefined ? (entry?.gid ?? host.gid) : known('group', wishes.group, (name) => host.gidOf(name)),
  }
}

function account(name: string, find: (name: string) => number | null): number | null {
  return /^\d{1,10}$/.test(name) ? Number(name) : find(name)
}

function known(what: string, name: string, find: (name: string) => number | null): number {
  const id = account(name, find)
  if (id === null) throw new PolicyError('E_ACCOUNT', `there is no ${what} '${name}' on this host`)
  return id
}

/** Changes mode and owner of what is there. A change of owner clears set-uid bits, so the mode comes after it. */
export function setAttributes(host: HostPort, path: string, entry: Entry, wanted: Attributes): void {
  const owner = entry.uid !== wanted.uid || entry.gid !== wanted.gid
  if (owner) host.chown(path, wanted.uid, wanted.gid)
  if (entry.kind !== 'link' && (entry.mode !== wanted.mode || (owner && (wanted.mode & 0o6000) !== 0))) {
    host.chmod(path, wanted.mode)
  }
}

/** Mode and owner of what is there, as a step; null if they are right. What they were comes back with `undo`. */
export function attributeStep(context: TypeContext, path: string, entry: Entry, wishes: Wishes): Step | null {
  const { host } = context
  const changes = attributeChanges(host, entry, wishes)
  if (changes.length === 0) return null
  return {
    changes,
    run(trace) {
      const wanted = attributesFor(context, entry, wishes)
      trace.keepAttributes(path, entry, context.corrective)
      trace.intend(context)
      setAttributes(host, path, entry, wanted)
    },
  }
}

/** Makes the folders above a path that are missing, with mode 0755 and the daemon's own user. */
export function makeFoldersAbove(context: TypeContext, path: string, trace: Trace): void {
  const { host } = context
  const missing: string[] = []
  let folder = folderOf(path)
  for (; folder !== '/' && host.lstat(folder) === null; folder = folderOf(folder)) missing.push(folder)
  if (missing.length === 0) return
  missing.reverse()
  for (const one of missing) trace.add(one)
  trace.intend(context)
  for (const [i, one] of missing.entries()) {
    try {
      host.mkdir(one, { mode: 0o755, uid: host.uid, gid: host.gid })
    } catch (error) {
      for (const rest of missing.slice(i)) trace.forgetNew(rest)
      throw error
    }
  }
}

/** @throws PolicyError E_IN_THE_WAY */
export function refuse(path: string, entry: Entry, wanted: string): never {
  const is = { file: 'a file', folder: 'a folder', link: 'a link', other: 'a device, pipe or socket' }[entry.kind]
  throw new PolicyError('E_IN_THE_WAY', `${path} is ${is}, so it cannot become ${wanted}; move it away first`)
}
