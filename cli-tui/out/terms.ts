import type { Term, Value } from '../../policies/index.ts'
import type { Paint } from './paint.ts'
import { safe } from './text.ts'

/** A condition, part by part: whether each holds, and what its names are. */
export interface TermOutput {
  readonly text: string
  readonly holds: boolean
  readonly error: string | null
  readonly joins: 'all' | 'any' | 'not' | null
  readonly values: readonly { readonly name: string; readonly value: Value | null }[]
  readonly terms: readonly TermOutput[]
}

export function termOutput({ text, holds, error, joins, values, terms }: Term): TermOutput {
  return {
    text,
    holds,
    error: error?.message ?? null,
    joins: joins ?? null,
    values: values.map(({ name, value }) => ({ name, value: value ?? null })),
    terms: terms.map(termOutput),
  }
}

/** One line a part, indented; what a part by itself is about behind it. */
export function termText(paint: Paint, term: TermOutput, indent = '    '): string {
  const mark = term.holds ? paint('green', '✓') : paint('red', '✗')
  const names = term.values.map(
    ({ name, value }) => `${name} ${value === null ? 'is absent' : `= ${valueText(value)}`}`,
  )
  const about = term.error === null ? names.join(', ') : term.error
  const line = `${indent}${mark} ${safe(term.text)}${about === '' ? '' : paint('dim', `   ${safe(about)}`)}\n`
  return line + term.terms.map((one) => termText(paint, one, `${indent}  `)).join('')
}

/** A value in one line, as YAML would have it. */
export function valueText(value: Value | undefined): string {
  if (value === undefined) return '(nothing)'
  // oxlint-disable-next-line no-control-regex
  return typeof value === 'string' && !/[\u0000-\u001f]/.test(value) ? value : JSON.stringify(value)
}
