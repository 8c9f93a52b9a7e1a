import * as dagCbor from '@ipld/dag-cbor'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { describe, expect, it } from 'vitest'
import { CoreError } from '../errors.ts'
import { decodeStrict, encodeStrict } from './cbor.ts'

const MAX = 32 * 1024

function codeOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    return error instanceof CoreError ? error.code : String(error)
  }
  return 'accepted'
}

function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))
}

describe('canonical DAG-CBOR', () => {
  it.each([
    ['a float', 'f93e00'],
    ['a 64-bit float', 'fb3ff8000000000000'],
    ['NaN', 'f97e00'],
    ['undefined', 'f7'],
    ['another simple value', 'f0'],
    ['a bigint above 2^53-1', '1b0020000000000000'],
    ['a bigint below -(2^53-1)', '3b001fffffffffffff'],
    ['an integer in a longer form', '1801'],
    ['a map with unsorted keys', 'a2 6162 01 6161 02'],
    ['a map with a key twice', 'a2 6161 01 6161 02'],
    ['a map with the key __proto__', 'a1 695f5f70726f746f5f5f 01'],
    ['__proto__ with a longer length prefix', 'a1 78095f5f70726f746f5f5f 01'],
    ['a map with a number as key', 'a1 01 01'],
    ['a list of indefinite length', '9f01ff'],
    ['a tag that is no link', 'c1 01'],
    ['a link without bytes', 'd82a 01'],
    ['text that is not UTF-8', '62c328'],
    ['text with a byte order mark that a decoder strips', '64efbbbf61'],
    ['bytes behind the end', '0101'],
    ['nothing', ''],
    ['a text that ends in the middle', '6361'],
    ['a list longer than its bytes', '9affffffff'],
    ['a length of 2^64-1', '5bffffffffffffffff'],
  ])('refuses %s', (_what, bytes) => {
    expect(codeOf(() => decodeStrict(hex(bytes), MAX))).toBe('E_MALFORMED')
  })

  it('accepts 16 levels and refuses 17, and 60,000 without a stack overflow', () => {
    const nested = (levels: number) => Uint8Array.from([...Array<number>(levels).fill(0x81), 0x01])
    expect(codeOf(() => decodeStrict(nested(16), MAX))).toBe('accepted')
    expect(codeOf(() => decodeStrict(nested(17), MAX))).toBe('E_MALFORMED')
    expect(codeOf(() => decodeStrict(nested(60_000), 100_000))).toBe('E_MALFORMED')
  })

  it('says E_TOO_LARGE before it looks at the bytes', () => {
    expect(codeOf(() => decodeStrict(new Uint8Array(11), 10))).toBe('E_TOO_LARGE')
  })

  it('accepts the largest and the smallest safe integer', () => {
    for (const n of [Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER]) {
      expect(decodeStrict(dagCbor.encode(n), MAX)).toBe(n)
    }
  })

  const value: fc.Arbitrary<unknown> = fc.letrec<{ node: unknown }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.maxSafeInteger().map((n) => (n === 0 ? 0 : n)),
      fc.string(),
      fc.boolean(),
      fc.constant(null),
      fc.uint8Array({ maxLength: 20 }),
      fc.constant(CID.parse('bafyreiddffh4f5gifstec6eldwp5njsgw66r4rmwt6t7av564acrugv4ty')),
      fc.array(tie('node'), { maxLength: 5 }),
      fc.dictionary(
        fc.string().filter((key) => key !== '__proto__'),
        tie('node'),
        { maxKeys: 5, noNullPrototype: true },
      ),
    ),
  })).node

  it('gives back what was encoded', () => {
    fc.assert(
      fc.property(value, (v) => {
        const bytes = encodeStrict(v)
        expect(encodeStrict(decodeStrict(bytes, 1_000_000))).toEqual(bytes)
      }),
    )
  })

  it('throws nothing but CoreError on any bytes, and what it accepts is canonical', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          expect(encodeStrict(decodeStrict(bytes, MAX))).toEqual(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(CoreError)
        }
      }),
      { numRuns: 3000 },
    )
  })
})
