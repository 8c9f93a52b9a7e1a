// Makes docs/top.svg from the real program: five daemons, `chorus top` in a terminal (tmux), three of its screens with their colours.
// Run with: node .tools/picture.ts   (after npm run build; wants tmux)
import { writeFileSync } from 'node:fs'
import { Harbour } from '../test/support/harbour.ts'
import { eventually } from '../test/support/typed.ts'

const SIZE = { columns: 104, rows: 24 } as const
/** Pixels of one character of a monospaced font of 13 px, and between two pictures. */
const CELL = { wide: 7.83, high: 17 } as const
const MARGIN = 14
const TITLE = 26

/** The 8 colours of a common dark theme, and what is drawn without any. */
const INK = '#c9d1d9'
const PAPER = '#0d1117'
const COLOURS = ['#484f58', '#ff7b72', '#3fb950', '#d29922', '#58a6ff', '#bc8cff', '#39c5cf', '#b1bac4']

interface Style {
  readonly colour: string
  readonly bold: boolean
  readonly dim: boolean
  readonly reverse: boolean
}
const PLAIN: Style = { colour: INK, bold: false, dim: false, reverse: false }

/** One parameter of an SGR sequence. */
function styled(style: Style, code: number): Style {
  if (code === 0) return PLAIN
  if (code === 1) return { ...style, bold: true }
  if (code === 2) return { ...style, dim: true }
  if (code === 7) return { ...style, reverse: true }
  if (code === 22) return { ...style, bold: false, dim: false }
  if (code === 27) return { ...style, reverse: false }
  if (code >= 30 && code <= 37) return { ...style, colour: COLOURS[code - 30] ?? INK }
  return code === 39 ? { ...style, colour: INK } : style
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** One row of the terminal as SVG: a text for each run of one style, held to its columns whatever the font. */
function row(text: string, top: number): string {
  let style = PLAIN
  let column = 0
  const parts: string[] = []
  // oxlint-disable-next-line no-control-regex
  for (const [, codes, plain = ''] of text.matchAll(/(?:\u001b\[([\d;]*)m)?([^\u001b]*)/g)) {
    if (codes !== undefined) for (const code of codes.split(';')) style = styled(style, Number(code))
    const length = Array.from(plain).length
    const x = (MARGIN + column * CELL.wide).toFixed(1)
    const wide = (length * CELL.wide).toFixed(1)
    if (style.reverse && length > 0)
      parts.push(`<rect x="${x}" y="${top}" width="${wide}" height="${CELL.high}" fill="${style.colour}"/>`)
    // Word by word: blanks are kept by no renderer alike.
    for (const { 0: word, index } of plain.matchAll(/\S+/gu)) {
      const fill = style.reverse ? PAPER : style.colour
      const look = `${style.bold ? ' font-weight="bold"' : ''}${style.dim ? ' opacity="0.6"' : ''}`
      const from = MARGIN + (column + Array.from(plain.slice(0, index)).length) * CELL.wide
      const at = `x="${from.toFixed(1)}" y="${(top + CELL.high * 0.76).toFixed(1)}"`
      const held = `textLength="${(Array.from(word).length * CELL.wide).toFixed(1)}"`
      parts.push(`<text ${at} ${held} fill="${fill}"${look}>${escaped(word)}</text>`)
    }
    column += length
  }
  return parts.join('')
}

function picture(screens: readonly (readonly [title: string, text: string])[]): string {
  const wide = Math.ceil(SIZE.columns * CELL.wide + MARGIN * 2)
  const each = Math.ceil(TITLE + SIZE.rows * CELL.high + MARGIN)
  const body = screens.map(([title, text], index) => {
    const top = index * (each + MARGIN)
    const frame = `<rect y="${top}" width="${wide}" height="${each}" rx="8" fill="${PAPER}" stroke="#30363d"/>`
    const name = `<text x="${MARGIN}" y="${top + 18}" fill="#8b949e">${escaped(title)}</text>`
    const rows = text.split('\n').slice(0, SIZE.rows)
    return [frame, name, ...rows.map((line, at) => row(line, top + TITLE + at * CELL.high))].join('\n')
  })
  const high = screens.length * (each + MARGIN) - MARGIN
  const font = 'font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, monospace" font-size="13"'
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${wide} ${high}" width="${wide}" ${font}>`
  return [head, ...body, '</svg>', ''].join('\n')
}

const mesh = await Harbour.open()
try {
  mesh.publish('Welcome aboard')
  const runs = (node: string): boolean => mesh.typed.chorus(node, 'status').code === 0
  await eventually('all have converged', () => ['ada', 'cyd', 'eve'].every(runs))
  const terminal = mesh.terminal(SIZE)
  terminal.run('chorus top --state ada')
  await terminal.until('5 of 5')
  mesh.publish('Good morning')
  await terminal.until(/web\/hello +@2 .* 5\/≈5/)
  // Somebody puts a machine out of reach, and another dies: what the screens are there for.
  mesh.typed.chorus('dee', 'hold', 'disk swap until noon')
  await terminal.until('held 1')
  await mesh.typed.kill('eve')
  await terminal.until('down 1', 60_000)
  // Traffic is measured in steps of ten seconds.
  await new Promise((done) => setTimeout(done, 45_000))
  const overview = terminal.screen({ escapes: true })
  terminal.keys('3')
  await terminal.until('sorted by state')
  terminal.keys('Down', 'Down', 'Down')
  await terminal.until(/▸ bob/)
  const nodes = terminal.screen({ escapes: true })
  terminal.keys('Enter')
  await terminal.until('Last runs')
  const node = terminal.screen({ escapes: true })
  terminal.keys('q')
  writeFileSync(
    'docs/top.svg',
    picture([
      ['chorus top: Overview', overview],
      ['Nodes', nodes],
      ['One node: what its runs changed, asked of it over the mesh', node],
    ]),
  )
  console.log('docs/top.svg')
} finally {
  await mesh.close()
}
