/** Order statistics over a sample. `p` is between 0 and 1; nearest rank. */
export function percentile(sample: readonly number[], p: number): number {
  const sorted = [...sample].sort((a, b) => a - b)
  const rank = Math.min(sorted.length - 1, Math.max(0, Math.ceil(p * sorted.length) - 1))
  return sorted[rank] ?? Number.NaN
}

export interface Spread {
  readonly n: number
  readonly min: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
}

export function spreadOf(sample: readonly number[]): Spread {
  const at = (p: number): number => round(percentile(sample, p))
  return { n: sample.length, min: at(0), p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) }
}

/** Three significant decimals: figures of a noisy machine deserve no more. */
export function round(value: number): number {
  return Math.round(value * 1000) / 1000
}
