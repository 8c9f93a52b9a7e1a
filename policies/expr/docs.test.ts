import { expect, it } from 'vitest'
import { EXPRESSION_DOCS } from './docs.ts'

it('shows every function as it is written', () => {
  const uses = EXPRESSION_DOCS.map((doc) => doc.use)
  expect(uses).toContain('version(x)')
  expect(uses).toContain('x.replace(y, z)')
  expect(uses).toContain('list.map(x, test, ...)')
  expect(uses).toContain('has(x.y)')
  expect(new Set(uses).size).toBe(uses.length)
})
