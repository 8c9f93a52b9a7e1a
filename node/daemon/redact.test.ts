import { describe, expect, it } from 'vitest'
import { redacted } from './redact.ts'

const outcome = (reason: string, diff?: string) => ({
  policy: 'a/b',
  key: 'exec/x',
  state: 'failed' as const,
  reason,
  ...(diff === undefined ? {} : { diff }),
})
const values = new Map([
  ['pass', 'hunter2'],
  ['long', 'hunter2-and-more'],
  ['pem', '-----BEGIN\nAAAABBBB\nx\n-----END\n'],
  ['pin', '12'],
])

describe('what a run says', () => {
  it('has no value of a secret, not even a line of one', () => {
    const found = redacted(
      [outcome('said hunter2, then hunter2-and-more', '+AAAABBBB\n+x\n'), outcome('as it should be')],
      values,
    )
    expect(found).toEqual([
      outcome('said (secret pass), then (secret long)', '+(secret pem)\n+x\n'),
      outcome('as it should be'),
    ])
  })

  it('is the same object where nothing had to be taken out', () => {
    const all = [outcome('ended with exit code 12')]
    expect(redacted(all, new Map())).toBe(all)
    expect(redacted(all, values)[0]).toBe(all[0])
  })
})
