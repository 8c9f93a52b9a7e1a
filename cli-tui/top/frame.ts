import { clean, columnsOf, fit, line, rowText, span, wrapWhole } from './line.ts'
import type { Line, Span } from './line.ts'
import { disabledOf, hintsFor } from './commands.ts'
import { keysOn, offeredKeys } from './keys.ts'
import type { Marks } from './marks.ts'
import { connections } from './screens/connections.ts'
import { events } from './screens/events.ts'
import { help } from './screens/help.ts'
import { log } from './screens/log.ts'
import { node } from './screens/node.ts'
import { nodes } from './screens/nodes.ts'
import { overview } from './screens/overview.ts'
import { policies } from './screens/policies.ts'
import { rollout } from './screens/rollout.ts'
import { text as textScreen } from './screens/text.ts'
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
  connections,
  text: textScreen,
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
  const told = foot(input)
  // A notice that needs more than its row takes the last of the screen's: half a sentence helps nobody.
  const kept = view.rows - told.length + 1
  const middle = Array.from({ length: kept }, (_, index) => text(body.lines[index] ?? []))
  return {
    rows: [text(head(input)), text(tabs(ui, columns)), ...middle, ...told.map(text), text(hints(ui, data, columns))],
    body,
  }
}

/** Parts in the order in which they are given up when it is narrow: the last first. What is lost is always said. */
function head({ data, columns, marks, now }: FrameInput): Line {
  const { summary, connection, banner } = data
  const right = banner === undefined ? connectionSpan(connection, now) : span(banner, 'accent')
  const room = columns - columnsOf(right.text) - 1
  const left: Span[] = []
  let used = 0
  for (const part of headParts(summary, connection, marks, now)) {
    const wide = columnsOf(part.text)
    if (used + wide > room) break
    left.push(part)
    used += wide
  }
  return [...left, span(' '.repeat(Math.max(0, room - used))), right]
}

function headParts(summary: Data['summary'], connection: Data['connection'], marks: Marks, now: number): Span[] {
  if (summary === undefined) return [span(' chorus', 'bold')]
  const { meshName, self, nodes, converged, counted, at } = summary
  return [
    span(` ${fit(meshName, 24, marks)}`, 'bold'),
    ...(connection.state === 'lost' ? [span(`  as of ${ageAt(0, at, now)} ago`, 'warn')] : []),
    span(`  ${percent(converged, counted)} converged`, converged === counted ? 'good' : 'warn'),
    span(`  ${grouped(nodes)} ${nodes === 1 ? 'node' : 'nodes'}`, 'dim'),
    span(`  me ${fit(self.name, 24, marks)}`, 'dim'),
  ]
}

function connectionSpan(connection: Data['connection'], now: number): Span {
  if (connection.state === 'up') return span('live', 'good')
  if (connection.state === 'connecting') return span('connecting', 'warn')
  const seconds = Math.max(0, Math.ceil((connection.retryAt - now) / 1000))
  return span(`! DAEMON LOST, again in ${seconds}s`, 'bad')
}

function tabs({ screen }: Ui, columns: number): Line {
  const narrow = columns < 72
  const spans = TABS.flatMap(([name, title, short], index): Span[] => {
    const chosen = name === screen
    const text = `${index + 1} ${narrow ? short : title}`
    return [span(chosen ? `[${text}]` : ` ${text} `, chosen ? 'chosen' : 'dim'), span(narrow ? '' : ' ')]
  })
  const inside = TABS.some(([name]) => name === screen) ? [] : [span(`> ${screen}`, 'bold')]
  return [...spans, ...inside]
}

/** Rows of a notice at most. */
const FOOT_MAX = 5
/** Columns that stay for what is typed, however long the question is. */
const TYPED_MIN = 24

/** The prompt, else the last notice, else why the daemon is lost. One row, or as many as a notice needs. */
function foot({ ui: { prompt, notice }, data: { connection }, columns, marks }: FrameInput): readonly Line[] {
  if (prompt !== undefined) return promptLines(prompt, columns, marks)
  const told = notice ?? (connection.state === 'lost' ? { text: connection.why, tone: 'bad' as const } : undefined)
  if (told === undefined) return [[]]
  return wrapWhole(clean(told.text, marks), columns)
    .slice(0, FOOT_MAX)
    .map((part) => line(part, told.tone))
}

/** The question, whole, and behind its end what is typed. */
function promptLines(prompt: NonNullable<Ui['prompt']>, columns: number, marks: Marks): readonly Line[] {
  const asked = clean(prompt.label.length === 1 ? prompt.label : `${prompt.label}: `, marks)
  const rows = columnsOf(asked) + TYPED_MIN <= columns ? [asked] : wrapWhole(asked, columns - TYPED_MIN)
  const label = rows.at(-1) ?? ''
  // The end of what is typed stays in sight.
  const room = columns - columnsOf(label) - 2
  return [
    ...rows.slice(0, -1).map((row) => line(row, 'bold')),
    [
      span(label, 'bold'),
      span(endOf(clean(prompt.text, marks), room, marks)),
      span(' ', 'chosen'),
      span(marks.ascii ? '_' : '', 'dim'),
    ],
  ]
}

/** The last `columns` of a text, marking the cut. */
function endOf(text: string, columns: number, marks: Marks): string {
  if (columnsOf(text) <= columns) return text
  let kept = ''
  for (const char of Array.from(text).reverse()) {
    if (columnsOf(kept) + columnsOf(char) > columns - 1) break
    kept = char + kept
  }
  return marks.ellipsis + kept
}

function hints(ui: Ui, data: Data, columns: number): Line {
  if (ui.prompt?.kind === 'command') return line(hintsFor(ui.prompt.text, disabledOf(data.actions)).join('  '), 'dim')
  if (ui.prompt !== undefined) return line('enter does it   esc leaves it', 'dim')
  const disabled = disabledOf(data.actions)
  const spans: Span[] = []
  let used = 0
  const offered = new Set(data.actions.map(({ name }) => name))
  for (const { keys, hint: word, act } of offeredKeys(keysOn(ui.screen), offered)) {
    if (word === '') continue
    // What cannot be done is in brackets; pressing it says why.
    const hint = Object.hasOwn(disabled, act) && act !== 'hold' ? `(${word})` : word
    const key = keys[0] ?? ''
    used += key.length + hint.length + 3
    if (used > columns) break
    spans.push(span(key, 'bold'), span(` ${hint}  `, 'dim'))
  }
  return spans
}
