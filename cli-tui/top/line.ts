import { safe, width } from '../out/text.ts'
import type { Marks } from './marks.ts'

/** How text stands out. Colour only ever repeats what a word or sign says. */
export type Tone = 'plain' | 'dim' | 'bold' | 'good' | 'warn' | 'bad' | 'info' | 'accent' | 'chosen'

export interface Span {
  readonly text: string
  readonly tone: Tone
}

/** One row of the screen, before it is cut to the screen's width. */
export type Line = readonly Span[]

export const span = (text: string, tone: Tone = 'plain'): Span => ({ text, tone })
export const line = (text: string, tone: Tone = 'plain'): Line => [{ text, tone }]
export const BLANK: Line = []

/** SGR of the 16 colours that every terminal has; its theme decides how they look. */
const SGR: Readonly<Record<Tone, string>> = {
  plain: '',
  dim: '2',
  bold: '1',
  good: '32',
  warn: '33',
  bad: '1;31',
  info: '36',
  accent: '35',
  chosen: '7',
}

const PRINTABLE = /^[\u0020-\u007e]*$/

/** Columns of a text; nearly all text is ASCII, which needs no count. */
export const columnsOf = (text: string): number => (PRINTABLE.test(text) ? text.length : width(text))

/** Text from elsewhere, made harmless: control characters escaped, and what the terminal cannot show replaced. */
export function clean(text: string, marks: Marks): string {
  if (PRINTABLE.test(text)) return text
  const escaped = safe(text)
  return marks.ascii ? escaped.replace(/[^\u0020-\u007e]/gu, '?') : escaped
}

/** Cuts text to `columns`, marking the cut. */
export function fit(text: string, columns: number, marks: Marks): string {
  if (columns <= 0) return ''
  if (columnsOf(text) <= columns) return text
  let kept = ''
  let used = 0
  for (const char of text) {
    const wide = columnsOf(char)
    if (used + wide > columns - 1) break
    kept += char
    used += wide
  }
  return kept + marks.ellipsis
}

/** Exactly `columns` wide. */
export function cell(text: string, columns: number, marks: Marks, align: 'left' | 'right' = 'left'): string {
  const cut = fit(text, columns, marks)
  const gap = ' '.repeat(Math.max(0, columns - columnsOf(cut)))
  return align === 'right' ? gap + cut : cut + gap
}

export interface RowStyle {
  readonly columns: number
  readonly marks: Marks
  readonly colour: boolean
}

/** A line as the terminal gets it: cleaned, cut, padded to the full width, coloured. */
export function rowText(spans: Line, { columns, marks, colour }: RowStyle): string {
  let out = ''
  let left = columns
  for (const { text, tone } of spans) {
    if (left <= 0) break
    const shown = fit(clean(text, marks), left, marks)
    left -= columnsOf(shown)
    const code = SGR[tone]
    out += colour && code !== '' && shown !== '' ? `\u001b[${code}m${shown}\u001b[0m` : shown
  }
  return out + ' '.repeat(Math.max(0, left))
}

/** Lines of at most `columns`, broken at spaces where there are any. */
export function wrap(text: string, columns: number): readonly string[] {
  const lines: string[] = []
  for (const paragraph of text.split('\n')) {
    const indent = /^ */.exec(paragraph)?.[0] ?? ''
    let current = indent
    for (const word of paragraph.slice(indent.length).split(' ')) {
      const next = current === indent ? `${indent}${word}` : `${current} ${word}`
      if (columnsOf(next) <= columns || current === indent) current = next
      else {
        lines.push(current)
        current = word
      }
    }
    lines.push(current)
  }
  return lines
}

/** As `wrap`; a word that is wider than that (a token, an id, a long name) goes on in the next row. */
export function wrapWhole(text: string, columns: number): readonly string[] {
  return wrap(text, columns).flatMap((row) => {
    if (columnsOf(row) <= columns) return [row]
    const rows: string[] = ['']
    for (const char of row) {
      const last = rows.at(-1) ?? ''
      if (columnsOf(last) + columnsOf(char) > columns) rows.push(char)
      else rows[rows.length - 1] = last + char
    }
    return rows
  })
}
