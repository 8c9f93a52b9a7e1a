import { isProblem, severityOf, STATES } from './states.ts'
import { PAGE_MAX } from './types.ts'
import type { NodePage, NodeQuery } from './types.ts'
import { filterOf, isCel } from './filter.ts'
import type { Cel } from './filter.ts'
import type { NodeList } from './list.ts'

interface Ordered {
  readonly key: string
  readonly order: Uint32Array
}

/**
 * Pages of a list. The order is worked out once for each question and version of the list, so that moving through it costs only the rows
 * that are shown.
 */
export class Pager {
  readonly #loadCel: () => Promise<Cel>
  #cel: Cel | undefined
  #ordered: Ordered | undefined

  constructor(loadCel: () => Promise<Cel>) {
    this.#loadCel = loadCel
  }

  async page(list: NodeList, query: NodeQuery, at: number): Promise<NodePage> {
    if (isCel(query.filter)) this.#cel ??= await this.#loadCel()
    const filter = filterOf(query.filter, this.#cel)
    const all = list.size
    if (filter.error !== undefined) return { rows: [], offset: 0, total: 0, all, at, error: filter.error }
    const order = this.#order(list, query, filter.matches)
    const limit = Math.max(1, Math.min(query.limit, PAGE_MAX))
    const offset = Math.max(0, Math.min(query.offset, order.length - limit))
    const rows = [...order.subarray(offset, offset + limit)].map((index) => list.row(index))
    return { rows, offset, total: order.length, all, at }
  }

  #order(list: NodeList, query: NodeQuery, matches: ReturnType<typeof filterOf>['matches']): Uint32Array {
    const { sort, descending, filter, problemsOnly } = query
    const key = JSON.stringify([list.version, list.size, sort, descending, filter, problemsOnly])
    if (this.#ordered?.key === key) return this.#ordered.order
    const kept = new Uint32Array(list.size)
    let count = 0
    for (const index of list.byName()) {
      if (problemsOnly && !isProblem(list.state(index))) continue
      if (matches !== undefined && !matches(list.row(index))) continue
      kept[count++] = index
    }
    const order = sorted(list, kept.subarray(0, count), sort)
    if (descending) order.reverse()
    this.#ordered = { key, order }
    return order
  }
}

/** From the order of names, which stays the order among equals: rows do not jump about. */
function sorted(list: NodeList, named: Uint32Array, sort: NodeQuery['sort']): Uint32Array {
  if (sort === 'name') return named
  if (sort === 'state') return byState(list, named)
  // Never heard counts as oldest.
  const age = (index: number): number => list.ageMs(index) ?? Number.MAX_SAFE_INTEGER
  if (sort === 'age') return named.sort((a, b) => age(b) - age(a))
  return named.sort((a, b) => (list.agent(a) < list.agent(b) ? -1 : list.agent(a) > list.agent(b) ? 1 : 0))
}

/** The order of nearly every page, so in one pass for each state's count and place instead of a sort. */
function byState(list: NodeList, named: Uint32Array): Uint32Array {
  const next = new Uint32Array(STATES.length + 1)
  const add = (slot: number, more: number): number => {
    const before = next[slot] ?? 0
    next[slot] = before + more
    return before
  }
  for (const index of named) add(severityOf(list.state(index)) + 1, 1)
  for (let severity = 1; severity <= STATES.length; severity++) add(severity, next[severity - 1] ?? 0)
  const order = new Uint32Array(named.length)
  for (const index of named) order[add(severityOf(list.state(index)), 1)] = index
  return order
}
