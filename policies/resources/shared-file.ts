import { LIMITS } from '../limits.ts'
import { andThen, type MaybePromise } from '../maybe.ts'
import { fileStep } from './file-content.ts'
import { refuse, type Step } from './file-step.ts'
import { Trace } from './file-trace.ts'
import { TextFile } from './text-file.ts'
import type { Gathered, TypeContext } from './type.ts'

/** Gives the lines that a file that others own should have; the same array if it is right. */
export type LineEdit = (lines: readonly string[]) => readonly string[]

/** What has to be done to a file of lines, such as /etc/hosts, as it is now; null if nothing. */
export function lineEditStep(context: TypeContext, path: string, edit: LineEdit): MaybePromise<Step | null> {
  const file = fileOfOthers(context, path)
  const wanted = edit(file.lines)
  if (wanted === file.lines) return null
  const bytes = file.with(wanted)
  return fileStep(context, { path, wanted: { bytes }, wishes: { freshMode: 0o644 } })
}

/** Edits it, one resource after the other: each reads what the one before it has written. */
export async function editLines(context: TypeContext, path: string, edit: LineEdit): Promise<void> {
  await context.gather(`lines of ${path}`, { context, edit }, async (items) => {
    const results: Gathered[] = []
    for (const one of items) {
      try {
        const step = await andThen(lineEditStep(one.context, path, one.edit), (found) => found)
        await step?.run(new Trace(null))
        results.push({})
      } catch (error) {
        results.push(error instanceof Error ? error : new Error(String(error)))
      }
    }
    return results
  })
}

/** Nothing of it may be lost: what stands in its place is not taken for an empty file. @throws PolicyError E_IN_THE_WAY */
export function fileOfOthers({ host }: TypeContext, path: string): TextFile {
  const entry = host.lstat(path)
  if (entry === null) return new TextFile(new Uint8Array(0))
  if (entry.kind !== 'file') return refuse(path, entry, 'a file that can be edited')
  return new TextFile(host.readFile(path, LIMITS.tableBytes))
}
