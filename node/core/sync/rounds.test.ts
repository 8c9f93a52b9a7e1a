import { describe, expect, it } from 'vitest'
import { actor } from '../../../test/support/tools.ts'
import { connect, converse, join, meshOf, Probe } from '../../../test/support/probe.ts'
import { LIMITS } from '../limits.ts'
import { enrollerOf, grantTo } from '../testing/actors.ts'
import type { Scene } from '../testing/actors.ts'
import { encodeSyncFrame } from './frames.ts'

const [n1, n2, root] = [actor('n1'), actor('n2'), actor('root')]
const probe = (name: string, scene: Scene): Probe => new Probe(name, scene.records, scene.now)
const digest = (of: Probe) => of.engine.view.ledger.digest

function pair(): { scene: Scene; a: Probe; b: Probe } {
  const scene = meshOf()
  join(scene, 'n2')
  const b = probe('n2', scene)
  return { scene, a: probe('n1', scene), b }
}

describe('a round of sync', () => {
  it('costs two questions when both hold the same and have heard each other', () => {
    const { a, b } = pair()
    // Each asks for the other's beacon as well.
    expect(connect(a, b)).toBe(8)
    for (const one of [a, b]) one.pass(LIMITS.beacons.handMs)
    converse(a, b)
    expect(connect(a, b)).toBe(4)
    expect(a.engine.view.synced).toBe(true)
  })

  it('brings charters, revocations, feeds, sets and what they name, both ways', () => {
    const scene = meshOf()
    join(scene, 'n2')
    const west = scene.fork()
    scene.charter([root], { grants: [grantTo(n1.key), grantTo(n2.key)], enrollers: [enrollerOf(n1.key)] })
    scene.publish(n2, 'web/site')
    scene.revoke(root, { what: 'invite', target: actor('somebody').key })
    const inviteKey = actor('invite n3')
    scene.join(actor('n3'), scene.invite(n1, inviteKey, { name: 'n3' }), inviteKey)
    west.publish(n1, 'web/other')
    const [a, b] = [probe('n1', west), probe('n2', scene)]
    connect(a, b)
    // A second round, and not yet the time in which n1 confirms n3.
    for (const one of [a, b]) one.pass(LIMITS.enroll.confirmMs / 2 - 1)
    converse(a, b)
    expect(digest(a)).toEqual(digest(b))
    expect(digest(a)).toMatchObject({ charters: { count: 2 }, revocations: { count: 1 }, sets: { count: 2 } })
    expect(a.engine.view.ledger.feed(n1.key)?.heads).toHaveLength(2)
    expect(a.engine.view.gaps).toEqual([])
  })

  it('finds a few differences among hundreds of feeds and sets by splitting ranges, with small frames', () => {
    const authors = Array.from({ length: 150 }, (_, i) => actor(`author ${i}`))
    const scene = meshOf({ grants: [grantTo(n1.key), ...authors.map((author) => grantTo(author.key))] })
    join(scene, 'n2')
    for (const author of authors) scene.publish(author, `web/${authors.indexOf(author)}`)
    const inviteKey = actor('invite')
    const invite = scene.invite(n1, inviteKey, { labels: {}, uses: 500 })
    for (let i = 0; i < 150; i++) scene.join(actor(`peer ${i}`), invite, inviteKey, `peer-${i}`)
    const behind = probe('n2', scene)
    scene.publish(authors[70] ?? n1, 'web/70')
    scene.join(actor('late'), invite, inviteKey, 'late')
    const ahead = probe('n1', scene)
    behind.feed({ type: 'peerUp', peer: ahead.key })
    ahead.feed({ type: 'peerUp', peer: behind.key })
    ahead.take('send')
    let bytes = 0
    for (let quiet = false; !quiet;) {
      quiet = true
      for (const [from, to] of [
        [behind, ahead],
        [ahead, behind],
      ] as const) {
        for (const { frame } of from.take('send')) {
          quiet = false
          bytes += encodeSyncFrame(frame).length
          to.feed({ type: 'syncFrame', peer: from.key, frame })
        }
      }
    }
    expect(behind.engine.view.ledger.digest).toEqual(ahead.engine.view.ledger.digest)
    expect(bytes).toBeLessThan(20_000)
  })

  it('brings a long feed in frames that fit, oldest first', () => {
    const { scene, a } = pair()
    const behind = probe('n2', scene)
    for (let i = 0; i < 700; i++)
      scene.publish(n1, 'web/site', { meta: { by: '', message: 'x'.repeat(800), repo: '', commit: '', dirty: false } })
    const ahead = probe('n1', scene)
    const frames = connect(ahead, behind)
    expect(digest(behind)).toEqual(digest(ahead))
    expect(frames).toBeGreaterThan(8)
    expect(a.engine.view.ledger.size).toBeLessThan(100)
  })

  it('fetches a removed publisher backwards from the heads that the charter names', () => {
    const gone = actor('gone')
    const scene = meshOf({ grants: [grantTo(n1.key), grantTo(gone.key)] })
    join(scene, 'n2')
    const newcomer = probe('n2', scene)
    for (let i = 0; i < 5; i++) scene.publish(gone, 'web/site')
    const last = scene.ledger.feed(gone.key)?.heads[0] ?? ''
    scene.charter([root], { grants: [grantTo(n1.key)] })
    const member = probe('n1', scene)
    connect(newcomer, member)
    expect(newcomer.engine.view.ledger.feed(gone.key)).toMatchObject({
      size: 5,
      closed: true,
      missing: [],
      heads: [last],
    })
    expect(digest(newcomer)).toEqual(digest(member))
    const late = scene.fork().publish(gone, 'web/site')
    expect(newcomer.hear(late)).toMatchObject({ result: 'ignore' })
    expect(newcomer.engine.view.ledger.has(late.id)).toBe(false)
  })

  it('answers nothing while the stream is blocked, and everything when it drained', () => {
    const { scene, a } = pair()
    a.feed({ type: 'peerUp', peer: n2.key })
    a.take('send')
    a.feed({ type: 'blocked', peer: n2.key })
    const ask = { kind: 'digest', digest: scene.ledger.digest, answering: true } as const
    for (let id = 0; id < LIMITS.sync.waiting + 5; id++) {
      a.feed({ type: 'syncFrame', peer: n2.key, frame: { type: 'ask', id, ask } })
    }
    expect(a.take('send')).toEqual([])
    a.feed({ type: 'writable', peer: n2.key })
    expect(a.take('send')).toHaveLength(LIMITS.sync.waiting)
  })

  it('gives up on a peer that does not answer, and tries again at the next interval', () => {
    const { a } = pair()
    a.feed({ type: 'peerUp', peer: n2.key })
    a.pass(LIMITS.sync.askTimeoutMs)
    expect(a.kinds()).toContain('syncFailed')
    expect(a.engine.view.synced).toBe(false)
    a.take('send')
    a.pass(LIMITS.sync.intervalMs * 1.5)
    expect(a.take('send').length).toBeGreaterThan(0)
  })

  it('takes nothing that is refused, and nothing that was not asked for', () => {
    const { scene, a } = pair()
    const before = a.engine.view.ledger.size
    a.feed({ type: 'peerUp', peer: n2.key })
    const [first] = a.take('send')
    const version = scene.publish(n1, 'web/site')
    const records = { kind: 'records', envelopes: [version.bytes], more: false } as const
    a.feed({ type: 'syncFrame', peer: n2.key, frame: { type: 'answer', id: 77, answer: records } })
    a.feed({ type: 'syncFrame', peer: n2.key, frame: { type: 'answer', id: first?.frame.id ?? 0, answer: records } })
    expect(a.kinds()).toContain('syncFailed')
    expect(a.engine.view.ledger.size).toBe(before)
  })

  it('ends a round with a peer that makes up differences without end', () => {
    const { a } = pair()
    a.feed({ type: 'peerUp', peer: n2.key })
    const parts = Array.from({ length: LIMITS.sync.parts }, (_, i) => ({
      from: '',
      to: null,
      hash: `${i}`.padStart(64, '0'),
    }))
    const other = { hash: 'f'.repeat(64), count: 1 }
    const theirs = { charters: digest(a).charters, revocations: digest(a).revocations, sets: other, feeds: other }
    let answered = 0
    for (let sent = a.take('send'); sent.length > 0 && answered < 200_000; sent = a.take('send')) {
      for (const { frame } of sent) {
        answered += 1
        const answer =
          frame.type === 'ask' && frame.ask.kind === 'digest'
            ? ({ kind: 'digest', digest: theirs } as const)
            : ({ kind: 'split', parts } as const)
        a.feed({ type: 'syncFrame', peer: n2.key, frame: { type: 'answer', id: frame.id, answer } })
      }
    }
    expect(answered).toBeLessThan(LIMITS.sync.questions)
    expect(a.kinds()).toContain('syncFailed')
  })
})
