import { isatty } from 'node:tty'
import { pino } from 'pino'
import type { Logger } from 'pino'
import type { ControlEvent } from '../control/index.ts'
import type { DaemonOptions } from './types.ts'

/** JSON lines for machines; for a terminal one readable line an event. */
export function createLog(options: DaemonOptions['log'] = {}, node: string): Logger {
  const write = options.write ?? ((line: string) => void process.stderr.write(line))
  const pretty = options.pretty ?? (options.write === undefined && isatty(2))
  const colour = pretty && options.write === undefined && !process.env['NO_COLOR']
  const stream = { write: pretty ? (line: string) => write(`${prettyLine(line, colour)}\n`) : write }
  return pino({ level: options.level ?? 'info', base: { node }, timestamp: pino.stdTimeFunctions.isoTime }, stream)
}

/** An event as a log line: its kind and fields are the line's own. */
export function logEvent(log: Logger, event: ControlEvent): void {
  log[event.level]({ kind: event.kind, ...event.fields }, event.message)
}

const LEVELS: Readonly<Record<number, readonly [name: string, colour: number]>> = {
  20: ['debug', 90],
  30: ['info', 36],
  40: ['warn', 33],
  50: ['error', 31],
  60: ['fatal', 31],
}

/** Fields that the pretty line shows by other means. */
const OWN = new Set(['level', 'time', 'node', 'msg', 'kind'])

/** "12:00:00 warn  bundle-refused  The sentence.  policy=web/site code=E_TOO_LARGE" */
export function prettyLine(json: string, colour: boolean): string {
  const fields: unknown = JSON.parse(json)
  if (typeof fields !== 'object' || fields === null) return json.trimEnd()
  const get = (name: string): unknown => Reflect.get(fields, name)
  const [level, code] = LEVELS[Number(get('level'))] ?? ['info', 36]
  const paint = (text: string, sgr: number): string => (colour ? `\u001B[${sgr}m${text}\u001B[0m` : text)
  const rest = Object.entries(fields)
    .filter(([name]) => !OWN.has(name))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ')
  const time = new Date(String(get('time'))).toTimeString().slice(0, 8)
  const kind = get('kind')
  const message = [
    paint(time, 90),
    paint(level.padEnd(5), code),
    ...(typeof kind === 'string' ? [kind] : []),
    textOf(get('msg')),
    ...(rest === '' ? [] : [paint(rest, 90)]),
  ].join(' ')
  // One event, one line, whatever a peer put into a field.
  // oxlint-disable-next-line no-control-regex
  return message.replaceAll(/[\u0000-\u0008\u000A-\u001A\u001C-\u001F\u007F]/g, ' ')
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
