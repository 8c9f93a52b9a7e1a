import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { recoverySeed, recoveryText } from './recovery.ts'

const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 })

describe('a recovery key on paper', () => {
  it('gives its seed back, however it was written down', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const text = recoveryText(seed)
        expect(recoverySeed(text)).toEqual(seed)
        expect(recoverySeed(` ${text.toUpperCase().replaceAll('-', ' ')}\n`)).toEqual(seed)
        expect(recoverySeed(text.replace('recovery1-', '').replaceAll('0', 'o').replaceAll('1', 'l'))).toEqual(seed)
      }),
    )
  })

  it('notices one mistyped character, and one that is missing', () => {
    fc.assert(
      fc.property(seeds, fc.nat(), (seed, at) => {
        const text = recoveryText(seed)
        const body = text.slice('recovery1-'.length)
        const place = at % (body.length - 1)
        const old = body[place] ?? ''
        if (old === '-') return
        const wrong = body.slice(0, place) + (old === '7' ? '8' : '7') + body.slice(place + 1)
        expect(() => recoverySeed(wrong)).toThrow(expect.objectContaining({ code: 'E_KEY_FILE' }))
        expect(() => recoverySeed(body.slice(0, place) + body.slice(place + 1))).toThrow(
          expect.objectContaining({ code: 'E_KEY_FILE' }),
        )
      }),
    )
  })
})
