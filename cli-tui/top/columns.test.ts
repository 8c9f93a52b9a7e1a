import { describe, expect, it } from 'vitest'
import { layout, windowOf } from './columns.ts'

const COLUMNS = [
  { title: 'A', min: 10, grow: 1 },
  { title: 'B', min: 5 },
  { title: 'C', min: 10, grow: 2, drop: 1 },
  { title: 'D', min: 8, drop: 2 },
]

describe('columns', () => {
  it('never take more than there is', () => {
    for (let width = 20; width < 200; width++) {
      const widths = layout(COLUMNS, width).filter((wide) => wide > 0)
      const used = widths.reduce((sum, wide) => sum + wide, 2 * (widths.length - 1))
      expect(used).toBeLessThanOrEqual(width)
    }
  })

  it('go in their order when it gets narrow', () => {
    expect(layout(COLUMNS, 39)).toEqual([10, 5, 10, 8])
    expect(layout(COLUMNS, 38).map((wide) => wide > 0)).toEqual([true, true, true, false])
    expect(layout(COLUMNS, 20).map((wide) => wide > 0)).toEqual([true, true, false, false])
  })

  it('share what is left over', () => {
    expect(layout(COLUMNS, 69)).toEqual([20, 5, 30, 8])
  })
})

describe('the part of a list that shows', () => {
  it('moves only as far as it must', () => {
    expect(windowOf(5, 0, 10, 100)).toBe(0)
    expect(windowOf(10, 0, 10, 100)).toBe(1)
    expect(windowOf(3, 20, 10, 100)).toBe(3)
    expect(windowOf(99, 0, 10, 100)).toBe(90)
  })

  it('stays inside a list that became shorter', () => {
    expect(windowOf(2, 50, 10, 5)).toBe(0)
    expect(windowOf(0, 0, 10, 0)).toBe(0)
  })
})
