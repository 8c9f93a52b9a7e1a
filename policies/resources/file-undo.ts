import { PolicyError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { unedited, type EditUndo } from './edit.ts'
import { setAttributes } from './file-step.ts'
import { Trace, type Original } from './file-trace.ts'
import { KEPT, type TypeContext, type Verdict } from './type.ts'

/** Takes back what a file resource did: what it made goes, what it overwrote comes back. What others claim now stays. */
export function undoFile(context: TypeContext): Verdict {
  const trace = new Trace(context.remembered)
  const free = (path: string): boolean => !context.claimed(`path:${path}`)
  const edits = [...trace.edits].flatMap(([path, undo]) => editBack(context, trace, path, undo))
  const whole = (path: string): boolean => free(path) && !trace.edits.has(path)
  const made = [...leaving(context, [...trace.made].reverse().filter(whole))]
  // Sorted, a folder comes before what was in it.
  const originals = [...trace.originals].filter(([path]) => free(path)).sort(([a], [b]) => (a < b ? -1 : 1))
  const noteLeft = (): void => noteWhatIsLeft(context, [...trace.made].filter(free))
  if (made.length + originals.length + edits.length === 0) {
    noteLeft()
    return KEPT
  }
  return {
    ok: false,
    changes: [
      ...edits.map(({ path }) => `what was edited in ${path}`),
      ...made.map((path) => `removal of ${path}`),
      ...originals.map(([path]) => `${path} as it was before`),
    ],
    async apply() {
      for (const edit of edits) await edit.run()
      for (const path of made) await removeMade(context, path)
      for (const [path, was] of originals) await putBack(context, path, was)
      noteLeft()
    },
  }
}

/** Brings back what the last run that changed something put something else in the place of. */
export function rewindFile(context: TypeContext): Verdict {
  const { last } = new Trace(context.remembered)
  if (last.length === 0) return KEPT
  return {
    ok: false,
    changes: last.map(({ path, was }) => (was === null ? `removal of ${path}` : `${path} as it was before`)),
    async apply() {
      for (const { path, was } of last.toReversed()) await putBack(context, path, was)
    },
  }
}

interface EditBack {
  readonly path: string
  run(): Promise<void>
}

/** A file of others without what was edited in it; if Chorus made it and nothing is left in it, it goes. */
function editBack(context: TypeContext, trace: Trace, path: string, undo: EditUndo): EditBack[] {
  const { host } = context
  const entry = host.lstat(path)
  if (entry?.kind !== 'file' || context.claimed(`path:${path}`)) return []
  const now = host.readFile(path, LIMITS.editBytes)
  const back = unedited(now, undo, path)
  if (back === now) return []
  const run = async (): Promise<void> => {
    await host.backup(path)
    if (back.length === 0 && trace.made.has(path)) return host.unlink(path)
    const staged = host.stage(path, entry)
    staged.write(back)
    await staged.commit()
  }
  return [{ path, run }]
}

/** Folders that still hold something are tried again when other resources have taken theirs away. */
function noteWhatIsLeft(context: TypeContext, made: readonly string[]): void {
  const left = made.filter((path) => context.host.lstat(path) !== null)
  context.remember(left.length === 0 ? null : { made: left, originals: {} })
}

/** Those of the paths, inner ones first, that are there and can go: of folders only those that hold nothing else. */
function leaving({ host }: TypeContext, paths: readonly string[]): Set<string> {
  const going = new Set<string>()
  for (const path of paths) {
    const entry = host.lstat(path)
    if (entry === null) continue
    const inner = entry.kind === 'folder' ? host.readdir(path, LIMITS.folderEntries) : []
    if (inner.every((name) => going.has(`${path}/${name}`))) going.add(path)
  }
  return going
}

/** Removes what Chorus made. A folder stays if it holds something else. */
async function removeMade({ host }: TypeContext, path: string): Promise<void> {
  const entry = host.lstat(path)
  if (entry === null) return
  if (entry.kind === 'folder') {
    if (host.readdir(path, LIMITS.folderEntries).length === 0) host.rmdir(path)
    return
  }
  if (entry.kind === 'file') await host.backup(path)
  host.unlink(path)
}

/** Brings back what was at a path; null: nothing was. @throws PolicyError E_IN_THE_WAY, E_BACKUP and those of the host */
export async function putBack(context: TypeContext, path: string, was: Original | null): Promise<void> {
  const { host } = context
  if (was === null) return removeMade(context, path)
  const entry = host.lstat(path)
  if (was.kind === 'attributes') {
    if (entry !== null && entry.kind !== 'link') setAttributes(host, path, entry, was)
    return
  }
  if (was.kind === 'folder') {
    if (entry === null) host.mkdir(path, was)
    return
  }
  if (entry?.kind === 'folder')
    throw new PolicyError('E_IN_THE_WAY', `${path} is a folder now, so its old content cannot come back`)
  if (was.kind === 'link') return host.symlink(path, was.target)
  if (was.kind === 'lost')
    throw new PolicyError('E_BACKUP', `the old content of ${path} was too large for the backup store`)
  if (entry?.kind === 'file') await host.backup(path)
  await host.restore(was.backup, path, { mode: was.mode, uid: was.uid, gid: was.gid })
}
