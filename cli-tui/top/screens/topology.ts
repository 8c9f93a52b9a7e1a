import { LOOKS, worstOf } from '../health.ts'
import { cell, clean, line, span } from '../line.ts'
import type { Line, Span } from '../line.ts'
import type { Group } from '../source.ts'
import { placeOf } from '../ui.ts'
import { grouped, heading, percent, still } from '../view.ts'
import type { Body, View } from '../view.ts'

const NAME = 16
const CELL = 13

/** How well each pair of label values is: the worst state's sign, the share that is well, the number of nodes. */
export function topology(view: View): Body {
  const { ui, data, columns, rows, marks } = view
  const labels = data.summary?.labels ?? []
  const by = ui.by ?? labels[0]
  const across = ui.across ?? labels.find((name) => name !== by)
  if (by === undefined || across === undefined)
    return still([line('A heat map wants nodes with two labels, such as region and role: chorus relabel', 'dim')])
  const heat = data.heat
  if (heat === undefined || heat.by !== by || heat.across !== across) return still([line('counting', 'dim')])
  const { down, over, at: cells } = axes(heat.list)
  const fits = Math.max(1, Math.floor((columns - 2 - NAME) / CELL))
  const shown = over.slice(0, fits)
  const visible = Math.max(1, rows - 3)
  const { cursor, top } = placeOf(ui)
  const chosen = Math.min(cursor, Math.max(0, down.length - 1))
  const hidden = over.length - shown.length
  const lines = down.slice(top, top + visible).map((value, index): Line => {
    const isChosen = top + index === chosen
    return [
      span(isChosen ? `${marks.cursor} ` : '  ', 'bold'),
      span(cell(clean(named(value), marks), NAME, marks), isChosen ? 'chosen' : 'plain'),
      ...shown.map((other) => heatCell(cells.get(`${value}\u0000${other}`), view)),
    ]
  })
  return {
    lines: [
      heading(`${by} by ${across}`, columns, marks),
      [
        span(' '.repeat(2 + NAME)),
        ...shown.map((value) => span(` ${cell(clean(named(value), marks), CELL - 1, marks)}`, 'dim')),
      ],
      ...lines,
      line(`sign of the worst, share that is ok, nodes${hidden > 0 ? `; ${hidden} columns do not fit` : ''}`, 'dim'),
    ],
    total: down.length,
    visible,
    values: down[chosen] === undefined ? undefined : [down[chosen]],
  }
}

const named = (value: string): string => (value === '' ? '(none)' : value)

function heatCell(group: Group | undefined, { marks }: View): Span {
  if (group === undefined) return span(cell(` ${marks.dot}`, CELL, marks), 'dim')
  const worst = worstOf(group.counts) ?? 'unknown'
  const sign = marks.ascii ? LOOKS[worst].ascii : LOOKS[worst].sign
  const share = percent(group.counts.ok ?? 0, group.nodes - (group.counts.away ?? 0))
  return span(cell(` ${sign} ${share} ${grouped(group.nodes)}`, CELL, marks), LOOKS[worst].tone)
}

/** Values of both labels, in the order of their names, and the groups by both. */
function axes(groups: readonly Group[]): {
  readonly down: readonly string[]
  readonly over: readonly string[]
  readonly at: ReadonlyMap<string, Group>
} {
  const values = (index: number): string[] => [...new Set(groups.map((group) => group.values[index] ?? ''))].sort()
  return {
    down: values(0),
    over: values(1),
    at: new Map(groups.map((group) => [group.values.join('\u0000'), group])),
  }
}
