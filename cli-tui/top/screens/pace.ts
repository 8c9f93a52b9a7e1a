import { bytes } from '../../out/text.ts'
import { span } from '../line.ts'
import type { Line } from '../line.ts'
import type { Marks } from '../marks.ts'
import type { Spread, Summary } from '../source.ts'
import { fact, grouped } from '../view.ts'
import type { View } from '../view.ts'

/** Heights of bars as text, the highest of them full; nothing is shown as nothing. */
export function sparkline(values: readonly number[], marks: Marks): string {
  const most = Math.max(...values, 0)
  const steps = Array.from(marks.steps)
  return values
    .map((value) => {
      if (value <= 0 || most === 0) return marks.noStep
      return steps[Math.min(steps.length - 1, Math.floor((value / most) * steps.length))] ?? ''
    })
    .join('')
}

/** Neighbouring values summed up until at most `columns` are left. */
export function squeezed(values: readonly number[], columns: number): readonly number[] {
  const each = Math.max(1, Math.ceil(values.length / Math.max(1, columns)))
  const first = values.length % each
  const parts = Array.from({ length: Math.floor(values.length / each) }, (_, index) =>
    values.slice(first + index * each, first + (index + 1) * each).reduce((sum, value) => sum + value, 0),
  )
  return parts
}

export const seconds = (ms: number): string => (ms < 9_950 ? `${(ms / 1000).toFixed(1)}s` : `${Math.round(ms / 1000)}s`)

/** How fast the newest version spread, and what goes over the wires. */
export function paceLines(summary: Summary, { columns, marks }: View): Line[] {
  const [newest] = summary.spread
  return [
    fact('spread', '', marks, 8).concat(
      newest === undefined
        ? [span('no version spread while this node ran', 'dim')]
        : spreadSpans(newest, columns, marks),
    ),
    fact('traffic', '', marks, 8).concat(trafficSpans(summary.traffic, columns, marks)),
  ]
}

function spreadSpans(
  { policy, seq, nodes, p50Ms, p90Ms, p99Ms, buckets }: Spread,
  columns: number,
  marks: Marks,
): Line {
  const counts = buckets.map(([, count]) => count)
  const last = counts.findLastIndex((count) => count > 0)
  const shown = counts.slice(0, last + 1)
  const to = buckets[last]?.[0] ?? null
  const until = to === null ? 'more than 2m' : seconds(to)
  const told = `${policy}@${seq}  p50 ${marks.about}${seconds(p50Ms)}  p90 ${marks.about}${seconds(p90Ms)}  p99 ${marks.about}${seconds(p99Ms)}`
  return [
    span(told),
    span(`  ${grouped(nodes)} ${nodes === 1 ? 'node' : 'nodes'}`, 'dim'),
    ...(columns < 96 ? [] : [span('  0.5s ', 'dim'), span(sparkline(shown, marks), 'info'), span(` ${until}`, 'dim')]),
  ]
}

function trafficSpans({ stepMs, in: received, out: sent }: Summary['traffic'], columns: number, marks: Marks): Line {
  if (received.length === 0) return [span('measured from now on', 'dim')]
  const wide = Math.max(10, Math.min(60, columns - 60))
  const total = received.map((value, index) => value + (sent[index] ?? 0))
  const rate = (values: readonly number[]): string => {
    const lately = values.slice(-6)
    return `${bytes(Math.round((lately.reduce((sum, value) => sum + value, 0) * 1000) / (stepMs * lately.length)))}/s`
  }
  const minutes = Math.max(1, Math.round((received.length * stepMs) / 60_000))
  return [
    span(sparkline(squeezed(total, wide), marks), 'info'),
    span(`  in ${rate(received)}  out ${rate(sent)}`),
    span(`  last ${minutes}m`, 'dim'),
  ]
}
