/** Plots for a terminal, in braille: two by four points a character. */

const DOTS = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const

/**
 * A step curve of shares (0 to 1) over time; lines of text, the axis below.
 *
 * @param columns of the plot itself, without its margin
 * @param label of a time on the axis
 */
export function plotShares(
  curve: readonly (readonly [ms: number, share: number])[],
  { columns, rows, label }: { readonly columns: number; readonly rows: number; readonly label: (ms: number) => string },
): string[] {
  const last = curve.at(-1)
  if (last === undefined || last[0] <= 0) return []
  const [width, height] = [columns * 2, rows * 4]
  const cells = Array.from({ length: rows }, () => Array.from({ length: columns }, () => 0))
  let at = 0
  let before = height - 1
  for (let x = 0; x < width; x++) {
    const ms = (last[0] * (x + 1)) / width
    while (at + 1 < curve.length && (curve[at + 1]?.[0] ?? 0) <= ms) at++
    const [begins, share] = curve[at] ?? [0, 0]
    const y = height - 1 - Math.round((begins <= ms ? share : 0) * (height - 1))
    // A steep step is drawn as a line, not as two points.
    for (let dot = Math.min(y, before); dot <= Math.max(y, before); dot++) set(cells, x, dot)
    before = y
  }
  const body = cells.map((line, row) => {
    const mark = row === 0 ? '100%' : row === rows - 1 ? '  0%' : '    '
    return `${mark} ${row === 0 ? '┤' : '│'}${line.map((dots) => String.fromCodePoint(0x2800 + dots)).join('')}`.trimEnd()
  })
  const end = label(last[0])
  const axis = `     └${'─'.repeat(columns)}`
  return [...body, axis, `      0${' '.repeat(Math.max(1, columns - 1 - end.length))}${end}`]
}

function set(cells: number[][], x: number, y: number): void {
  const line = cells[y >> 2]
  const dot = DOTS[y & 3]?.[x & 1]
  if (line !== undefined && dot !== undefined) line[x >> 1] = (line[x >> 1] ?? 0) | dot
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

/** A bar of at most `columns` characters for a share of the largest. */
export function bar(share: number, columns: number): string {
  const eighths = Math.round(Math.max(0, Math.min(1, share)) * columns * 8)
  return '█'.repeat(eighths >> 3) + (EIGHTHS[eighths & 7] ?? '')
}
