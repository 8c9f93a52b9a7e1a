import { LIMITS } from '../limits.ts'
import { andThen, type MaybePromise } from '../maybe.ts'
import { fileStep } from './file-content.ts'
import type { Step } from './file-step.ts'
import { Trace } from './file-trace.ts'
import type { Gathered, TypeContext } from './type.ts'

/** Gives the lines that a file that others own should have; the same array if it is right. */
export type LineEdit = (lines: readonly string[]) => readonly string[]

/** What has to be done to a file of lines, such as /etc/hosts, as it is now; null if nothing. */
export function lineEditStep(context: TypeContext, path: string, edit: LineEdit): MaybePromise<Step | null> {
  const { host } = context
  const is = host.lstat(path)?.kind === 'file' ? linesOf(host.readFile(path, LIMITS.tableBytes)) : []
  const wanted = edit(is)
  if (wanted === is) return null
  const bytes = new TextEncoder().encode(wanted.map((line) => `${line}\n`).join(''))
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

function linesOf(bytes: Uint8Array): readonly string[] {
  const lines = new TextDecoder().decode(bytes).split('\n')
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines
}
