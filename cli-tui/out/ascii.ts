import { marksFor } from '../top/marks.ts'
import { width } from './text.ts'
import type { Io, Sink } from '../io.ts'

/** Each as wide as what it stands for, so that tables stay aligned. */
const SIGNS: Readonly<Record<string, string>> = {
  '●': '*',
  '○': 'o',
  '◐': '<',
  '▽': 'v',
  '▲': '!',
  '✗': 'x',
  '✓': '+',
  '≠': '#',
  '‖': '=',
  '…': '~',
  '·': '.',
  '↻': '@',
  '→': '>',
  '≈': '~',
  '▸': '>',
  '─': '-',
  '│': '|',
  '├': '|',
  '└': '`',
  '█': '#',
  '░': '.',
}

/** Signs of ours as ASCII; text of others, which this terminal cannot show, as question marks. */
export const asciiOf = (text: string): string =>
  // oxlint-disable-next-line no-control-regex
  text.replace(/[^\u0000-\u007f]/gu, (char) => SIGNS[char] ?? '?'.repeat(width(char)))

/** A world whose terminals get only what their locale can show. What goes to a file or a pipe is data and stays as it is. */
export function forLocale(io: Io): Io {
  if (!marksFor(io.env).ascii) return io
  return { ...io, stdout: plain(io.stdout), stderr: plain(io.stderr) }
}

const plain = (sink: Sink): Sink =>
  sink.isTTY
    ? {
        isTTY: true,
        get columns() {
          return sink.columns
        },
        write: (text) => sink.write(asciiOf(text)),
      }
    : sink
