import { STATES } from './states.ts'
import { GROUPS_MAX } from './types.ts'
import type { Counts, Group, Health } from './types.ts'
import type { NodeList } from './list.ts'

export interface Sums {
  readonly nodes: number
  /** All but those that are away. */
  readonly counted: number
  readonly converged: number
  readonly byState: Counts
  readonly agents: readonly (readonly [version: string, nodes: number])[]
  readonly oldestMs: number | null
}

/** States whose silence is known and shown as such, so that their age says nothing about the rest. */
const SILENT: ReadonlySet<Health> = new Set(['down', 'away', 'unknown'])

export function sumsOf(list: NodeList): Sums {
  const byState: Partial<Record<Health, number>> = {}
  const agents = new Map<string, number>()
  let oldestMs: number | null = null
  for (let index = 0; index < list.size; index++) {
    const state = list.state(index)
    byState[state] = (byState[state] ?? 0) + 1
    const agent = list.agent(index)
    if (agent !== '') agents.set(agent, (agents.get(agent) ?? 0) + 1)
    const age = list.ageMs(index)
    if (age !== null && !SILENT.has(state)) oldestMs = Math.max(oldestMs ?? 0, age)
  }
  return {
    nodes: list.size,
    counted: list.size - (byState.away ?? 0),
    converged: byState.ok ?? 0,
    byState,
    agents: [...agents].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, 8),
    oldestMs,
  }
}

/** Counts by label values, largest first; those with most problems first among equals. */
export function groupsOf(list: NodeList, by: readonly string[]): Group[] {
  const found = new Map<string, { values: string[]; counts: Partial<Record<Health, number>>; nodes: number }>()
  for (let index = 0; index < list.size; index++) {
    const values = by.map((name) => list.label(index, name))
    const key = values.join('\u0000')
    let group = found.get(key)
    if (group === undefined) found.set(key, (group = { values, counts: {}, nodes: 0 }))
    const state = list.state(index)
    group.counts[state] = (group.counts[state] ?? 0) + 1
    group.nodes++
  }
  const worst = (counts: Counts): number => STATES.findIndex((state) => (counts[state] ?? 0) > 0)
  return [...found.values()]
    .sort(
      (a, b) =>
        b.nodes - a.nodes || worst(a.counts) - worst(b.counts) || (a.values.join('\n') < b.values.join('\n') ? -1 : 1),
    )
    .slice(0, GROUPS_MAX)
}

/** Names of labels that nodes carry, the most common first; looks at 1,000 nodes at most, spread over the list. */
export function labelNames(list: NodeList): string[] {
  const step = Math.max(1, Math.floor(list.size / 1000))
  const seen = new Map<string, number>()
  for (let index = 0; index < list.size; index += step)
    for (const name of Object.keys(list.row(index).labels)) seen.set(name, (seen.get(name) ?? 0) + 1)
  return [...seen].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([name]) => name)
}
