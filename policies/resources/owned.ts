import { andThen, type MaybePromise } from '../maybe.ts'
import type { Value } from '../model.ts'
import { fileStep, type Wanted } from './file-content.ts'
import { absentStep } from './file-folder.ts'
import type { Step } from './file-step.ts'
import { Trace } from './file-trace.ts'
import { putBack, rewindFile, undoFile } from './file-undo.ts'
import { fieldsOf } from './remembered.ts'
import { KEPT, type TypeContext, type Verdict } from './type.ts'

/** A file that belongs to a resource of another type alone: its whole content, or its absence. */
export interface OwnedFile {
  readonly path: string
  /** null: it must not be there. */
  readonly content: string | Wanted | null
  /** @default 0644 */
  readonly mode?: string
}

/** What follows when files are in place, and what else there is to do. */
export interface Afterwards {
  /** More phrases of what changes. */
  readonly changes?: readonly string[]
  /** Runs if any file or any of `changes` is to change; `files`: a file was. What it throws puts the files back. */
  /** Remembered beside what is needed to take the files back. */
  readonly note?: Readonly<Record<string, Value>>
  readonly run?: (files: boolean) => MaybePromise<void>
}

/** Compares files with what they should be, one after the other. */
export function ownedVerdict(
  context: TypeContext,
  files: readonly OwnedFile[],
  after: Afterwards = {},
): MaybePromise<Verdict> {
  const steps = files.reduce<MaybePromise<readonly Step[]>>(
    (known, file) =>
      andThen(known, (before) =>
        andThen(stepFor(context, file), (step) =>
          step === null ? before : [...before, files.length > 1 ? withPath(step, file.path) : step],
        ),
      ),
    [],
  )
  return andThen(steps, (list) => verdictOf(context, list, after))
}

function withPath(step: Step, path: string): Step {
  return { ...step, changes: step.changes.map((change) => `${path}: ${change}`) }
}

const encoded = new Map<string, Uint8Array>()
/** Contents known as bytes, so that an unchanged file is recognised by the object; the oldest go. */
const ENCODED_MAX = 4_096

function bytesOf(content: string): Uint8Array {
  const known = encoded.get(content)
  if (known !== undefined) return known
  const bytes = new TextEncoder().encode(content)
  const [oldest] = encoded.keys()
  if (encoded.size >= ENCODED_MAX && oldest !== undefined) encoded.delete(oldest)
  encoded.set(content, bytes)
  return bytes
}

function stepFor(context: TypeContext, { path, content, mode = '0644' }: OwnedFile): MaybePromise<Step | null> {
  if (content === null) return absentStep(context, path, false)
  const wanted = typeof content === 'string' ? { bytes: bytesOf(content) } : content
  return fileStep(context, { path, wanted, wishes: { mode, owner: '0', group: '0', freshMode: 0o644 } })
}

function verdictOf(
  context: TypeContext,
  steps: readonly Step[],
  { changes = [], run, note = {} }: Afterwards,
): Verdict {
  if (steps.length + changes.length === 0) return KEPT
  const diff = steps.map((step) => step.diff ?? '').join('')
  return {
    ok: false,
    changes: [...steps.flatMap((step) => step.changes), ...changes],
    ...(diff === '' ? {} : { diff }),
    async apply() {
      const trace = new Trace(context.remembered)
      try {
        for (const step of steps) await step.run(trace)
        await run?.(steps.length > 0)
      } catch (error) {
        for (const { path, was } of trace.replaced.toReversed()) await putBack(context, path, was)
        throw error
      }
      context.remember({ ...fieldsOf(trace.asValue()), ...note })
    },
  }
}

/** Takes the files of a resource back, and does what follows. */
export function undoOwned(context: TypeContext, after?: () => MaybePromise<void>): Verdict {
  return following(undoFile(context), after)
}

export function rewindOwned(context: TypeContext, after?: () => MaybePromise<void>): Verdict {
  return following(rewindFile(context), after)
}

function following(verdict: Verdict, after: (() => MaybePromise<void>) | undefined): Verdict {
  if (verdict.ok) return verdict
  return {
    ...verdict,
    async apply() {
      await verdict.apply()
      await after?.()
    },
  }
}
