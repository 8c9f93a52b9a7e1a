import { describe, expect, it } from 'vitest'
import { actor } from '../../../test/support/tools.ts'
import { CoreError } from '../errors.ts'
import { fromHex, isKey, isSmallOrder, keyOfPeerId, peerIdOf, shortId, toHex } from './keys.ts'

/** Edwards arithmetic on the curve of Ed25519, affine: slow, and independent of any library. */
const P = 2n ** 255n - 19n
const mod = (a: bigint) => ((a % P) + P) % P
function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  for (let b = mod(base), e = exponent; e > 0n; e >>= 1n, b = mod(b * b)) if (e & 1n) result = mod(result * b)
  return result
}
const inverse = (a: bigint) => power(a, P - 2n)
const D = mod(-121665n * inverse(121666n))
type Point = readonly [bigint, bigint]
function add([x1, y1]: Point, [x2, y2]: Point): Point {
  const k = mod(D * x1 * x2 * y1 * y2)
  return [mod((x1 * y2 + x2 * y1) * inverse(mod(1n + k))), mod((y1 * y2 + x1 * x2) * inverse(mod(1n - k)))]
}
function pointOf(key: string): Point | null {
  const y = mod(BigInt(`0x${Buffer.from(key, 'hex').reverse().toString('hex')}`) & (2n ** 255n - 1n))
  const xx = mod((y * y - 1n) * inverse(mod(D * y * y + 1n)))
  let x = power(xx, (P + 3n) / 8n)
  if (mod(x * x) !== xx) x = mod(x * power(2n, (P - 1n) / 4n))
  return mod(x * x) === xx ? [x, y] : null
}
function isTorsion(key: string): boolean {
  let point = pointOf(key)
  if (point === null) return false
  for (let i = 0; i < 3; i++) point = add(point, point)
  return point[0] === 0n && point[1] === 1n
}
const little = (n: bigint) => Buffer.from(n.toString(16).padStart(64, '0'), 'hex').reverse().toString('hex')

describe('keys', () => {
  it('are hex in memory and 32 bytes on the wire', () => {
    const { key } = actor('ann')
    expect(isKey(key)).toBe(true)
    expect(toHex(fromHex(key))).toBe(key)
    expect(() => fromHex('0g')).toThrow(CoreError)
    expect(() => fromHex('abc')).toThrow(CoreError)
  })

  it('of small order are exactly those whose eightfold is the identity, in every encoding', () => {
    const orderEight = [
      '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    ]
    const small = [0n, 1n, P - 1n, P, P + 1n].map(little).concat(orderEight)
    for (const key of small) {
      expect(isTorsion(key)).toBe(true)
      expect(isSmallOrder(key)).toBe(true)
      const signed = key.slice(0, 62) + (Number.parseInt(key.slice(62), 16) | 0x80).toString(16)
      expect(isSmallOrder(signed)).toBe(true)
    }
    for (const key of ['ann', 'bob', 'cat'].map((name) => actor(name).key)) {
      expect(isTorsion(key)).toBe(false)
      expect(isSmallOrder(key)).toBe(false)
    }
  })

  it('have a libp2p peer id, and the way back', () => {
    const { key } = actor('ann')
    const id = peerIdOf(key)
    expect(id).toMatch(/^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/)
    expect(keyOfPeerId(id)).toBe(key)
    expect(shortId(key)).toBe(id.slice(8, 16))
  })

  it('agree with libp2p about the peer id', async () => {
    const { publicKeyFromRaw } = await import('@libp2p/crypto/keys')
    const { peerIdFromPublicKey } = await import('@libp2p/peer-id')
    const { key } = actor('bob')
    expect(peerIdFromPublicKey(publicKeyFromRaw(fromHex(key))).toString()).toBe(peerIdOf(key))
  })

  it.each(['', '12D3KooW', 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N', '0OIl', 'x'.repeat(100)])(
    'are refused in the form of "%s"',
    (text) => {
      expect(() => keyOfPeerId(text)).toThrow(CoreError)
    },
  )
})
