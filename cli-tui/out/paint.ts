import { styleText } from 'node:util'
import type { Io, Sink } from '../io.ts'

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'cyan' | 'magenta'

/** Colours text, or leaves it alone. */
export type Paint = (style: Style | readonly Style[], text: string) => string

const plain: Paint = (_style, text) => text
const coloured: Paint = (style, text) =>
  styleText(typeof style === 'string' ? style : [...style], text, { validateStream: false })

/** NO_COLOR (https://no-color.org: set and not empty) wins over FORCE_COLOR; else colour only on a terminal that is not "dumb". */
export function wantsColour(env: Io['env'], sink: Sink): boolean {
  if ((env['NO_COLOR'] ?? '') !== '') return false
  const force = env['FORCE_COLOR']
  if (force !== undefined && force !== '') return force !== '0'
  return sink.isTTY && env['TERM'] !== 'dumb'
}

export const paintFor = (env: Io['env'], sink: Sink): Paint => (wantsColour(env, sink) ? coloured : plain)
