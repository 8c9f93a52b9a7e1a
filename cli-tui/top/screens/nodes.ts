import type { NodeRow } from '../../../node/control/index.ts'
import { short } from '../../out/text.ts'
import { choosable, layout, tableHead, tableRow } from '../columns.ts'
import type { Column } from '../columns.ts'
import { severityOf } from '../health.ts'
import { columnsOf, line, span } from '../line.ts'
import type { Line } from '../line.ts'
import type { FilterError, Health, NodePage } from '../source.ts'
import { placeOf } from '../ui.ts'
import { ageAt, grouped, stateSpan, still } from '../view.ts'
import type { Body, View } from '../view.ts'

const COLUMNS: readonly Column[] = [
  { title: 'NODE', min: 16, grow: 2 },
  { title: 'STATE', min: 9 },
  { title: 'SEEN', min: 5, align: 'right' },
  { title: 'WHY', min: 22, grow: 3 },
  { title: 'LABELS', min: 16, grow: 3, drop: 2 },
  { title: 'AGENT', min: 8, drop: 3 },
  { title: 'ID', min: 10, drop: 4 },
]

/** Lines above the rows: what is asked for, and the heads of the columns. */
export const NODES_HEAD = 2

/** Only the rows that show are drawn, and only about as many are asked for. */
export function nodes(view: View): Body {
  const { ui, data, columns, rows, marks } = view
  const { page } = data
  if (page === undefined) return still([line('waiting for the first answer', 'dim')])
  const visible = Math.max(1, rows - NODES_HEAD)
  const { cursor, top } = placeOf(ui)
  const at = Math.min(cursor, Math.max(0, page.total - 1))
  const first = Math.min(top, Math.max(0, page.total - visible))
  const widths = layout(COLUMNS, columns - 2)
  const count = Math.min(visible, page.total - first)
  const lines = Array.from({ length: Math.max(0, count) }, (_, index) => {
    const row = page.rows[first + index - page.offset]
    const chosen = first + index === at
    return row === undefined
      ? choosable(line(marks.ellipsis, 'dim'), chosen, marks)
      : choosable(rowLine(row, page, widths, view), chosen, marks)
  })
  const nothing = page.error === undefined ? line('no node matches', 'dim') : undefined
  return {
    lines: [
      asked(view, page, at),
      [span('  '), ...tableHead(COLUMNS, widths, marks)],
      ...(page.error === undefined ? [] : errorLines(page.error, ui.filter)),
      ...(lines.length === 0 && nothing !== undefined ? [nothing] : lines),
    ],
    total: page.total,
    visible,
    node: page.rows[at - page.offset]?.id,
    nodeName: page.rows[at - page.offset]?.name,
  }
}

function asked({ ui, marks }: View, page: NodePage, at: number): Line {
  const order = `sorted by ${ui.sort} ${ui.descending ? marks.up : marks.down}`
  const parts = [order]
  if (ui.problemsOnly) parts.push('problems only')
  if (ui.filter !== '') parts.push(`filter ${ui.filter}`)
  const place = page.total === 0 ? '0' : `${grouped(at + 1)} of ${grouped(page.total)}`
  const of = page.total === page.all ? '' : ` (${grouped(page.all)} in all)`
  return [span(`${place}${of}`, 'bold'), span(`  ${parts.join(`  ${marks.dot} `)}`, 'dim')]
}

function rowLine(row: NodeRow, page: NodePage, widths: readonly number[], { marks, now }: View): Line {
  return tableRow(
    COLUMNS,
    widths,
    [
      span(`${row.name}${row.self ? ' (here)' : ''}`),
      stateSpan(row.state, marks),
      span(ageAt(row.ageMs, page.at, now)),
      span(whyOf(row)),
      span(labelsOf(row.labels), 'dim'),
      span(row.agent?.replace('chorus/', '') ?? '-', 'dim'),
      span(short(row.id), 'dim'),
    ],
    marks,
  )
}

export const labelsOf = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')

/** The policy that is worst on a node, or how many are well. */
export function whyOf({ policies, state, provisional }: Pick<NodeRow, 'policies' | 'state' | 'provisional'>): string {
  const all = Object.entries(policies)
  const bad = all
    .filter(([, told]) => told.state !== 'ok')
    .sort((a, b) => severityOf(a[1].state) - severityOf(b[1].state) || (a[0] < b[0] ? -1 : 1))
  const [worst] = bad
  const more = bad.length > 1 ? ` +${bad.length - 1}` : ''
  if (worst !== undefined) return `${worst[0]} ${worst[1].code ?? worst[1].state}${more}`
  if (provisional) return 'provisional'
  return SILENT[state] ?? (all.length === 0 ? 'no policy' : `${all.length} ok`)
}

const SILENT: Readonly<Partial<Record<Health, string>>> = {
  down: 'no beacon',
  unknown: 'never heard',
  away: 'intermittent, not heard',
  stale: 'hears too few others',
}

/** The filter with a mark below the place that is wrong. */
export function errorLines({ message, offset, hint }: FilterError, filter: string): Line[] {
  const pointer = offset === undefined ? [] : [line(`${' '.repeat(2 + columnsOf(filter.slice(0, offset)))}^`, 'bad')]
  return [
    [span('  '), span(filter)],
    ...pointer,
    [span('  '), span(message, 'bad')],
    ...(hint === undefined ? [] : [[span('  '), span(hint, 'dim')]]),
  ]
}
