import { columnsOf, fit, line, rowText, span } from './line.ts'
import type { Line, Span } from './line.ts'
import { keysOn } from './keys.ts'
import type { Marks } from './marks.ts'
import { events } from './screens/events.ts'
import { help } from './screens/help.ts'
import { log } from './screens/log.ts'
import { node } from './screens/node.ts'
import { nodes } from './screens/nodes.ts'
import { overview } from './screens/overview.ts'
import { policies } from './screens/policies.ts'
import { rollout } from './screens/rollout.ts'
import { topology } from './screens/topology.ts'
import { TABS } from './ui.ts'
import type { ScreenName, Ui } from './ui.ts'
import { ageAt, grouped, percent } from './view.ts'
import type { Body, Data, View } from './view.ts'

/** The smallest terminal on which every screen can be read. */
export const SMALLEST = { columns: 60, rows: 16 } as const
/** Head, tabs; notice or prompt, keys. */
const AROUND = 4

const DRAW: Readonly<Record<ScreenName, (view: View) => Body>> = {
  overview,
  nodes,
  node,
  policies,
  log,
  events,
  topology,
  rollout,
  help,
}

export interface FrameInput {
  readonly ui: Ui
  readonly data: Data
  readonly columns: number
  readonly rows: number
  readonly marks: Marks
  readonly colour: boolean
  readonly now: number
}

export interface Frame {
  /** Exactly as many rows as the terminal has, each exactly as wide. */
  readonly rows: readonly string[]
  /** Undefined when the terminal is too small: then keys still work, on what was last shown. */
  readonly body: Body | undefined
}

/** A whole screen as text. Pure: the same state gives the same rows. */
export function frame(input: FrameInput): Frame {
  const { ui, data, columns, rows, marks, colour, now } = input
  const text = (spans: Line): string => rowText(spans, { columns, marks, colour })
  if (columns < SMALLEST.columns || rows < SMALLEST.rows) {
    const told = [
      `${columns}x${rows} is too small.`,
      `chorus top needs ${SMALLEST.columns}x${SMALLEST.rows}.`,
      'Make it larger, or q to leave.',
    ]
    const lines = Array.from({ length: rows }, (_, index) => text(line(told[index] ?? '')))
    return { rows: lines, body: undefined }
  }
  const view: View = { ui, data, columns, rows: rows - AROUND, marks, now }
  const body = DRAW[ui.screen](view)
  const middle = Array.from({ length: view.rows }, (_, index) => text(body.lines[index] ?? []))
  return {
    rows: [text(head(input)), text(tabs(ui, columns)), ...middle, text(foot(input)), text(hints(ui, columns))],
    body,
  }
}

function head({ data, columns, marks, now }: FrameInput): Line {
  const { summary, connection } = data
  const right = connectionSpan(connection, now)
  const left: Span[] = [span(' chorus ', 'bold')]
  if (summary !== undefined) {
    left.push(span(`${fit(summary.meshName, 24, marks)}  `))
    left.push(span(`me ${fit(summary.self.name, 24, marks)}  `, 'dim'))
    left.push(span(`${grouped(summary.nodes)} nodes  `, 'dim'))
    const whole = summary.converged === summary.counted
    left.push(span(`${percent(summary.converged, summary.counted)} converged`, whole ? 'good' : 'warn'))
    if (connection.state === 'lost') left.push(span(`  as of ${ageAt(0, summary.at, now)} ago`, 'warn'))
  }
  const used = left.reduce((sum, { text }) => sum + columnsOf(text), 0)
  const room = columns - columnsOf(right.text) - 1
  // What is lost is said even if that leaves no room for the rest.
  return used <= room ? [...left, span(' '.repeat(room - used)), right] : [right, span('  '), ...left]
}

function connectionSpan(connection: Data['connection'], now: number): Span {
  if (connection.state === 'up') return span('live', 'good')
  if (connection.state === 'connecting') return span('connecting', 'warn')
  const seconds = Math.max(0, Math.ceil((connection.retryAt - now) / 1000))
  return span(`! DAEMON LOST, again in ${seconds}s`, 'bad')
}

function tabs({ screen }: Ui, columns: number): Line {
  const narrow = columns < 72
  const spans = TABS.flatMap(([name, title], index): Span[] => {
    const chosen = name === screen
    const text = `${index + 1} ${title}`
    return [span(chosen ? `[${text}]` : ` ${text} `, chosen ? 'chosen' : 'dim'), span(narrow ? '' : ' ')]
  })
  const inside = TABS.some(([name]) => name === screen) ? [] : [span(`> ${screen}`, 'bold')]
  return [...spans, ...inside]
}

/** The prompt, else the last notice, else why the daemon is lost. */
function foot({ ui: { prompt, notice }, data: { connection }, columns, marks }: FrameInput): Line {
  if (prompt !== undefined) {
    const label = prompt.label.length === 1 ? prompt.label : `${prompt.label}: `
    // The end of what is typed stays in sight.
    const room = columns - columnsOf(label) - 2
    const typed = prompt.text.length > room ? `${marks.ellipsis}${prompt.text.slice(1 - room)}` : prompt.text
    return [span(label, 'bold'), span(typed), span(' ', 'chosen'), span(marks.ascii ? '_' : '', 'dim')]
  }
  if (notice !== undefined) return line(notice.text, notice.tone)
  return connection.state === 'lost' ? line(connection.why, 'bad') : []
}

function hints(ui: Ui, columns: number): Line {
  if (ui.prompt !== undefined) return line('enter does it   esc leaves it', 'dim')
  const spans: Span[] = []
  let used = 0
  for (const { keys, hint } of keysOn(ui.screen)) {
    if (hint === '') continue
    const key = keys[0] ?? ''
    used += key.length + hint.length + 3
    if (used > columns) break
    spans.push(span(key, 'bold'), span(` ${hint}  `, 'dim'))
  }
  return spans
}
