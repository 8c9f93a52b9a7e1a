import { describe, expect, it } from 'vitest'
import { PolicyError } from '../errors.ts'
import type { NodeContext } from '../model.ts'
import { checkSelector, evaluateSelector } from './selector.ts'

const web: NodeContext = { labels: { role: 'web', env: 'prod' }, facts: { cpus: 4 }, node: { name: 'web-1', id: 'id' } }

describe('a selector', () => {
  it.each<[string, boolean]>([
    ['true', true],
    ["labels.role == 'web'", true],
    ["labels.role == 'db'", false],
    ["labels.rack == 'r1'", false],
    ["labels.env in ['prod', 'stage'] && node.name.startsWith('web-')", true],
    ['facts.cpus >= 4', true],
  ])('%s', (text, selected) => {
    expect(evaluateSelector(text, web)).toEqual({ selected })
  })

  it('selects nothing if it fails, and says why', () => {
    const { selected, error } = evaluateSelector('labels.role > 3', web)
    expect(selected).toBe(false)
    expect(error?.code).toBe('E_EXPR')
  })

  it.each<[string, string]>([
    ['', 'E_SELECT'],
    ['   ', 'E_SELECT'],
    ['vars.x == 1', 'E_SELECT'],
    ['web', 'E_SELECT'],
    ['labels.role = 1', 'E_EXPR'],
  ])('is refused before it is published: %j', (text, code) => {
    expect(() => checkSelector(text)).toThrow(PolicyError)
    expect(() => checkSelector(text)).toThrow(expect.objectContaining({ code }))
  })

  it('can be confined to labels, as that of a grant is', () => {
    expect(() => checkSelector('facts.cpus > 1', ['labels'])).toThrow("a selector cannot use 'facts'")
    expect(() => checkSelector("labels.a == 'b'", ['labels'])).not.toThrow()
  })

  it('looks at 100,000 nodes in a moment', () => {
    const nodes = Array.from({ length: 100_000 }, (_, i): NodeContext => ({
      labels: { role: i % 3 === 0 ? 'db' : 'web', n: `${i}` },
      facts: {},
      node: { name: `n${i}`, id: `${i}` },
    }))
    const text = "labels.role == 'web' && !labels.n.endsWith('7')"
    const times = Array.from({ length: 5 }, () => {
      const start = process.cpuUsage().user
      expect(nodes.filter((node) => evaluateSelector(text, node).selected)).toHaveLength(59_999)
      return (process.cpuUsage().user - start) / 1000
    })
    // `npm run bench:policy` holds it to the aim of 100 ms; a machine that runs other tests meanwhile takes longer.
    expect(Math.min(...times)).toBeLessThan(300)
  })
})
