import { hashText } from '../kernel/random.ts'
import type { Publication } from '../world/measure.ts'
import type { Curve, Times } from './result.ts'

/** Pure sums over what was measured. */

export const NO_TIMES: Times = { count: 0, p50: null, p90: null, p99: null, last: null, mean: null }

/** @param sorted ascending */
export function timesOf(sorted: Float64Array): Times {
  const count = sorted.length
  if (count === 0) return NO_TIMES
  let sum = 0
  for (const value of sorted) sum += value
  const at = (share: number): number => round(sorted[Math.min(count - 1, Math.ceil(share * count) - 1)] ?? 0)
  return {
    count,
    p50: at(0.5),
    p90: at(0.9),
    p99: at(0.99),
    last: round(sorted[count - 1] ?? 0),
    mean: round(sum / count),
  }
}

/** Since when the nodes could have a version: since it was published, or since they joined. */
export function sinceOf({ publishedMs, startedMs, arrivals }: Publication): Since {
  const from = publishedMs ?? startedMs
  return arrivals.size === 0 ? from : (node) => arrivals.get(node) ?? from
}

export type Since = number | ((node: number) => number)

/** Values of the nodes that have one (not NaN), after `from`, ascending. */
export function sortedAfter(values: Float64Array, from: Since, only?: (node: number) => boolean): Float64Array {
  const kept = new Float64Array(values.length)
  let count = 0
  for (let node = 0; node < values.length; node++) {
    const value = values[node] ?? Number.NaN
    if (Number.isNaN(value) || only?.(node) === false) continue
    kept[count++] = Math.max(0, value - (typeof from === 'number' ? from : from(node)))
  }
  return kept.subarray(0, count).sort()
}

/** Points of a curve: enough for a screen, few enough for a report of many curves. */
const POINTS = 160

/** The share of `total` that was reached by each time; steps at equal shares, so that both ends are sharp. */
export function curveOf(sorted: Float64Array, total: number): Curve {
  if (total === 0 || sorted.length === 0) return []
  const points: [number, number][] = []
  const step = Math.max(1, Math.ceil(sorted.length / POINTS))
  for (let i = 0; i < sorted.length; i += step) points.push([round(sorted[i] ?? 0), share((i + 1) / total)])
  const last = sorted.length
  points.push([round(sorted[last - 1] ?? 0), share(last / total)])
  return points
}

/** Microseconds are what the kernel counts. */
export const round = (ms: number): number => Math.round(ms * 1000) / 1000
/** Shares to a millionth: one node of the largest fleet. */
export const share = (value: number): number => Math.round(value * 1e6) / 1e6

/** The share of the curve at a time. */
export function shareAt(sorted: Float64Array, ms: number, total: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] ?? 0) <= ms) low = middle + 1
    else high = middle
  }
  return total === 0 ? 0 : low / total
}

/** A number in [0, 1) that hangs on a text and a seed alone. */
export function drawOf(text: string, seed: number): number {
  return (hashText(text, seed) >>> 0) / 2 ** 32
}
