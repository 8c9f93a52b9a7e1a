/** Selects nobody, and makes the record 1 KB long. */
export const NOBODY = `labels.nobody == '${'x'.repeat(470)}'`

/** How one record came to everyone else. */
export interface Delivery {
  /** Milliseconds, in order. */
  readonly ms: readonly number[]
  /** Mean; null where nobody can tell. */
  readonly hops: number | null
}

/** What publishes cost, each, for each node: the mean of one block of them. */
export interface Cost {
  /** Copies of the record that came by gossip. */
  readonly copies: number
  /** Bytes of everything that came, with the record's bundle and sync, less what comes when nothing is published. */
  readonly bytes: number
}

export interface Sample {
  readonly deliveries: readonly Delivery[]
  readonly costs: readonly Cost[]
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

/** Each publish is one observation of delivery, each block one of cost. */
export function figuresOf({ deliveries, costs }: Sample): Figures {
  const of = (pick: (delivery: Delivery) => number): Figure => meanOf(deliveries.map(pick))
  return {
    publishes: deliveries.length,
    meanMs: of(({ ms }) => ms.reduce((sum, one) => sum + one, 0) / ms.length),
    p50Ms: of(({ ms }) => quantile(ms, 0.5)),
    p99Ms: of(({ ms }) => quantile(ms, 0.99)),
    hops: deliveries.some(({ hops }) => hops === null) ? null : of(({ hops }) => hops ?? 0),
    copiesPerNode: meanOf(costs.map(({ copies }) => copies)),
    bytesPerNode: meanOf(costs.map(({ bytes }) => bytes)),
  }
}

export function meanOf(values: readonly number[]): Figure {
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
