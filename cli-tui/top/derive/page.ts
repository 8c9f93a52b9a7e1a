import { isProblem, severityOf } from '../health.ts'
import type { NodePage, NodeQuery } from '../source.ts'
import { filterOf, isCel } from './filter.ts'
import type { Cel } from './filter.ts'
import type { NodeList } from './list.ts'

/** Most rows of one page: more than any screen has. */
const PAGE_MAX = 500

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
    for (let index = 0; index < list.size; index++) {
      if (problemsOnly && !isProblem(list.state(index))) continue
      if (matches !== undefined && !matches(list.row(index))) continue
      kept[count++] = index
    }
    const order = kept.subarray(0, count).sort(comparing(list, query))
    this.#ordered = { key, order }
    return order
  }
}

/** Ties are broken by name, then by place, so that rows do not jump about. */
function comparing(list: NodeList, { sort, descending }: NodeQuery): (a: number, b: number) => number {
  const sign = descending ? -1 : 1
  const byName = (a: number, b: number): number => {
    const one = list.name(a)
    const other = list.name(b)
    return one < other ? -1 : one > other ? 1 : a - b
  }
  // Never heard sorts as oldest.
  const age = (index: number): number => list.ageMs(index) ?? Number.MAX_SAFE_INTEGER
  const primary: Record<NodeQuery['sort'], (a: number, b: number) => number> = {
    name: () => 0,
    state: (a, b) => severityOf(list.state(a)) - severityOf(list.state(b)),
    age: (a, b) => age(b) - age(a),
    agent: (a, b) => (list.agent(a) < list.agent(b) ? -1 : list.agent(a) > list.agent(b) ? 1 : 0),
  }
  const first = primary[sort]
  return (a, b) => sign * (first(a, b) || byName(a, b))
}
