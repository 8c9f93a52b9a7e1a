import { describe, expect, it } from 'vitest'
import { PolicyError } from '../errors.ts'
import { decodeCanonical, encodeCanonical } from './cbor.ts'

const decode = (...bytes: number[]): unknown => decodeCanonical(new Uint8Array(bytes), 'it', 1000, 8)

describe('canonical DAG-CBOR', () => {
  it('gives equal bytes for equal maps', () => {
    expect(encodeCanonical({ b: 1, a: [true, null] })).toEqual(encodeCanonical({ a: [true, null], b: 1 }))
  })

  it('reads back what it wrote', () => {
    const value = { a: [1, 'x', null, false, new Uint8Array([1])], long: 'y'.repeat(300), n: 2 ** 40 }
    expect(decodeCanonical(encodeCanonical(value), 'it', 1000, 8)).toEqual(value)
  })

  it.each<[string, number[]]>([
    ['unsorted keys', [0xa2, 0x61, 0x62, 1, 0x61, 0x61, 2]],
    ['a duplicate key', [0xa2, 0x61, 0x61, 1, 0x61, 0x61, 2]],
    ['a number that is longer than it needs to be', [0x18, 0x01]],
    ['an indefinite list', [0x9f, 0x01, 0xff]],
    ['bytes that are missing', [0x82, 0x01]],
    ['bytes that are too many', [0x01, 0x01]],
    ['a text that is cut off', [0x78, 0xff, 0x61]],
    ['a length beyond everything', [0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
    ['a list beyond everything', [0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
    ['a tag that is no link', [0xc1, 0x01]],
    ['undefined', [0xf7]],
    ['nothing', []],
    ['nine levels', [...Array.from({ length: 9 }, () => 0x81), 0x01]],
    ['60,000 levels', [...Array.from({ length: 900 }, () => 0x81), 0x01]],
  ])('refuses %s', (_what, bytes) => {
    expect(() => decode(...bytes)).toThrow(PolicyError)
    expect(() => decode(...bytes)).toThrow(expect.objectContaining({ code: 'E_MALFORMED' }))
  })

  it('does not overflow on 60,000 levels within its size', () => {
    const deep = new Uint8Array(60_001).fill(0x81)
    deep[60_000] = 1
    expect(() => decodeCanonical(deep, 'it', 100_000, 72)).toThrow(expect.objectContaining({ code: 'E_MALFORMED' }))
  })

  it('refuses what is too large before it looks at it', () => {
    expect(() => decodeCanonical(new Uint8Array(1001), 'it', 1000, 8)).toThrow('it has 1001 bytes, the limit is 1000')
  })
})
