import { stamp } from '../../out/text.ts'
import { choosable, layout, tableRow } from '../columns.ts'
import type { Column } from '../columns.ts'
import { coalesce } from '../derive/coalesce.ts'
import type { EventGroup } from '../derive/coalesce.ts'
import { line, span } from '../line.ts'
import type { Tone } from '../line.ts'
import { placeOf } from '../ui.ts'
import { grouped } from '../view.ts'
import type { Body, View } from '../view.ts'

const COLUMNS: readonly Column[] = [
  { title: 'TIME', min: 8 },
  { title: 'LEVEL', min: 5 },
  { title: 'KIND', min: 9, drop: 1 },
  { title: 'WHAT', min: 36, grow: 1 },
]

const TONES: Readonly<Record<'debug' | 'info' | 'warn' | 'error', Tone>> = {
  debug: 'dim',
  info: 'plain',
  warn: 'warn',
  error: 'bad',
}

/** What happened since the daemon started, as far as it kept it, newest first. */
export function events(view: View): Body {
  const { ui, data, columns, rows, marks } = view
  const groups = coalesce(data.events, { text: ui.eventFilter, least: ui.least })
  const visible = Math.max(1, rows - 1)
  const { cursor, top } = placeOf(ui)
  const at = Math.min(cursor, Math.max(0, groups.length - 1))
  const chosen = groups[at]
  const widths = layout(COLUMNS, columns - 2)
  const lines = groups
    .slice(top, top + visible)
    .map(({ at: when, level, kind, count, message }, index) =>
      choosable(
        tableRow(
          COLUMNS,
          widths,
          [
            span(stamp(when).slice(11, 19), 'dim'),
            span(level, TONES[level]),
            span(kind),
            span(`${count > 1 ? `x${grouped(count)}  ` : ''}${message}`, TONES[level]),
          ],
          marks,
        ),
        top + index === at,
        marks,
      ),
    )
  const filter = ui.eventFilter === '' ? '' : `  ${marks.dot} filter ${ui.eventFilter}`
  return {
    lines: [
      [
        span(`${grouped(groups.length)} events`, 'bold'),
        span(
          `  since the ${data.banner === undefined ? 'daemon started, UTC' : 'run began, virtual time'}  ${marks.dot} ${ui.least} and above${filter}`,
          'dim',
        ),
      ],
      ...(lines.length === 0 ? [line('nothing yet', 'dim')] : lines),
    ],
    total: groups.length,
    visible,
    text: chosen === undefined ? undefined : whole(chosen),
  }
}

/** One event as a page: at 60 columns a row holds the beginning of it. */
function whole({ at, level, kind, count, message }: EventGroup): Body['text'] {
  const times = count > 1 ? [`${grouped(count)} times, the last at ${stamp(at)}`] : []
  return { title: `${stamp(at)} ${level} ${kind}`, lines: [message, ...times] }
}
