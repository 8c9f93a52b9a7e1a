import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { actor } from '../../../test/support/tools.ts'
import { CoreError } from '../errors.ts'
import { decodeToken, encodeToken } from './token.ts'
import type { Token } from './token.ts'

const MESH = 'bafyreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'
const token: Token = {
  mesh: MESH,
  charter: MESH,
  invite: new Uint8Array(300).fill(9),
  seed: new Uint8Array(32).fill(3),
  members: [{ key: actor('one').key, addrs: ['/ip4/10.0.0.1/tcp/7731'] }],
}

const codeOf = (line: string): string => {
  try {
    decodeToken(line)
    return 'done'
  } catch (error) {
    return error instanceof CoreError ? error.code : String(error)
  }
}

describe('an invite as one line', () => {
  it('comes back as it was, spaces around it aside', () => {
    const line = encodeToken(token)
    expect(line).toMatch(/^chorus1\.[A-Za-z0-9_-]+$/)
    expect(decodeToken(`  ${line}\n`)).toEqual(token)
    expect(decodeToken(line.replace(/.{60}/g, '$&\n '))).toEqual(token)
  })

  it('leaves out members and addresses beyond eight, and addresses too long for any', () => {
    const addrs = Array.from({ length: 12 }, (_, i) => `/ip4/10.0.0.${i}/tcp/1`)
    const many = Array.from({ length: 12 }, (_, i) => ({ key: actor(`m${i}`).key, addrs: ['x'.repeat(300), ...addrs] }))
    const back = decodeToken(encodeToken({ ...token, members: many }))
    expect(back.members).toHaveLength(8)
    expect(back.members.map((member) => member.addrs)).toEqual(Array.from({ length: 8 }, () => addrs.slice(0, 8)))
  })

  it('says of what it is when it is none', () => {
    expect(() => decodeToken('hello')).toThrow(/does not start with "chorus1\."/)
    expect(() => decodeToken('chorus2.abc')).toThrow(/version 2/)
    expect(() => decodeToken(encodeToken(token).slice(0, -20))).toThrow(/incomplete or damaged/)
    expect(() => decodeToken(`chorus1.${'A'.repeat(200_000)}`)).toThrow(/longer than/)
  })

  it('never reads anything but what encodeToken writes, whatever is done to the line', () => {
    const line = encodeToken(token)
    fc.assert(
      fc.property(fc.nat(line.length - 1), fc.constantFrom(...'AZaz09-_.+/= '.split('')), (at, letter) => {
        const changed = line.slice(0, at) + letter + line.slice(at + 1)
        const code = codeOf(changed)
        // A changed letter may change the invite's or the seed's bytes, which only the signature can tell.
        expect(code === 'E_TOKEN' || encodeToken(decodeToken(changed)) === changed.replace(/\s+/g, '')).toBe(true)
      }),
    )
  })
})
