import { expect, it } from 'vitest'
import { rememberSelections } from './selections.ts'

it('a selector is asked once for equal labels, and for each name if it mentions the node', () => {
  const asked: string[] = []
  const selects = rememberSelections({
    mesh: 'bafymesh',
    selects(selector, node) {
      asked.push(`${selector} ${node.name}`)
      return node.labels['role'] === 'web'
    },
  })
  expect(selects('labels.role', { labels: { role: 'web', env: 'dev' }, name: 'a' })).toBe(true)
  expect(selects('labels.role', { labels: { env: 'dev', role: 'web' }, name: 'b' })).toBe(true)
  expect(selects('labels.role', { labels: { role: 'db' }, name: 'b' })).toBe(false)
  expect(selects('node.name', { labels: { role: 'web' }, name: 'a' })).toBe(true)
  expect(selects('node.name', { labels: { role: 'web' }, name: 'b' })).toBe(true)
  expect(selects('node.name', { labels: { role: 'web' }, name: 'b' })).toBe(true)
  expect(asked).toEqual(['labels.role a', 'labels.role b', 'node.name a', 'node.name b'])
})
