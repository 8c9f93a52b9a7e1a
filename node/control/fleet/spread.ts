import type { Spread } from './types.ts'

/** Versions that are followed, newest last; each holds a number a node. */
const VERSIONS_MAX = 16
/** A node that comes back after longer than this was not reached late: it was away. */
const LATE_MS = 24 * 3_600_000
/** Upper edges of the histogram's buckets, in ms; the last is open. */
const EDGES = [500, 1000, 2000, 3000, 5000, 10_000, 30_000, 120_000] as const

interface Followed {
  readonly policy: string
  readonly version: string
  readonly seq: number
  readonly at: number
  readonly tookMs: Map<string, number>
}

/** How long versions took to be in force on nodes, as far as it was heard here while it happened. */
export class SpreadTimes {
  readonly #versions = new Map<string, Followed>()

  /** @param node key of the node that says, for the first time, that this version is in force there */
  reached(node: string, version: Omit<Followed, 'tookMs'>, now: number): void {
    const took = now - version.at
    if (took > LATE_MS) return
    let followed = this.#versions.get(version.version)
    if (followed === undefined) {
      followed = { ...version, tookMs: new Map() }
      this.#versions.set(version.version, followed)
      const [oldest] = this.#versions.keys()
      if (this.#versions.size > VERSIONS_MAX && oldest !== undefined) this.#versions.delete(oldest)
    }
    // An author's clock that is ahead makes no version arrive before it was written.
    if (!followed.tookMs.has(node)) followed.tookMs.set(node, Math.max(0, took))
  }

  /** Newest first. */
  list(): readonly Spread[] {
    return [...this.#versions.values()].map(spreadOf).sort((a, b) => b.at - a.at)
  }
}

function spreadOf({ tookMs, policy, version, seq, at }: Followed): Spread {
  const times = Float64Array.from(tookMs.values()).sort()
  // Nearest rank: of 5 nodes the 90th percentile is the slowest.
  const rank = (share: number): number => times[Math.max(0, Math.ceil(share * times.length) - 1)] ?? 0
  const edges: readonly (number | null)[] = [...EDGES, null]
  let from = -1
  const buckets = edges.map((to): readonly [number | null, number] => {
    const below = from
    from = to ?? Number.POSITIVE_INFINITY
    return [to, times.reduce((count, time) => count + Number(time > below && time <= from), 0)]
  })
  return {
    policy,
    version,
    seq,
    at,
    nodes: times.length,
    p50Ms: rank(0.5),
    p90Ms: rank(0.9),
    p99Ms: rank(0.99),
    buckets,
  }
}
