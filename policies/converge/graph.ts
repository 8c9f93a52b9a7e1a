import { compare, idOf, type Prepared } from './prepare.ts'

/** Who must come before whom, and who tells whom. Ids as in `Prepared.id`. */
export interface Graph {
  /** In an order that respects `after`, ties by id, so that every node does the same. */
  readonly order: readonly Prepared[]
  readonly after: ReadonlyMap<string, readonly string[]>
  readonly notifies: ReadonlyMap<string, readonly string[]>
  /** Resources that wait for each other in a circle, each circle with its names in order. */
  readonly cycles: readonly (readonly string[])[]
}

/**
 * Edges come from `require`, `before`, `notify` and `subscribe`, from `after` between policies, and by themselves: what
 * a resource wants (its directory, its owner) comes after whoever claims it.
 *
 * @param policyAfter policy name to the policies that come before it on this host
 */
export function buildGraph(
  ready: readonly Prepared[],
  merged: ReadonlyMap<string, string>,
  policyAfter: ReadonlyMap<string, readonly string[]>,
): Graph {
  const byId = new Map(ready.map((one) => [one.id, one]))
  const holders = new Map(ready.flatMap((one) => one.claims.map((claim) => [claim, one.id] as const)))
  const after = new Map<string, Set<string>>(ready.map((one) => [one.id, new Set()]))
  const notifies = new Map<string, Set<string>>()
  const link = (first: string | undefined, then: string | undefined): void => {
    if (first !== undefined && then !== undefined && first !== then) after.get(then)?.add(first)
  }
  for (const one of ready) {
    const find = (key: string): string | undefined => {
      const id = idOf(one.resource.policy, key)
      const real = merged.get(id) ?? id
      return byId.has(real) ? real : undefined
    }
    const tell = (from: string | undefined, to: string | undefined): void => {
      link(from, to)
      if (from !== undefined && to !== undefined) notifies.set(from, (notifies.get(from) ?? new Set()).add(to))
    }
    for (const key of one.resource.require) link(find(key), one.id)
    for (const key of one.resource.before) link(one.id, find(key))
    for (const key of one.resource.notify) tell(one.id, find(key))
    for (const key of one.resource.subscribe) tell(find(key), one.id)
    for (const want of one.type.wants?.(one.attrs) ?? []) link(holders.get(want), one.id)
  }
  linkPolicies(ready, policyAfter, link)
  const lists = (sets: ReadonlyMap<string, Set<string>>): Map<string, string[]> =>
    new Map([...sets].map(([id, set]) => [id, [...set].sort(compare)]))
  const edges = lists(after)
  return { ...sorted(byId, edges), after: edges, notifies: lists(notifies) }
}

/** Every resource of a policy comes after every one of those named in its `after`. */
function linkPolicies(
  ready: readonly Prepared[],
  policyAfter: ReadonlyMap<string, readonly string[]>,
  link: (first: string, then: string) => void,
): void {
  const members = Map.groupBy(ready, (one) => one.resource.policy)
  for (const [policy, earlier] of policyAfter) {
    for (const first of earlier.flatMap((name) => (name === policy ? [] : (members.get(name) ?? [])))) {
      for (const then of members.get(policy) ?? []) link(first.id, then.id)
    }
  }
}

/** Kahn's algorithm (1962) with the smallest id first; what is left over lies on circles or behind them. */
function sorted(
  byId: ReadonlyMap<string, Prepared>,
  after: ReadonlyMap<string, readonly string[]>,
): Pick<Graph, 'order' | 'cycles'> {
  const followers = new Map<string, string[]>()
  const open = new Map<string, number>()
  for (const [id, firsts] of after) {
    open.set(id, firsts.length)
    for (const first of firsts) followers.set(first, [...(followers.get(first) ?? []), id])
  }
  let free = [...open].filter(([, count]) => count === 0).map(([id]) => id)
  const order: Prepared[] = []
  while (free.length > 0) {
    const next: string[] = []
    for (const id of free.sort(compare)) {
      const one = byId.get(id)
      if (one !== undefined) order.push(one)
      open.delete(id)
      for (const follower of followers.get(id) ?? []) {
        const count = (open.get(follower) ?? 0) - 1
        open.set(follower, count)
        if (count === 0) next.push(follower)
      }
    }
    free = next
  }
  return { order, cycles: circles(new Set(open.keys()), after) }
}

function circles(left: Set<string>, after: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = []
  const done = new Set<string>()
  for (const start of [...left].sort(compare)) {
    const path: string[] = []
    let at: string | undefined = start
    while (at !== undefined && !done.has(at) && !path.includes(at)) {
      path.push(at)
      at = after.get(at)?.find((first) => left.has(first))
    }
    if (at !== undefined && path.includes(at)) found.push(path.slice(path.indexOf(at)).reverse())
    for (const id of path) done.add(id)
  }
  return found
}
