import { describe, expect, it } from 'vitest'
import { hasher } from '../../crypto.ts'
import { connect, converse, join, meshOf, Probe } from '../../../test/support/probe.ts'
import { actor } from '../../../test/support/tools.ts'
import { LIMITS } from '../limits.ts'
import { seal } from '../records/codec.ts'
import type { Cid, Envelope, Version } from '../records/types.ts'

const [n1, n2] = [actor('n1'), actor('n2')]

/** A feed that grows where the test says: under a key at work in many places at once. */
function forker() {
  const scene = meshOf()
  join(scene, 'n2')
  const model = scene.fork().publish(n1, 'web/site')
  const { body } = model
  let at = scene.now
  const entry = (feedPrev: readonly Cid[], feedSeq: number): Envelope<Version> => {
    at += 1
    return seal({ ...body, feedPrev: [...feedPrev].toSorted(), feedSeq, at }, [n1], hasher)
  }
  return {
    records: scene.records,
    now: scene.now,
    feedSeq: body.feedSeq,
    feedPrev: body.feedPrev,
    after: (prev: Envelope<Version>) => entry([prev.id], prev.body.feedSeq + 1),
    first: () => entry(body.feedPrev, body.feedSeq),
    chain(from: Envelope<Version>, length: number): Envelope<Version>[] {
      const made: Envelope<Version>[] = []
      let last = from
      for (let i = 0; i < length; i++) {
        last = entry([last.id], last.body.feedSeq + 1)
        made.push(last)
      }
      return made
    },
  }
}

function meet(
  { records, now }: ReturnType<typeof forker>,
  mine: readonly Envelope[],
  theirs: readonly Envelope[],
): { a: Probe; frames: number } {
  const a = new Probe('n1', [...records, ...mine], now)
  const b = new Probe('n2', [...records, ...theirs], now)
  let frames = connect(a, b)
  for (const one of [a, b]) one.pass(LIMITS.sync.spacingMs)
  frames += converse(a, b)
  expect(a.engine.view.ledger.digest.feeds).toEqual(b.engine.view.ledger.digest.feeds)
  expect(a.engine.view.gaps).toEqual([])
  return { a, frames }
}

describe('a feed with many heads', () => {
  it('is brought by page, and only what lacks of it', () => {
    const feed = forker()
    const root = feed.first()
    const heads = Array.from({ length: 1300 }, () => feed.after(root))
    const { a, frames } = meet(feed, [root, ...heads.slice(0, 1290)], [root, ...heads.slice(3)])
    expect(a.engine.view.ledger.feed(n1.key)?.heads).toHaveLength(1300)
    // Three pages each way, and what lies below the few that lack.
    expect(frames).toBeLessThan(40)
  })

  it('is brought whole to a node that has nothing of it', () => {
    const feed = forker()
    const root = feed.first()
    const heads = Array.from({ length: 1200 }, () => feed.after(root))
    const { a } = meet(feed, [], [root, ...heads])
    expect(a.engine.view.ledger.feed(n1.key)?.heads).toHaveLength(1200)
  })

  it('is brought although what both have lies below none of the heads that a question can name', () => {
    const feed = forker()
    const root = feed.first()
    const common = feed.chain(root, 1100)
    const other = feed.chain(root, 1110)
    const top = other.at(-1) ?? root
    const heads = Array.from({ length: LIMITS.sync.have + 20 }, () => feed.after(top))
    const shared = [root, ...common, ...other]
    const last = feed.after(common.at(-1) ?? root)
    const { a } = meet(feed, [...shared, ...heads], [...shared, last])
    expect(a.engine.view.ledger.has(last.id)).toBe(true)
  })

  it('ends the round if its pages are out of order, or do not end', () => {
    for (const wrong of ['backwards', 'empty'] as const) {
      const feed = forker()
      const root = feed.first()
      const heads = Array.from({ length: 20 }, () => feed.after(root))
      const a = new Probe('n1', feed.records, feed.now)
      const b = new Probe('n2', [...feed.records, root, ...heads], feed.now)
      b.feed({ type: 'peerUp', peer: n1.key })
      a.feed({ type: 'peerUp', peer: n2.key })
      for (let i = 0; i < 50; i++) {
        for (const { frame } of a.take('send')) b.feed({ type: 'syncFrame', peer: n1.key, frame })
        for (const { frame } of b.take('send')) {
          if (frame.type === 'answer' && frame.answer.kind === 'heads') {
            const sent = wrong === 'backwards' ? frame.answer.heads.toReversed() : []
            const answer = { kind: 'heads', heads: sent, more: true } as const
            a.feed({ type: 'syncFrame', peer: n2.key, frame: { ...frame, answer } })
          } else a.feed({ type: 'syncFrame', peer: n2.key, frame })
        }
      }
      expect(a.kinds()).toContain('syncFailed')
    }
  })
})
