import { describe, expect, it } from 'vitest'
import * as cel from '../../../policies/index.ts'
import { isProblem, severityOf } from './states.ts'
import type { NodeQuery } from './types.ts'
import { Fleet } from '../testing/fleet.ts'
import { listOf } from './list.ts'
import { Pager } from './page.ts'

const fleet = new Fleet(500)
const QUERY: NodeQuery = { sort: 'state', descending: false, filter: '', problemsOnly: false, offset: 0, limit: 20 }
const pager = (): Pager => new Pager(() => Promise.resolve(cel))
const ask = (part: Partial<NodeQuery>) => pager().page(fleet, { ...QUERY, ...part }, 0)

describe('pages', () => {
  it('put the worst first, then names', async () => {
    const { rows, total } = await ask({ limit: 500 })
    expect(total).toBe(500)
    const keys = rows.map((row) => `${severityOf(row.state)} ${row.name}`)
    expect(keys).toEqual([...keys].sort())
  })

  it('are parts of one order', async () => {
    const one = pager()
    const whole = await one.page(fleet, { ...QUERY, limit: 60 }, 0)
    const parts = await Promise.all([0, 20, 40].map((offset) => one.page(fleet, { ...QUERY, offset }, 0)))
    expect(parts.flatMap(({ rows }) => rows.map(({ id }) => id))).toEqual(whole.rows.map(({ id }) => id))
  })

  it('come back inside the list when it is shorter than asked for', async () => {
    const page = await ask({ offset: 10_000 })
    expect(page.offset).toBe(480)
    expect(page.rows).toHaveLength(20)
  })

  it('can be turned round and sorted by age', async () => {
    const { rows } = await ask({ sort: 'age', descending: true, filter: 'ok', limit: 500 })
    const ages = rows.map(({ ageMs }) => ageMs ?? Infinity)
    expect(ages).toEqual([...ages].sort((a, b) => a - b))
  })

  it('show problems only', async () => {
    const { rows, total, all } = await ask({ problemsOnly: true, limit: 500 })
    expect(rows.every(({ state }) => isProblem(state))).toBe(true)
    expect(total).toBeLessThan(all)
    expect(total).toBeGreaterThan(0)
  })

  it('notice that the list has changed', async () => {
    const rows = [fleet.row(1), fleet.row(2)]
    const one = pager()
    expect((await one.page(listOf(rows, 1), QUERY, 0)).total).toBe(2)
    expect((await one.page(listOf(rows.slice(1), 2), QUERY, 0)).total).toBe(1)
  })
})

describe('filters', () => {
  it('find words in names, states and label values', async () => {
    const { rows } = await ask({ filter: 'WEB eu-west', limit: 500 })
    expect(rows.length).toBeGreaterThan(0)
    for (const { labels } of rows) expect(labels).toMatchObject({ role: 'web', region: 'eu-west' })
  })

  it('take CEL as a policy does, with facts', async () => {
    const { rows } = await ask({ filter: 'labels.role == "db" && facts.arch == "arm64"', limit: 500 })
    expect(rows.length).toBeGreaterThan(0)
    for (const { labels, facts } of rows) expect([labels['role'], facts['arch']]).toEqual(['db', 'arm64'])
  })

  it('say where a broken condition is broken, and show nothing meanwhile', async () => {
    const page = await ask({ filter: 'labels.role = "db"' })
    expect(page.rows).toEqual([])
    expect(page.error).toMatchObject({ offset: 12 })
    expect(page.error?.message).toContain('= alone means nothing')
  })

  it('refuse names that no node has', async () => {
    const page = await ask({ filter: 'lables.role == "db"' })
    expect(page.error?.message).toContain('lables')
    expect(page.error?.offset).toBe(0)
  })
})
