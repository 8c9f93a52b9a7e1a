import { line, span, wrapWhole } from '../line.ts'
import type { Line, Tone } from '../line.ts'
import { heading, scrolled } from '../view.ts'
import type { Body, View } from '../view.ts'

/** What a command said, as it would have said it: a policy, a diff, a token. Whole, so that it can be copied. */
export function text(view: View): Body {
  const { ui, columns, marks } = view
  const { title, lines } = ui.text ?? { title: '', lines: [] }
  const isDiff = title.startsWith('diff')
  const all = lines.flatMap((part): Line[] =>
    wrapWhole(part, columns).map((row) => line(row, isDiff ? toneOf(part) : 'plain')),
  )
  const head = [heading(title, columns, marks)]
  if (all.length > view.rows - 1) head.push([span(`${lines.length} lines`, 'dim')])
  return scrolled(head, all, view)
}

const toneOf = (text: string): Tone => (text.startsWith('+') ? 'good' : text.startsWith('-') ? 'bad' : 'plain')
