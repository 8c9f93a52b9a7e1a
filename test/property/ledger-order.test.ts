import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dumpLedger, emptyLedger } from '../../node/core/index.ts'
import type { Envelope, Ledger } from '../../node/core/index.ts'
import { play, turns } from '../support/story.ts'

const NODES = [
  { labels: { role: 'web' }, name: 'a' },
  { labels: {}, name: 'b' },
]

/** Adds in pieces, then offers everything again until nothing changes, as sync does. */
function settle(empty: Ledger, pieces: readonly (readonly Envelope[])[]): Ledger {
  let ledger = empty
  for (const piece of pieces) ledger = ledger.add(piece).ledger
  for (let round = 0; round < 20; round++) {
    const next = ledger.add(pieces.flat()).ledger
    if (next === ledger) return ledger
    ledger = next
  }
  throw new Error('the ledger does not settle')
}

function told(ledger: Ledger, now: number): string {
  const winners = NODES.flatMap((node) =>
    ledger.policies().map((policy) => {
      const { version, held, heads } = ledger.winnerFor(policy, node)
      return `${node.name} ${policy} ${version?.id ?? 'none'} ${held} ${heads.map((head) => head.id).join(' ')}`
    }),
  )
  return dumpLedger(ledger, now) + winners.join('\n')
}

describe('the ledger is a function of the set of records', () => {
  it('gives the same bytes and winners for any order, grouping and duplication', () => {
    const orders = fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true, noDefaultInfinity: true }))
    const sizes = fc.integer({ min: 1, max: 7 })
    const holes = fc.constantFrom(1000, 1000, 11, 5, 3)
    fc.assert(
      fc.property(turns, orders, sizes, holes, (story, randoms, size, hole) => {
        const { first, records: all } = play(story)
        // Some never arrive: gaps, missing parents, invites nobody knows.
        const records = all.filter((_, i) => i === 0 || i % hole !== hole - 1)
        const empty = emptyLedger(first.ledger.env)
        const now = first.now + 60_000
        const expected = told(settle(empty, [records]), now)
        const random = () => randoms.next().value
        const shuffled = [...records, ...records.slice(0, 5)]
          .map((envelope) => ({ envelope, rank: random() }))
          .toSorted((a, b) => a.rank - b.rank)
          .map(({ envelope }) => envelope)
        const pieces = Array.from({ length: Math.ceil(shuffled.length / size) }, (_, i) =>
          shuffled.slice(i * size, (i + 1) * size),
        )
        expect(told(settle(empty, pieces), now)).toBe(expected)
      }),
      { numRuns: 1000 },
    )
  })

  it('tells the same in a ledger that is built again from its own records', () => {
    fc.assert(
      fc.property(turns, (story) => {
        const { first, records } = play(story)
        const ledger = settle(emptyLedger(first.ledger.env), [records])
        const again = emptyLedger(first.ledger.env).add([...ledger.records()])
        expect(again.results.filter((result) => result.state !== 'admitted')).toEqual([])
        expect(told(again.ledger, first.now)).toBe(told(ledger, first.now))
      }),
      { numRuns: 100 },
    )
  })
})
