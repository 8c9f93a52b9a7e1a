import { choosable, layout, tableHead, tableRow } from '../columns.ts'
import type { Column } from '../columns.ts'
import { LOOKS, STATES, worstOf } from '../health.ts'
import { BLANK, columnsOf, line, span } from '../line.ts'
import type { Line, Span } from '../line.ts'
import type { HeadShare, Summary } from '../source.ts'
import { placeOf } from '../ui.ts'
import { ageAt, bar, beside, fact, grouped, heading, percent, stateSpan, still } from '../view.ts'
import type { Body, View } from '../view.ts'

/** From here on the two tables fit side by side. */
const WIDE = 140
/** Alarms that are listed; the rest are counted. */
const ALARMS_MAX = 3

const HEADS: readonly Column[] = [
  { title: 'POLICY', min: 14, grow: 2 },
  { title: 'VERSION', min: 9 },
  { title: 'IN FORCE', min: 20, grow: 1, drop: 1 },
  { title: 'NODES', min: 13, align: 'right' },
]

const GROUPS: readonly Column[] = [
  { title: 'VALUE', min: 12, grow: 1 },
  { title: 'NODES', min: 7, align: 'right' },
  { title: 'CONVERGED', min: 9, align: 'right' },
  { title: 'WORST', min: 20, grow: 1 },
]

export function overview(view: View): Body {
  const { data, columns, rows } = view
  const { summary } = data
  if (summary === undefined) return still([line('waiting for the first answer', 'dim')])
  const top = [...alarmLines(summary, view), ...healthLines(summary, view)]
  const left = rows - top.length
  if (columns >= WIDE) {
    const half = Math.floor((columns - 2) / 2)
    const groups = groupTable(view, columns - half - 2, left)
    const lines = beside(headTable(summary.heads, view, half, left), groups.lines, half, (row, wide) => [
      ...row,
      span(' '.repeat(Math.max(0, wide - row.reduce((sum, { text }) => sum + columnsOf(text), 0)))),
    ])
    return { ...groups, lines: [...top, ...lines] }
  }
  const heads = headTable(summary.heads, view, columns, Math.max(3, Math.floor(left / 3)))
  const groups = groupTable(view, columns, left - heads.length)
  return { ...groups, lines: [...top, ...heads, ...groups.lines] }
}

/** What needs attention, before anything else. */
function alarmLines({ alarms, agents, self }: Summary, { rows }: View): Line[] {
  const all = alarms.map(({ code, subject, message }): Line => [
    span('! ', 'bad'),
    span(`${code} `, 'bad'),
    span(subject === '' ? message : `${subject}: ${message}`),
  ])
  if (agents.length > 1) {
    const told = agents.map(([version, nodes]) => `${version} on ${grouped(nodes)}`).join(', ')
    all.push([span('! ', 'warn'), span('agents of several versions: ', 'warn'), span(told)])
  }
  if (self.stale)
    all.unshift([span('! ', 'bad'), span('STALE ', 'bad'), span('this node hears too little of the mesh to be sure')])
  const most = rows < 20 ? 1 : ALARMS_MAX
  const shown = all.slice(0, all.length > most ? Math.max(1, most) : most)
  if (all.length > shown.length)
    shown.push([span(`! and ${all.length - shown.length} more: `, 'warn'), span('chorus status')])
  return shown.length === 0 ? [[span('no alarms', 'good')]] : shown
}

function healthLines(summary: Summary, { columns, rows, marks, now }: View): Line[] {
  const { counted, converged, nodes, self } = summary
  const told = ` ${percent(converged, counted)} converged  ${grouped(converged)} of ${grouped(counted)}`
  const away = nodes === counted ? '' : ` (${grouped(nodes - counted)} away, not counted)`
  const heard =
    summary.oldestMs === null ? '' : `  ${marks.about} up to ${ageAt(summary.oldestMs, summary.at, now)} old`
  const after = told + away + heard
  const wide = Math.max(10, Math.min(60, columns - after.length))
  const rights = summary.rights === null ? 'not known yet' : summary.rights.join('; ') || 'nothing but look and obey'
  const mine: Span = span(
    `${self.name}${self.provisional ? ' (provisional)' : ''}  ${self.state}${self.observe ? ', observes only' : ''}${self.hold === null ? '' : `, held: ${self.hold}`}`,
  )
  const lines: Line[] = [
    [span(bar(converged, counted, wide, marks), converged === counted ? 'good' : 'warn'), span(after)],
    STATES.filter((state) => (summary.byState[state] ?? 0) > 0).flatMap((state) => [
      stateSpan(state, marks),
      span(` ${grouped(summary.byState[state] ?? 0)}   `),
    ]),
    fact('me', mine, marks, 8),
    fact('may', rights, marks, 8),
  ]
  if (rows >= 20) {
    const ledger = `${grouped(summary.records)} records, charter ${summary.charter.n}, epoch ${summary.charter.epoch}`
    lines.push(fact('ledger', `${ledger}, ${summary.peers} neighbours`, marks, 8), BLANK)
  }
  return lines
}

function headTable(heads: readonly HeadShare[], { marks }: View, columns: number, rows: number): Line[] {
  const widths = layout(HEADS, columns)
  const title = heading('Versions in force', columns, marks)
  if (heads.length === 0) return [title, line('nothing was published yet', 'dim')]
  const behindFirst = [...heads].sort((a, b) => Number(b.forked) - Number(a.forked) || missing(b) - missing(a))
  const room = Math.max(1, rows - 2)
  const shown = behindFirst.length > room ? behindFirst.slice(0, Math.max(1, room - 1)) : behindFirst
  const lines = shown.map((head) => {
    const whole = head.inForce === head.of && head.of > 0
    return tableRow(
      HEADS,
      widths,
      [
        span(head.policy),
        span(head.forked ? 'fork' : head.seq === null ? '-' : `@${head.seq}`, head.forked ? 'bad' : 'plain'),
        span(bar(head.inForce, head.of, widths[2] ?? 0, marks), whole ? 'good' : 'warn'),
        span(`${grouped(head.inForce)}/${marks.about}${grouped(head.of)}`),
      ],
      marks,
    )
  })
  const more = heads.length - shown.length
  return [
    title,
    tableHead(HEADS, widths, marks),
    ...lines,
    ...(more > 0 && lines.length + 2 < rows ? [line(`and ${grouped(more)} more: 3`, 'dim')] : []),
  ]
}

const missing = ({ inForce, of }: HeadShare): number => of - inForce

function groupTable(view: View, columns: number, rows: number): Body {
  const { ui, data, marks } = view
  const by = ui.by ?? data.summary?.labels[0]
  if (by === undefined) return still([heading('By label', columns, marks), line('no node carries a label', 'dim')])
  const title = heading(`By ${by}`, columns, marks)
  const groups = data.groups?.by === by ? data.groups.list : []
  const visible = Math.max(1, rows - 2)
  const { cursor, top } = placeOf(ui)
  const widths = layout(GROUPS, columns - 2)
  const at = Math.min(cursor, Math.max(0, groups.length - 1))
  const lines = groups.slice(top, top + visible).map(({ values, counts, nodes }, index) => {
    const worst = worstOf(counts)
    const off = worst === undefined || worst === 'ok' ? 'all ok' : `${grouped(counts[worst] ?? 0)} ${worst}`
    const sign = worst === undefined ? '' : marks.ascii ? LOOKS[worst].ascii : LOOKS[worst].sign
    return choosable(
      tableRow(
        GROUPS,
        widths,
        [
          span(values[0] === '' ? '(none)' : (values[0] ?? '')),
          span(grouped(nodes)),
          span(percent(counts.ok ?? 0, nodes - (counts.away ?? 0))),
          span(`${sign} ${off}`, worst === undefined ? 'plain' : LOOKS[worst].tone),
        ],
        marks,
      ),
      top + index === at,
      marks,
    )
  })
  return {
    lines: [title, [span('  '), ...tableHead(GROUPS, widths, marks)], ...lines],
    total: groups.length,
    visible,
    values: groups[at]?.values,
  }
}
