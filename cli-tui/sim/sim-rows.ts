import { rolloutRow } from '../../node/control/index.ts'
import type { LogEntry } from '../../node/control/index.ts'
import type { Publication, World } from '../../topology-sim/index.ts'
import type { PolicyRow, Spread } from '../top/source.ts'

/** What a simulation knows, in the shapes that the screens read. */

/** Virtual time starts where the simulator's worlds do: 2026-01-01. */
export const START_MS = Date.UTC(2026, 0, 1)
const EDGES_MS = [500, 1000, 2000, 3000, 5000, 10_000, 30_000, 120_000] as const

export function policyRow(
  { policy, version, seq, author, publishedMs, counts, selected, action }: Publication,
  world: World,
): PolicyRow {
  const name = world.nameOf(author)
  // As its author sees it, while that is up.
  const view = world.engine(author)?.view
  const rollout = view?.rollouts().find((one) => one.version.id === version)
  return {
    policy,
    version,
    seq,
    inForce: Math.min(counts.applied, selected),
    of: selected,
    forked: false,
    heads: version === null ? [] : [{ id: version, seq, author: name }],
    author: name,
    by: '',
    message: '',
    publishedAt: publishedMs === null ? null : START_MS + publishedMs,
    retired: action === 'retire',
    selector: '',
    here: false,
    state: 'unknown',
    code: null,
    reason: 'a simulation is seen from outside',
    failed: counts.failed,
    rollout: rolloutRow(rollout, (key) => view?.ledger.nameOf(key, view.now) ?? key.slice(0, 8)),
  }
}

export function logEntry(
  { policy, version, seq, action, author, publishedMs, startedMs, bytes }: Publication,
  world: World,
  winner: boolean,
): LogEntry {
  return {
    id: version ?? '',
    type: 'feed/version',
    policy,
    seq,
    parents: [],
    action,
    author: { key: '', name: world.nameOf(author) },
    at: START_MS + (publishedMs ?? startedMs),
    by: '',
    message: '',
    bundle: { cid: '', size: bytes },
    selector: null,
    counts: version !== null,
    code: null,
    reason: version === null ? 'its author has not written it yet' : '',
    winner,
    head: winner,
  }
}

export function spreadOf({ policy, version, seq, publishedMs, startedMs, appliedMs }: Publication): Spread {
  const from = publishedMs ?? startedMs
  const times = appliedMs.filter((at) => !Number.isNaN(at)).map((at) => at - from)
  times.sort()
  const rank = (share: number): number => times[Math.max(0, Math.ceil(share * times.length) - 1)] ?? 0
  let below = Number.NEGATIVE_INFINITY
  const buckets = [...EDGES_MS, null].map((to): readonly [number | null, number] => {
    const [low, high] = [below, to ?? Number.POSITIVE_INFINITY]
    below = high
    return [to, times.reduce((count, time) => count + Number(time > low && time <= high), 0)]
  })
  return {
    policy,
    version: version ?? '',
    seq: seq ?? 0,
    at: START_MS + from,
    nodes: times.length,
    p50Ms: rank(0.5),
    p90Ms: rank(0.9),
    p99Ms: rank(0.99),
    buckets,
  }
}

/** `01:02:03.4` */
export function clockOf(ms: number): string {
  const seconds = ms / 1000
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0')
  return `${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}.${Math.floor((seconds * 10) % 10)}`
}
