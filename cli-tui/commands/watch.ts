import type { ControlEvent } from '../../node/control/index.ts'
import type { Context, Invocation } from '../command.ts'
import { EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { daemonOf } from '../mesh/daemon.ts'
import type { Paint } from '../out/paint.ts'
import { safe, stamp } from '../out/text.ts'

/** `chorus watch --json`: one line an event. */
export interface EventOutput {
  readonly at: number
  readonly event: string
  readonly level: string
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

const LEVELS = ['debug', 'info', 'warn', 'error'] as const
const STYLE = { debug: 'dim', info: 'blue', warn: 'yellow', error: 'red' } as const

export async function run(context: Context, { options }: Invocation): Promise<Exit> {
  const least = LEVELS.findIndex((level) => level === (options.text('level') ?? 'info'))
  const kinds = options.list('kind')
  const client = await daemonOf(context)
  try {
    for await (const event of client.events(context.io.signal)) {
      if (LEVELS.indexOf(event.level) < least || (kinds.length > 0 && !kinds.includes(event.kind))) continue
      const { at, kind, level, message, fields } = event
      context.out.item<EventOutput>('event', { at, event: kind, level, message, fields }, (_data, paint) =>
        line(event, paint, context.io.stdout.isTTY),
      )
    }
  } catch (error) {
    // Ctrl-C is how watching ends.
    if (!context.io.signal.aborted) throw error
  }
  return EXIT.done
}

/** Kinds are of at most this many letters, but for a few: columns on a terminal, single spaces elsewhere. */
const KIND = 14

const line = (event: ControlEvent, paint: Paint, isTerminal: boolean): string =>
  [
    paint('dim', stamp(event.at)),
    paint(STYLE[event.level], isTerminal ? event.level.padEnd(5) : event.level),
    paint('bold', isTerminal ? safe(event.kind).padEnd(KIND) : safe(event.kind)),
    safe(event.message),
  ].join(' ')
