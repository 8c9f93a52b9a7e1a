import { alarmText } from '../../out/alarm.ts'
import { choosable, layout, tableHead, tableRow } from '../columns.ts'
import type { Column } from '../columns.ts'
import { LOOKS, STATES, worstOf } from '../health.ts'
import { BLANK, clean, columnsOf, line, span, wrap } from '../line.ts'
import type { Line, Span } from '../line.ts'
import type { HeadShare, Summary } from '../source.ts'
import { paceLines } from './pace.ts'
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
  const bare = isShort(view)
  if (columns >= WIDE) {
    const half = Math.floor((columns - 2) / 2)
    const groups = groupTable(view, columns - half - 2, left)
    const lines = beside(headTable(summary.heads, view, half, left, bare), groups.lines, half, (row, wide) => [
      ...row,
      span(' '.repeat(Math.max(0, wide - row.reduce((sum, { text }) => sum + columnsOf(text), 0)))),
    ])
    return { ...groups, lines: [...top, ...lines] }
  }
  // The groups take what they need, up to two thirds; versions in force get the rest.
  const wanted = (view.data.groups?.list.length ?? 0) + (bare ? 1 : 2)
  const forHeads = left - Math.min(wanted, Math.ceil((left * 2) / 3))
  const heads = headTable(summary.heads, view, columns, Math.max(bare ? 2 : 3, forHeads), bare)
  const groups = groupTable(view, columns, left - heads.length)
  return { ...groups, lines: [...top, ...heads, ...groups.lines] }
}

/** What needs attention, before anything else. */
function alarmLines({ mesh, alarms, agents, self }: Summary, view: View): Line[] {
  const all: (readonly Line[])[] = alarms.map((alarm) => alarmOf(alarm, mesh, view))
  if (agents.length > 1) {
    const told = agents.map(([version, nodes]) => `${version} on ${grouped(nodes)}`).join(', ')
    all.push([[span('! ', 'warn'), span('agents of several versions: ', 'warn'), span(told)]])
  }
  if (self.stale && !alarms.some(({ code }) => code === 'STALE'))
    all.unshift([[span('! ', 'bad'), span('STALE ', 'bad'), span('this node hears too little of the mesh to be sure')]])
  const most = isShort(view) ? 1 : ALARMS_MAX
  const shown = all.slice(0, most).flat()
  if (all.length > most) shown.push([span(`! and ${all.length - most} more: `, 'warn'), span('chorus status')])
  return shown.length === 0 ? [[span('no alarms', 'good')]] : shown
}

/** Rows of one alarm, where there is room for more than one. */
const ALARM_ROWS = 2

function alarmOf(alarm: Summary['alarms'][number], mesh: string, view: View): readonly Line[] {
  const { code, subject } = alarm
  // The mesh itself needs no name.
  const told = clean(`${code} ${alarmText(subject === mesh ? { ...alarm, subject: '' } : alarm)}`, view.marks)
  const rows = isShort(view) ? [told] : wrap(told, view.columns - 2)
  const kept =
    rows.length > ALARM_ROWS ? [...rows.slice(0, ALARM_ROWS - 1), rows.slice(ALARM_ROWS - 1).join(' ')] : rows
  return kept.map((row, index) =>
    index === 0 ? [span('! ', 'bad'), span(code, 'bad'), span(row.slice(code.length))] : [span(`  ${row}`)],
  )
}

/** Small screens keep what matters most: no column titles, one alarm, one line about me. */
const isShort = ({ rows }: View): boolean => rows < 20

function healthLines(summary: Summary, view: View): Line[] {
  const { columns, marks } = view
  const { self } = summary
  const rights = summary.rights === null ? 'not known yet' : summary.rights.words.join('; ') || 'only look'
  const held = self.hold === null ? '' : `, held: ${self.hold}`
  const sign = stateSpan(self.state, marks).text
  const words = `${sign}${self.provisional ? ', provisional' : ''}${self.observe ? ', observes only' : ''}${held}`
  const lines = [barLine(summary, view), ...stateLines(summary, columns, marks)]
  if (isShort(view)) return [...lines, fact('me', `${self.name}  ${words}  may: ${rights}`, marks, 4)]
  const ledger = `${grouped(summary.records)} records, charter ${summary.charter.n}, epoch ${summary.charter.epoch}`
  return [
    ...lines,
    fact('me', `${self.name}  ${words}`, marks, 8),
    fact('may', rights, marks, 8),
    fact('ledger', `${ledger}, ${summary.peers} neighbours`, marks, 8),
    ...paceLines(summary, view),
    BLANK,
  ]
}

function barLine({ counted, converged, nodes, oldestMs, at }: Summary, { columns, marks, now }: View): Line {
  const narrow = columns < 90
  const away = nodes === counted ? '' : ` (${grouped(nodes - counted)} away${narrow ? '' : ', not counted'})`
  const told = ` ${percent(converged, counted)}${narrow ? '' : ' converged'}  ${grouped(converged)} of ${grouped(counted)}${away}`
  const heard = oldestMs === null ? '' : `  ${marks.about} ${narrow ? '' : 'up to '}${ageAt(oldestMs, at, now)} old`
  const after = told + heard
  const wide = Math.max(8, Math.min(60, columns - columnsOf(after)))
  return [span(bar(converged, counted, wide, marks), converged === counted ? 'good' : 'warn'), span(after)]
}

/** Counts by state, worst first, broken into lines where they do not fit. */
function stateLines({ byState }: Summary, columns: number, marks: View['marks']): Line[] {
  const lines: Span[][] = [[]]
  let used = 0
  for (const state of STATES) {
    const count = byState[state] ?? 0
    if (count === 0) continue
    const sign = stateSpan(state, marks)
    const told = span(` ${grouped(count)}`)
    const wide = columnsOf(sign.text) + columnsOf(told.text)
    if (used > 0 && used + GAP + wide > columns) {
      lines.push([])
      used = 0
    }
    lines.at(-1)?.push(span(' '.repeat(used === 0 ? 0 : GAP)), sign, told)
    used += (used === 0 ? 0 : GAP) + wide
  }
  return lines
}

/** Between two counts. */
const GAP = 3

function headTable(heads: readonly HeadShare[], { marks }: View, columns: number, rows: number, bare: boolean): Line[] {
  const widths = layout(HEADS, columns)
  const title = heading('Versions in force', columns, marks)
  if (heads.length === 0) return [title, line('nothing was published yet', 'dim')]
  const behindFirst = [...heads].sort((a, b) => Number(b.forked) - Number(a.forked) || missing(b) - missing(a))
  const room = Math.max(1, rows - (bare ? 1 : 2))
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
    ...(bare ? [] : [tableHead(HEADS, widths, marks)]),
    ...lines,
    ...(more > 0 && lines.length + 1 < room ? [line(`and ${grouped(more)} more: 2`, 'dim')] : []),
  ]
}

const missing = ({ inForce, of }: HeadShare): number => of - inForce

function groupTable(view: View, columns: number, rows: number): Body {
  const { ui, data, marks } = view
  const by = ui.by ?? data.summary?.labels[0]
  if (by === undefined) return still([heading('By label', columns, marks), line('no node carries a label', 'dim')])
  const title = heading(`By ${by}`, columns, marks)
  const groups = data.groups?.by === by ? data.groups.list : []
  const bare = isShort(view)
  const visible = Math.max(1, rows - (bare ? 1 : 2))
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
    lines: [title, ...(bare ? [] : [[span('  '), ...tableHead(GROUPS, widths, marks)]]), ...lines],
    total: groups.length,
    visible,
    values: groups[at]?.values,
  }
}
