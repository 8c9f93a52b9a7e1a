/** Selects nobody, and makes the record 1 KB long. */
export const NOBODY = `labels.nobody == '${'x'.repeat(470)}'`

/** What one publish came to, in whichever of the three. */
export interface Sample {
  /** Milliseconds until the record was known, for each node but its publisher, in order. */
  readonly deliveriesMs: readonly number[]
  /** Mean hops; null where nobody can tell. */
  readonly hops: number | null
  /** Copies of the record that a node received, its publisher included in the number of nodes. */
  readonly copiesPerNode: number
  /** Bytes that a node received for it, headers included; null where other traffic cannot be told apart. */
  readonly bytesPerNode: number
}

export interface Figure {
  readonly mean: number
  /** Half of the 95 % confidence interval of the mean. */
  readonly within: number
}

export interface Figures {
  readonly publishes: number
  readonly meanMs: Figure
  readonly p50Ms: Figure
  readonly p99Ms: Figure
  readonly hops: Figure | null
  readonly copiesPerNode: Figure
  readonly bytesPerNode: Figure
}

/** Over publishes: each is one observation. */
export function figuresOf(samples: readonly Sample[]): Figures {
  const of = (pick: (sample: Sample) => number): Figure => meanOf(samples.map(pick))
  return {
    publishes: samples.length,
    meanMs: of(({ deliveriesMs }) => deliveriesMs.reduce((sum, ms) => sum + ms, 0) / deliveriesMs.length),
    p50Ms: of(({ deliveriesMs }) => quantile(deliveriesMs, 0.5)),
    p99Ms: of(({ deliveriesMs }) => quantile(deliveriesMs, 0.99)),
    hops: samples.some(({ hops }) => hops === null) ? null : of(({ hops }) => hops ?? 0),
    copiesPerNode: of(({ copiesPerNode }) => copiesPerNode),
    bytesPerNode: of(({ bytesPerNode }) => bytesPerNode),
  }
}

function meanOf(values: readonly number[]): Figure {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1)
  return { mean: round(mean), within: round(1.96 * Math.sqrt(variance / values.length)) }
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN
}

/** How far `one` is from `other`, relative. */
export function apart(one: Figure | null, other: Figure | null): number | null {
  return one === null || other === null ? null : round(one.mean / other.mean - 1)
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}
