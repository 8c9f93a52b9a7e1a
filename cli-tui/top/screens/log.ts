import { age, bytes, short, stamp } from '../../out/text.ts'
import { choosable, layout, tableHead, tableRow } from '../columns.ts'
import type { Column } from '../columns.ts'
import { BLANK, line, span } from '../line.ts'
import type { Line, Span } from '../line.ts'
import { placeOf } from '../ui.ts'
import { fact, still } from '../view.ts'
import type { Body, Data, View } from '../view.ts'

type Entry = NonNullable<Data['log']>['entries'][number]

const COLUMNS: readonly Column[] = [
  { title: 'VERSION', min: 7 },
  { title: 'STANDING', min: 9 },
  { title: 'AGE', min: 4, align: 'right' },
  { title: 'BY', min: 10, grow: 1 },
  { title: 'MESSAGE', min: 14, grow: 3 },
  { title: 'ID', min: 10, drop: 1 },
]

/** Lines about the version under the cursor. */
const DETAIL = 5

/** Versions of one policy, newest first, and which of them count. */
export function log(view: View): Body {
  const { ui, data, columns, rows, marks, now } = view
  if (data.log === undefined || data.log.policy !== ui.policy) return still([line('reading the log', 'dim')])
  const { entries } = data.log
  const visible = Math.max(1, rows - 2 - DETAIL)
  const { cursor, top } = placeOf(ui)
  const at = Math.min(cursor, Math.max(0, entries.length - 1))
  const widths = layout(COLUMNS, columns - 2)
  const lines = entries
    .slice(top, top + visible)
    .map((entry, index) =>
      choosable(
        tableRow(
          COLUMNS,
          widths,
          [
            span(entry.seq === null ? '-' : `@${entry.seq}`),
            standing(entry),
            span(age(now - entry.at)),
            span(entry.author.name),
            span(entry.action === 'retire' ? `retired  ${entry.message}` : entry.message),
            span(short(entry.id), 'dim'),
          ],
          marks,
        ),
        top + index === at,
        marks,
      ),
    )
  const padding = Array.from({ length: Math.max(0, visible - lines.length) }, () => BLANK)
  const chosen = entries[at]
  return {
    lines: [
      [
        span(`${ui.policy ?? ''}  `, 'bold'),
        span(`${entries.length} ${entries.length === 1 ? 'version' : 'versions'}`, 'dim'),
      ],
      [span('  '), ...tableHead(COLUMNS, widths, marks)],
      ...lines,
      ...padding,
      ...(chosen === undefined ? [] : detail(chosen, columns, marks)),
    ],
    total: entries.length,
    visible,
    policy: ui.policy,
    version: chosen === undefined || chosen.seq === null ? undefined : `${ui.policy ?? ''}@${chosen.seq}`,
  }
}

function standing(entry: Entry): Span {
  if (entry.winner) return span('in force', 'good')
  if (!entry.counts) return span('void', 'bad')
  return entry.head ? span('head', 'warn') : span('before', 'dim')
}

function detail(entry: Entry, columns: number, marks: View['marks']): Line[] {
  const content = entry.bundle === null ? 'no content' : `${short(entry.bundle.cid)}, ${bytes(entry.bundle.size)}`
  const parents = entry.parents.length === 0 ? 'none' : entry.parents.map(short).join(' ')
  return [
    [span(marks.rule.repeat(columns), 'dim')],
    fact(
      'published',
      `${stamp(entry.at)} by ${entry.author.name}${entry.by === '' ? '' : ` (says ${entry.by})`}`,
      marks,
    ),
    fact('select', entry.selector ?? '-', marks),
    fact('content', `${content}; follows ${parents}`, marks),
    entry.reason === ''
      ? BLANK
      : fact('standing', `${entry.code === null ? '' : `${entry.code} `}${entry.reason}`, marks),
  ]
}
