import type { ShownError } from '../errors.ts'
import type { Io } from '../io.ts'
import type { Paint } from './paint.ts'
import { paintFor } from './paint.ts'
import type { Progress } from './progress.ts'
import { startProgress } from './progress.ts'
import { safe } from './text.ts'

/** Version of every `--json` shape. It goes up when a field changes meaning or goes away; a new field does not raise it. */
export const JSON_VERSION = 1

/**
 * Results go to stdout, everything else to stderr. With `--json` a result is one JSON document `{v, kind, ...}`; a command that streams
 * writes one per line. The human form is made only when it is wanted.
 */
export interface Output {
  readonly json: boolean
  readonly paint: Paint
  /** Colours for stderr, which may be a terminal when stdout is not. */
  readonly paintNote: Paint
  /** The one result of a command. */
  result<T extends object>(kind: string, data: T, human: (data: T, paint: Paint) => string): void
  /** One of many results: a JSON line, or a line of text. */
  item<T extends object>(kind: string, data: T, human: (data: T, paint: Paint) => string): void
  /** A message for people, on stderr. */
  note(text: string): void
  warn(text: string): void
  error(error: ShownError): void
  /** A line that says what is going on, on stderr, on a terminal only. */
  progress(label: string): Progress
}

export function outputFor(io: Io, json: boolean): Output {
  const paint = paintFor(io.env, io.stdout)
  const paintNote = paintFor(io.env, io.stderr)
  const document = (kind: string, data: object, indent: number): string =>
    `${JSON.stringify({ v: JSON_VERSION, kind, ...data }, undefined, indent)}\n`
  const show = (human: string): void => {
    if (human !== '') io.stdout.write(human.endsWith('\n') ? human : `${human}\n`)
  }
  return {
    json,
    paint,
    paintNote,
    result: (kind, data, human) => (json ? io.stdout.write(document(kind, data, 2)) : show(human(data, paint))),
    item: (kind, data, human) => (json ? io.stdout.write(document(kind, data, 0)) : show(human(data, paint))),
    note: (text) => io.stderr.write(`${text}\n`),
    warn: (text) => io.stderr.write(`${paintNote('yellow', 'warning:')} ${text}\n`),
    error: (error) => {
      if (json) {
        const { code, message, hint } = error
        io.stdout.write(
          `${JSON.stringify({ v: JSON_VERSION, kind: 'error', code, message, ...(hint === undefined ? {} : { hint }) })}\n`,
        )
      }
      io.stderr.write(`${paintNote('red', `chorus: ${error.code}:`)} ${safe(error.message, true)}\n`)
      if (error.hint !== undefined)
        io.stderr.write(`${paintNote('dim', `  ${safe(error.hint, true).replaceAll('\n', '\n  ')}`)}\n`)
    },
    progress: (label) => startProgress(io, label),
  }
}
