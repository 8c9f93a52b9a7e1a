import { age } from '../../out/text.ts'
import { choosable } from '../columns.ts'
import { line, span } from '../line.ts'
import type { Line } from '../line.ts'
import type { PolicyRow } from '../source.ts'
import { placeOf } from '../ui.ts'
import { bar, grouped, percent, still } from '../view.ts'
import type { Body, View } from '../view.ts'

/** Lines of one policy: itself, its wave, its sums. */
const EACH = 3

/** How the newest version of each policy spreads. There is one wave: everyone whom the selector chooses. */
export function rollout(view: View): Body {
  const { ui, data, rows } = view
  const list = data.policies?.filter(({ version, forked }) => version !== null || forked)
  if (list === undefined) return still([line('waiting for the first answer', 'dim')])
  if (list.length === 0) return still([line('Nothing was published yet.', 'dim')])
  const newest = [...list].sort((a, b) => (b.publishedAt ?? 0) - (a.publishedAt ?? 0))
  const visible = Math.max(1, Math.floor((rows - 1) / EACH))
  const { cursor, top } = placeOf(ui)
  const at = Math.min(cursor, newest.length - 1)
  return {
    lines: [
      line('newest first; one wave each: all whom the selector chooses', 'dim'),
      ...newest.slice(top, top + visible).flatMap((row, index) => tree(row, top + index === at, view)),
    ],
    total: newest.length,
    visible,
    policy: newest[at]?.policy,
  }
}

function tree(row: PolicyRow, chosen: boolean, { columns, marks, now }: View): Line[] {
  const version = row.seq === null ? '' : `@${row.seq}`
  const published = row.publishedAt === null ? '' : `${age(now - row.publishedAt)} ago by ${row.author}`
  const word = row.forked ? 'fork: halted until merged' : row.inForce === row.of ? 'done' : 'spreading'
  const tone = row.forked ? 'bad' : row.inForce === row.of ? 'good' : 'warn'
  const wide = Math.max(8, Math.min(40, columns - 50))
  return [
    choosable([span(`${row.policy}${version}`), span(`  ${word}`, tone), span(`  ${published}`, 'dim')], chosen, marks),
    [
      span(`  ${marks.last} wave 1 of 1  `),
      span(bar(row.inForce, row.of, wide, marks), tone),
      span(` ${percent(row.inForce, row.of)}`),
    ],
    [
      span(
        `      ${grouped(row.inForce)} in force, ${grouped(Math.max(0, row.of - row.inForce - row.failed))} to go, `,
      ),
      span(`${grouped(row.failed)} failed`, row.failed > 0 ? 'bad' : 'dim'),
      span(` of ${marks.about}${grouped(row.of)} nodes`, 'dim'),
    ],
  ]
}
