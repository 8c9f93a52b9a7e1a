import { cell, clean, span } from './line.ts'
import type { Line, Span } from './line.ts'
import type { Marks } from './marks.ts'

export interface Column {
  readonly title: string
  /** Columns of the screen that it wants at least. */
  readonly min: number
  /** Part of what is left over; 0 keeps it at `min`. */
  readonly grow?: number
  readonly align?: 'left' | 'right'
  /** Dropped first when narrow: the highest number goes first; 0 stays. */
  readonly drop?: number
}

const GAP = 2

/** Widths for each column; 0 where there is no room for it. The sum with gaps never exceeds `width`. */
export function layout(columns: readonly Column[], width: number): readonly number[] {
  const kept = new Set(columns.keys())
  const needed = (): number => [...kept].reduce((sum, index) => sum + (columns[index]?.min ?? 0), GAP * (kept.size - 1))
  while (kept.size > 1 && needed() > width) {
    const least = [...kept].reduce((a, b) => ((columns[b]?.drop ?? 0) >= (columns[a]?.drop ?? 0) ? b : a))
    kept.delete(least)
  }
  const spare = Math.max(0, width - needed())
  const shares = columns.map((column, index) => (kept.has(index) ? (column.grow ?? 0) : 0))
  const all = shares.reduce((sum, share) => sum + share, 0)
  let given = 0
  let seen = 0
  return columns.map(({ min }, index) => {
    if (!kept.has(index)) return 0
    seen += shares[index] ?? 0
    const until = all === 0 ? 0 : Math.floor((spare * seen) / all)
    const own = until - given
    given = until
    return Math.min(width, min + own)
  })
}

/** One row of a table: each cell cut and padded, its tone kept. */
export function tableRow(
  columns: readonly Column[],
  widths: readonly number[],
  cells: readonly Span[],
  marks: Marks,
): Line {
  const spans: Span[] = []
  for (const [index, column] of columns.entries()) {
    const wide = widths[index] ?? 0
    if (wide === 0) continue
    if (spans.length > 0) spans.push(span(' '.repeat(GAP)))
    const { text, tone } = cells[index] ?? span('')
    spans.push(span(cell(clean(text, marks), wide, marks, column.align), tone))
  }
  return spans
}

export function tableHead(columns: readonly Column[], widths: readonly number[], marks: Marks): Line {
  return tableRow(
    columns,
    widths,
    columns.map(({ title }) => span(title, 'dim')),
    marks,
  )
}

/** The row under the cursor: a mark in front and reversed, so that it is seen without colour. */
export function choosable(row: Line, chosen: boolean, marks: Marks): Line {
  if (!chosen) return [span('  '), ...row]
  return [
    span(`${marks.cursor} `, 'bold'),
    // Colours stay: they repeat what a sign says.
    ...row.map(({ text, tone }) => span(text, tone === 'plain' || tone === 'dim' ? 'chosen' : tone)),
  ]
}

/** Which part of a list to show so that `cursor` is in it, moving as little as possible. */
export function windowOf(cursor: number, top: number, rows: number, total: number): number {
  const last = Math.max(0, total - rows)
  if (cursor < top) return Math.max(0, Math.min(cursor, last))
  if (cursor >= top + rows) return Math.max(0, Math.min(cursor - rows + 1, last))
  return Math.max(0, Math.min(top, last))
}
