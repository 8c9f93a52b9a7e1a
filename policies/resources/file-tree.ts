import { PolicyError } from '../errors.ts'
import { isPromise, type MaybePromise } from '../maybe.ts'
import type { BundleFile } from '../model.ts'
import { folderOf } from './attributes.ts'
import { fileStep } from './file-content.ts'
import { folderStep, Removal, strangers } from './file-folder.ts'
import type { Step, Wishes } from './file-step.ts'
import type { TypeContext } from './type.ts'
import { mustBeComplete } from './purge.ts'

export interface TreeWish {
  readonly path: string
  /** A folder of the bundle. */
  readonly source: string
  readonly purge: boolean
  /** Owner and group are those of everything; the mode is that of the files. */
  readonly wishes: Wishes
  /** Mode of the folders. */
  readonly folderMode: string | undefined
}

/** What has to be done so that a folder holds what a folder of the bundle holds. A path that another resource claims is left to it. */
export function treeSteps(context: TypeContext, tree: TreeWish): MaybePromise<Step[]> {
  const files = filesOf(context, tree)
  const folders = foldersFor(tree.path, files.keys())
  const steps: Step[] = []
  for (const folder of folders) {
    if (folder !== tree.path && context.claimed(`path:${folder}`)) continue
    push(
      steps,
      tree.path,
      folder,
      folderStep(context, folder, { ...tree.wishes, mode: tree.folderMode, freshMode: 0o755 }),
    )
  }
  const waiting: Promise<void>[] = []
  for (const [path, file] of files) {
    if (context.claimed(`path:${path}`)) continue
    const step = fileStep(context, {
      path,
      wanted: { file },
      wishes: { ...tree.wishes, freshMode: file.executable ? 0o755 : 0o644 },
    })
    if (isPromise(step)) waiting.push(step.then((one) => push(steps, tree.path, path, one)))
    else push(steps, tree.path, path, step)
  }
  const finish = (): Step[] => {
    if (tree.purge) purge(context, tree.path, folders, files, steps)
    return steps
  }
  return waiting.length === 0 ? finish() : Promise.all(waiting).then(finish)
}

/** Every path that such a folder has on the host. */
export function treePaths(top: string, source: string, files: readonly string[]): string[] {
  const paths = files.map((path) => top + path.slice(source.length))
  return [...foldersFor(top, paths), ...paths]
}

function push(steps: Step[], top: string, path: string, step: Step | null): void {
  if (step === null) return
  const name = path === top ? '' : `${path.slice(top.length + 1)}: `
  steps.push({ ...step, changes: step.changes.map((change) => name + change) })
}

/** Host path to bundle file. @throws PolicyError E_CONTENT */
function filesOf(context: TypeContext, tree: TreeWish): Map<string, BundleFile> {
  const found = context.content.folder(context.policy, tree.source)
  if (found.length === 0) throw new PolicyError('E_CONTENT', `the bundle has no folder '${tree.source}'`)
  return new Map(found.map((file) => [`${tree.path}${file.path.slice(tree.source.length)}`, file]))
}

/** The folder itself and every folder in it, each after the one it lies in. */
function foldersFor(top: string, files: Iterable<string>): Set<string> {
  const folders = new Set([top])
  for (const path of files) {
    const above: string[] = []
    for (let folder = folderOf(path); !folders.has(folder); folder = folderOf(folder)) above.push(folder)
    for (const folder of above.reverse()) folders.add(folder)
  }
  return folders
}

function purge(
  context: TypeContext,
  top: string,
  folders: ReadonlySet<string>,
  files: ReadonlyMap<string, BundleFile>,
  steps: Step[],
): void {
  const { host } = context
  for (const folder of folders) {
    if (host.lstat(folder)?.kind !== 'folder') continue
    const surplus = strangers(context, folder, (inner) => files.has(inner) || folders.has(inner))
    // What is to be there comes first; then it is said that the rest waits.
    if (surplus.length > 0 && !context.complete && steps.length > 0) return
    if (surplus.length > 0) mustBeComplete(context)
    for (const path of surplus) {
      push(steps, top, path, {
        changes: ['removal, the policy does not have it'],
        run(trace) {
          const entry = host.lstat(path)
          return entry === null
            ? undefined
            : new Removal(context, trace, host.lstat(folder)?.dev ?? entry.dev, true).remove(path, entry, 0)
        },
      })
    }
  }
}
