import { PolicyError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { Outcome } from '../model.ts'
import type { Change } from '../resources/type.ts'

/** One sentence of at most `LIMITS.reasonChars` from phrases. */
export function reasonOf(changes: readonly string[], note?: string): string {
  const shown = changes.slice(0, LIMITS.changesShown).join(', ')
  const rest = changes.length - LIMITS.changesShown
  const text = rest > 0 ? `${shown} and ${rest} more` : shown
  return cut(note === undefined || note === '' ? text : `${text}: ${note}`)
}

function cut(text: string): string {
  return text.length <= LIMITS.reasonChars ? text : `${text.slice(0, LIMITS.reasonChars - 4)} ...`
}

export interface About {
  readonly policy: string
  readonly key: string
  readonly cause?: 'wanted' | 'corrective'
  readonly sensitive: boolean
}

export function kept({ policy, key }: About, reason = 'as it should be'): Outcome {
  return { policy, key, state: 'kept', reason }
}

export function changed(
  about: About & { readonly cause: 'wanted' | 'corrective' },
  changes: readonly Change[],
  note?: string,
): Outcome {
  const { policy, key, cause, sensitive } = about
  const diff = sensitive ? '' : changes.map((change) => change.diff ?? '').join('')
  return {
    policy,
    key,
    state: cause === 'wanted' ? 'changed' : 'repaired',
    cause,
    reason: reasonOf(
      changes.flatMap((change) => change.changes),
      note,
    ),
    ...(diff === '' ? {} : { diff }),
  }
}

export function notDone(
  { policy, key, cause }: About,
  state: 'failed' | 'skipped' | 'waiting',
  code: string,
  reason: string,
): Outcome {
  return { policy, key, state, ...(cause === undefined ? {} : { cause }), code, reason: cut(reason) }
}

/** What is done later, when nothing is wrong any more that the resource can do anything about. */
const WAITS: ReadonlySet<string> = new Set(['E_CANCELLED', 'E_INCOMPLETE'])

/** What became of a resource whose check or work threw. Anything but a PolicyError is a fault of the type. */
export function failed(about: About, error: unknown): Outcome {
  if (error instanceof PolicyError) {
    return notDone(about, WAITS.has(error.code) ? 'waiting' : 'failed', error.code, error.message)
  }
  return notDone(about, 'failed', 'E_INTERNAL', error instanceof Error ? error.message : String(error))
}
