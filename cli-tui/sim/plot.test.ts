import { expect, it } from 'vitest'
import { plotShares } from './plot.ts'

it('draws steps', () => {
  const lines = plotShares(
    [
      [50, 0.5],
      [100, 1],
    ],
    { columns: 10, rows: 2, label: (ms) => `${ms} ms` },
  )
  expect(lines).toHaveLength(4)
  expect(lines.at(-1)).toMatch(/0 +100 ms$/)
  expect(plotShares([], { columns: 10, rows: 2, label: String })).toEqual([])
})
