import { isolated } from '../network/graph.ts'
import type { Measurements, PublicationFigures, Quantiles } from './measure.ts'
import type { Tracked } from './publications.ts'
import type { WorldState } from './state.ts'

/** From what was counted to what is told. */

const HOTTEST = 20

export function measure(state: WorldState): Measurements {
  const { counters } = state.network
  const { regions } = state.links
  const up = state.status.reduce((sum, _, node) => sum + (state.isUp(node) ? 1 : 0), 0)
  const perNode = Float64Array.from(counters.bytesIn, (bytes, node) => bytes + (counters.bytesOut[node] ?? 0))
  return {
    nowMs: state.nowMs,
    events: state.events,
    traceHash: state.hash.text,
    nodes: state.size,
    up,
    network: state.network.kind,
    beacons: state.beacons,
    frames: counters.frames,
    copies: counters.copies,
    bytesPerNode: quantiles(perNode),
    bytesBy: { ...counters.bytesBy },
    regionBytes: Array.from({ length: regions }, (_, from) =>
      Array.from(counters.regionBytes.subarray(from * regions, (from + 1) * regions)),
    ),
    isolated: isolatedNow(state),
    degrees: degrees(state),
    publications: state.publications.refresh().map((publication) => figuresOf(state, publication)),
    hottest: hottest(perNode),
  }
}

function isolatedNow(state: WorldState): number {
  const first = state.status.findIndex((_, node) => state.isUp(node))
  if (first < 0) return 0
  const { graph } = state.connections
  return isolated(
    graph,
    first,
    (edge) => state.connections.isEdgeLive(edge),
    (node) => state.isUp(node),
  )
}

function degrees(state: WorldState): readonly number[] {
  const counts: number[] = []
  for (let node = 0; node < state.size; node++) {
    if (!state.isUp(node)) continue
    const degree = state.connections.degree(node)
    while (counts.length <= degree) counts.push(0)
    counts[degree] = (counts[degree] ?? 0) + 1
  }
  return counts
}

function hottest(perNode: Float64Array): Measurements['hottest'] {
  const order = Uint32Array.from(perNode, (_, node) => node).sort(
    (a, b) => (perNode[b] ?? 0) - (perNode[a] ?? 0) || a - b,
  )
  return Array.from(order.subarray(0, HOTTEST), (node) => ({ node, bytes: perNode[node] ?? 0 }))
}

function figuresOf(state: WorldState, publication: Tracked): PublicationFigures {
  const { counts, selected, selects, publishedMs, reply } = publication
  const from = publishedMs ?? publication.startedMs
  const since = (times: Float64Array): Quantiles => quantiles(times.map((at) => at - from))
  const members = state.status.reduce((sum, _, node) => sum + (state.isUp(node) ? 1 : 0), 0)
  let applied = 0
  for (let node = 0; node < state.size; node++) {
    if (selects[node] === 1 && !Number.isNaN(publication.appliedMs[node])) applied++
  }
  return {
    policy: publication.policy,
    version: publication.version,
    acknowledgedMs: reply?.ok === true ? reply.atMs - from : null,
    selected,
    reliability: members === 0 ? 0 : counts.durable / members,
    converged: selected === 0 ? 1 : applied / selected,
    failed: counts.failed,
    known: since(publication.knownMs),
    durable: since(publication.durableMs),
    held: since(publication.heldMs),
    applied: since(publication.appliedMs),
    hops: quantiles(Float64Array.from(publication.hops).filter((hops) => hops > 0)),
    copiesPerNode: counts.known === 0 ? 0 : publication.copies / counts.known,
  }
}

/** Of those that are numbers; by the nearest rank. */
export function quantiles(values: Float64Array): Quantiles {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort()
  const count = sorted.length
  const at = (share: number): number =>
    sorted[Math.min(count - 1, Math.max(0, Math.ceil(share * count) - 1))] ?? Number.NaN
  const mean = count === 0 ? Number.NaN : sorted.reduce((sum, value) => sum + value, 0) / count
  return { count, p50: at(0.5), p90: at(0.9), p99: at(0.99), last: at(1), mean }
}
