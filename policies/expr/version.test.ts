import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Version } from './version.ts'

const order = (a: string, b: string): number => Math.sign(new Version(a).compare(new Version(b)))

describe('a version', () => {
  it.each([
    ['10', '9'],
    ['1.10', '1.9'],
    ['1.0', '1.0-rc1'],
    ['1.0-rc2', '1.0-rc1'],
    ['1.0', '1.0~beta'],
    ['2', '1.99.99'],
    ['1.0.1', '1.0'],
    ['9.2p2', '9.2p1'],
    ['1.0+b2', '1.0+b1'],
    ['v2', '1'],
  ])('%s is newer than %s', (newer, older) => {
    expect(order(newer, older)).toBe(1)
    expect(order(older, newer)).toBe(-1)
  })

  it('counts missing parts as 0', () => {
    expect(order('1.0', '1')).toBe(0)
    expect(order('v1.0.0', '1')).toBe(0)
  })

  it('orders any three versions consistently', () => {
    const version = fc.stringMatching(/^[0-9]{1,2}([.~-][0-9a-c]{1,2}){0,3}$/)
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(order(a, b)).toBe(-order(b, a) || 0)
        if (order(a, b) <= 0 && order(b, c) <= 0) expect(order(a, c)).toBeLessThanOrEqual(0)
      }),
    )
  })
})
