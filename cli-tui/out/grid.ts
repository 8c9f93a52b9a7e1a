import type { Paint } from './paint.ts'
import { width } from './text.ts'

export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
}

/** Rows under titles, columns two spaces apart, no trailing blanks. Cells may be coloured. Returns '' for no rows. */
export function grid(paint: Paint, columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return ''
  const widths = columns.map((column, i) => Math.max(width(column.title), ...rows.map((row) => width(row[i] ?? ''))))
  const line = (cells: readonly string[]): string =>
    columns
      .map((column, i) => {
        const cell = cells[i] ?? ''
        const blank = ' '.repeat(Math.max(0, (widths[i] ?? 0) - width(cell)))
        return column.align === 'right' ? blank + cell : cell + blank
      })
      .join('  ')
      .trimEnd()
  const head = line(columns.map((column) => paint('dim', column.title)))
  return [head, ...rows.map(line)].map((text) => `${text}\n`).join('')
}

/** `name   value` pairs with aligned values; pairs whose value is undefined are left out. */
export function facts(paint: Paint, pairs: readonly (readonly [name: string, value: string | undefined])[]): string {
  const shown = pairs.filter((pair): pair is readonly [string, string] => pair[1] !== undefined)
  const longest = Math.max(0, ...shown.map(([name]) => width(name)))
  return shown.map(([name, value]) => `${paint('dim', name.padEnd(longest))}  ${value}\n`).join('')
}
