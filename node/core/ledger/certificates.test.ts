import { describe, expect, it } from 'vitest'
import { actor, tools } from '../../../test/support/tools.ts'
import type { Envelope, Invite } from '../records/types.ts'
import { enrollerOf, Scene } from '../testing/actors.ts'
import type { Actor } from '../testing/actors.ts'

const [root, recovery, ann, dev, token] = [actor('root'), actor('recovery'), actor('ann'), actor('dev'), actor('token')]
const one = actor('peer-0')
const DAY_MS = 24 * 3600 * 1000

const open = () =>
  Scene.open(tools, root, recovery, {
    enrollers: [enrollerOf(ann.key), enrollerOf(dev.key, { env: ['dev'], role: ['*'] })],
  })

const stateOf = (scene: Scene, peer: Actor, now = scene.now) => scene.ledger.certificateOf(peer.key, now).state
const codeOf = (scene: Scene, envelope: Envelope) => scene.ledger.judge(envelope.id)?.code

function joined(scene: Scene, peer = one, but: Partial<Invite> = {}) {
  const invite = scene.invite(ann, token, { name: 'web-1', labels: { role: 'web' }, ...but })
  return { invite, provisional: scene.join(peer, invite, token) }
}

describe('an enroller', () => {
  it('certifies itself at serial 0, and nobody else', () => {
    const scene = open()
    const own = scene.certify(ann, ann.key, { name: 'first', labels: { role: 'web' } })
    expect(own.body.serial).toBe(0)
    expect(stateOf(scene, ann)).toBe('member')
    expect(() => scene.certify(ann, one.key, { name: 'x' })).toThrow(/invite it/)
    const forged = scene.write({ ...own.body, peer: one.key, feedSeq: 2, feedPrev: [own.id] }, ann)
    expect(codeOf(scene, forged)).toBe('E_SEQ')
    expect(stateOf(scene, one)).toBe('none')
  })

  it('gives only labels that its line covers: a label that the line does not name is not allowed', () => {
    const scene = open()
    expect(codeOf(scene, scene.certify(dev, dev.key, { name: 'd', labels: { env: 'dev' } }))).toBeNull()
    expect(codeOf(scene, scene.certify(dev, dev.key, { labels: { env: 'prod' } }))).toBe('E_SCOPE')
    expect(codeOf(scene, scene.certify(dev, dev.key, { labels: { env: 'dev', zone: 'a' } }))).toBe('E_SCOPE')
    expect(codeOf(scene, scene.invite(dev, token, { labels: { env: 'prod' } }))).toBe('E_SCOPE')
    expect(codeOf(scene, scene.invite(ann, token, { labels: { env: 'prod' } }))).toBeNull()
  })

  it('who is none is nobody', () => {
    const scene = open()
    const byRoot = scene.write(
      { ...scene.fork().certify(ann, ann.key, { name: 'x' }).body, key: root.key, peer: root.key },
      root,
    )
    expect(codeOf(scene, byRoot)).toBe('E_SCOPE')
  })
})

describe('a certificate', () => {
  it('in force is the one of the highest serial, then of the lowest CID', () => {
    const scene = open()
    joined(scene)
    const apart = scene.fork()
    const a = scene.certify(ann, one.key, { labels: { role: 'db' } })
    const b = apart.certify(dev, one.key, { name: 'x' })
    scene.take(b)
    expect(codeOf(scene, b)).toBeNull()
    const lowest = a.id < b.id ? a : b
    expect(scene.ledger.certificateOf(one.key, scene.now).certificate?.id).toBe(lowest.id)
    const next = scene.certify(ann, one.key)
    expect(next.body).toMatchObject({ serial: 2, replaces: lowest.id })
    expect(scene.ledger.certificateOf(one.key, scene.now).certificate?.id).toBe(next.id)
  })

  it('by a dev enroller for a prod peer is void', () => {
    const scene = open()
    joined(scene, one, { labels: { env: 'prod' } })
    scene.certify(ann, one.key)
    const stolen = scene.certify(dev, one.key, { labels: { env: 'dev' } })
    expect(codeOf(scene, stolen)).toBe('E_SCOPE')
    expect(scene.ledger.certificateOf(one.key, scene.now).labels).toEqual({ env: 'prod' })
  })

  it('cannot be taken over in two steps, through a void one of the same enroller', () => {
    const scene = open()
    joined(scene, one, { labels: { env: 'prod' } })
    scene.certify(ann, one.key)
    const first = scene.certify(dev, one.key, { labels: { env: 'dev' } })
    const header = { feedSeq: 2, feedPrev: [first.id] }
    const second = scene.write({ ...first.body, ...header, serial: first.body.serial + 1, replaces: first.id }, dev)
    expect(codeOf(scene, second)).toBe('E_SCOPE')
    expect(scene.ledger.certificateOf(one.key, scene.now).labels).toEqual({ env: 'prod' })
  })

  it('cannot replace the certificate of another peer', () => {
    const scene = open()
    joined(scene, one, { labels: { env: 'prod' } })
    const own = scene.certify(dev, dev.key, { name: 'dev', labels: { env: 'dev' } })
    const grafted = scene.write(
      { ...own.body, feedSeq: 2, feedPrev: [own.id], peer: one.key, serial: 1, replaces: own.id },
      dev,
    )
    const onTop = scene.write(
      { ...grafted.body, feedSeq: 3, feedPrev: [grafted.id], serial: 2, replaces: grafted.id },
      dev,
    )
    expect([grafted, onTop].map((envelope) => codeOf(scene, envelope))).toEqual(['E_SEQ', 'E_SEQ'])
    expect(scene.ledger.certificateOf(one.key, scene.now).labels).toEqual({ env: 'prod' })
  })

  it('with a wrong serial is void', () => {
    const scene = open()
    joined(scene)
    const sound = scene.fork().certify(ann, one.key)
    const wrong = scene.write({ ...sound.body, serial: 5 }, ann)
    expect(codeOf(scene, wrong)).toBe('E_SEQ')
    expect(scene.ledger.certificateOf(one.key, scene.now).provisional).toBe(true)
  })

  it('whose predecessor is not here does not count until it comes, and asks for it', () => {
    const scene = open()
    const apart = scene.fork()
    const { invite, provisional } = joined(apart)
    const confirmed = apart.certify(ann, one.key)
    expect(scene.take(confirmed, invite)).toMatchObject([{ state: 'admitted', missing: [provisional.id] }, {}])
    expect(codeOf(scene, confirmed)).toBe('E_FEED_GAP')
    expect(scene.ledger.wanted()).toEqual([provisional.id])
    expect(scene.ledger.add([provisional]).changed.peers).toEqual([one.key])
    scene.take(provisional)
    expect(codeOf(scene, confirmed)).toBeNull()
    expect(scene.ledger.wanted()).toEqual([])
  })

  it('relabels and renames, and ends at notAfter', () => {
    const scene = open()
    joined(scene)
    const end = scene.now + DAY_MS
    scene.certify(ann, one.key, { name: 'db-1', labels: { role: 'db' }, notAfter: end })
    expect(scene.ledger.certificateOf(one.key, end)).toMatchObject({
      state: 'member',
      name: 'db-1',
      labels: { role: 'db' },
    })
    expect(stateOf(scene, one, end + 1)).toBe('expired')
  })

  it('of a removed enroller stays up to the heads that the charter names; later ones are void', () => {
    const scene = open()
    joined(scene)
    scene.certify(dev, dev.key, { name: 'dev', labels: { env: 'dev' } })
    const before = scene.certify(dev, one.key)
    const apart = scene.fork()
    scene.charter([root], { enrollers: [enrollerOf(ann.key)] })
    const after = apart.certify(dev, one.key, { name: 'renamed' })
    expect(scene.take(after)).toMatchObject([{ state: 'unknownKey' }])
    expect(codeOf(scene, before)).toBeNull()
    expect(stateOf(scene, dev)).toBe('member')
    expect(scene.ledger.certificateOf(one.key, scene.now).certificate?.id).toBe(before.id)
  })

  it('replaces one that was voided with its enroller, if its signer covers all that came before', () => {
    const scene = open()
    joined(scene)
    const lost = scene.certify(dev, one.key)
    const healed = scene.certify(ann, one.key)
    expect(healed.body).toMatchObject({ serial: 2, replaces: lost.id })
    scene.revoke(root, { what: 'feed', target: dev.key })
    // Nobody's head names it, but the certificate that replaces it does.
    expect(scene.ledger.has(lost.id)).toBe(true)
    expect(codeOf(scene, lost)).toBe('E_REVOKED')
    expect(codeOf(scene, healed)).toBeNull()
  })

  it('of a revoked member is void until a charter lifts it', () => {
    const scene = open()
    joined(scene)
    scene.certify(ann, one.key)
    const revoke = scene.revoke(root, { what: 'member', target: one.key })
    expect(scene.ledger.certificateOf(one.key, scene.now)).toMatchObject({ state: 'revoked', code: 'E_REVOKED' })
    expect(stateOf(scene, one)).toBe('revoked')
    scene.charter([root], { lifts: [revoke.id] })
    expect(stateOf(scene, one)).toBe('member')
  })
})
