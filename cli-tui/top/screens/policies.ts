import { age, short } from '../../out/text.ts'
import { choosable, layout, tableHead, tableRow } from '../columns.ts'
import type { Column } from '../columns.ts'
import { BLANK, line, span } from '../line.ts'
import type { Line } from '../line.ts'
import type { PolicyRow } from '../source.ts'
import { placeOf } from '../ui.ts'
import { bar, fact, grouped, percent, stateSpan, still } from '../view.ts'
import type { Body, View } from '../view.ts'

const COLUMNS: readonly Column[] = [
  { title: 'POLICY', min: 14, grow: 2 },
  { title: 'VERSION', min: 8 },
  { title: 'HERE', min: 10 },
  { title: 'IN FORCE', min: 8, align: 'right' },
  { title: 'AGE', min: 4, align: 'right' },
  { title: '', min: 12, grow: 1, drop: 3 },
  { title: 'BY', min: 10, grow: 1, drop: 1 },
  { title: 'MESSAGE', min: 16, grow: 3, drop: 2 },
]

/** Lines about the policy under the cursor. */
const DETAIL = 4

export function policies(view: View): Body {
  const { ui, data, columns, rows, marks, now } = view
  const list = data.policies
  if (list === undefined) return still([line('waiting for the first answer', 'dim')])
  if (list.length === 0) return still([line('Nothing was published yet. P publishes a folder.', 'dim')])
  const visible = Math.max(1, rows - 1 - DETAIL)
  const { cursor, top } = placeOf(ui)
  const at = Math.min(cursor, list.length - 1)
  const widths = layout(COLUMNS, columns - 2)
  const lines = list
    .slice(top, top + visible)
    .map((row, index) =>
      choosable(
        tableRow(
          COLUMNS,
          widths,
          [
            span(row.policy),
            span(versionText(row), row.forked ? 'bad' : 'plain'),
            row.retired ? span('- retired', 'dim') : row.here ? stateSpan(row.state, marks) : span('- not here', 'dim'),
            span(row.retired ? '-' : percent(row.inForce, row.of)),
            span(row.publishedAt === null ? '-' : age(now - row.publishedAt)),
            row.retired
              ? span('')
              : span(bar(row.inForce, row.of, widths[5] ?? 0, marks), row.inForce === row.of ? 'good' : 'warn'),
            span(row.author),
            span(row.message),
          ],
          marks,
        ),
        top + index === at,
        marks,
      ),
    )
  const padding = Array.from({ length: Math.max(0, visible - lines.length) }, () => BLANK)
  const chosen = list[at]
  return {
    lines: [
      [span('  '), ...tableHead(COLUMNS, widths, marks)],
      ...lines,
      ...padding,
      ...(chosen === undefined ? [] : detail(chosen, view)),
    ],
    total: list.length,
    visible,
    policy: chosen?.policy,
  }
}

const versionText = (row: PolicyRow): string =>
  row.forked ? `fork ${row.heads.length}` : row.seq === null ? '-' : `@${row.seq}`

function detail(row: PolicyRow, { columns, marks }: View): Line[] {
  const rivals = row.heads.map(({ id, seq, author }) => `@${seq ?? '?'} ${short(id)} by ${author || 'an unknown key'}`)
  const share = `${grouped(row.inForce)} of ${marks.about}${grouped(row.of)} nodes${row.failed > 0 ? `, failed on ${grouped(row.failed)}` : ''}`
  return [
    [span(marks.rule.repeat(columns), 'dim')],
    fact('select', row.selector || '-', marks),
    row.forked
      ? [span('fork      ', 'bad'), span(`${rivals.join('; ')}: publish again to merge`)]
      : fact('in force', `${share}${row.message === '' ? '' : `  ${marks.dot} ${row.message}`}`, marks),
    fact('here', hereText(row), marks),
  ]
}

function hereText({ retired, here, code, reason, state }: PolicyRow): string {
  if (retired) return 'retired: nothing of it is wanted any more'
  if (!here) return 'not for this node: its select does not choose it'
  return `${code === null ? '' : `${code} `}${reason || state}`
}
