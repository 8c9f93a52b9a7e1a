import { describe, expect, it } from 'vitest'
import { actor, tools } from '../../../test/support/tools.ts'
import { shortId } from '../records/keys.ts'
import type { Envelope, Invite } from '../records/types.ts'
import { enrollerOf, Scene } from '../testing/actors.ts'
import type { Actor } from '../testing/actors.ts'

const [root, recovery, ann, dev, token] = [actor('root'), actor('recovery'), actor('ann'), actor('dev'), actor('token')]
const peers = Array.from({ length: 70 }, (_, i) => actor(`peer-${i}`))
const [one, two, three] = [actor('peer-0'), actor('peer-1'), actor('peer-2')]
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

describe('a provisional certificate', () => {
  it('makes a member of who holds the invite, with its name and labels', () => {
    const scene = open()
    const { provisional } = joined(scene)
    expect(scene.ledger.certificateOf(one.key, scene.now)).toMatchObject({
      state: 'member',
      provisional: true,
      name: 'web-1',
      labels: { role: 'web' },
      serial: 0,
      certificate: { id: provisional.id },
    })
    expect(scene.ledger.nameOf(one.key, scene.now)).toBe('web-1')
    expect(scene.ledger.members(scene.now)).toHaveLength(1)
  })

  it('is valid until 30 days after its invite ends, by the clock of who asks', () => {
    const scene = open()
    const { invite } = joined(scene)
    const end = invite.body.expires + 30 * DAY_MS
    expect(stateOf(scene, one, end)).toBe('member')
    expect(scene.ledger.certificateOf(one.key, end + 1)).toMatchObject({ state: 'expired', code: 'E_EXPIRED' })
    expect(scene.ledger.isMember(one.key, end + 1)).toBe(false)
  })

  it('waits while its invite is not here', () => {
    const scene = open()
    const empty = scene.fork()
    const { invite, provisional } = joined(scene)
    expect(empty.take(provisional)).toMatchObject([{ state: 'unknownKey', code: 'E_UNKNOWN_KEY' }])
    expect(empty.take(provisional, invite)).toMatchObject([{ state: 'admitted' }, { state: 'admitted' }])
  })

  it.each([
    ['another name', { name: 'db-1' }],
    ['another label value', { labels: { role: 'db' } }],
    ['one more label', { labels: { role: 'web', env: 'dev' } }],
    ['no labels', { labels: {} }],
  ])('is refused with %s than the invite', (_what, but) => {
    const scene = open()
    const apart = scene.fork()
    const { invite, provisional } = joined(apart)
    scene.take(invite)
    scene.write({ ...provisional.body, ...but }, one, token)
    expect(scene.ledger.sets()).toEqual([])
    expect(stateOf(scene, one)).toBe('none')
  })

  it('that does not fit its invite leaves when the invite comes, though a certificate vouched for it', () => {
    const scene = open()
    const apart = scene.fork()
    const { invite, provisional } = joined(apart)
    const odd = apart.write({ ...provisional.body, labels: { role: 'db' } }, two, token)
    const forged = { ...odd.body, key: two.key }
    const wrong = apart.write(forged, two, token)
    const confirm = apart.certify(ann, one.key)
    const certificate = apart.write(
      { ...confirm.body, peer: two.key, replaces: wrong.id, feedSeq: 3, feedPrev: [confirm.id] },
      ann,
    )
    expect(apart.ledger.has(wrong.id)).toBe(false)
    scene.take(certificate, confirm, invite)
    scene.take(wrong)
    expect(scene.ledger.has(wrong.id)).toBe(false)
    expect(codeOf(scene, certificate)).toBe('E_FEED_GAP')
  })

  it('is confirmed by any enroller whose labels cover it, and then outlives the invite', () => {
    const scene = open()
    const { invite } = joined(scene)
    const late = invite.body.expires + 31 * DAY_MS
    expect(stateOf(scene, one, late)).toBe('expired')
    const confirmed = scene.certify(ann, one.key)
    expect(confirmed.body).toMatchObject({ serial: 1, name: 'web-1', labels: { role: 'web' } })
    expect(scene.ledger.certificateOf(one.key, late)).toMatchObject({ state: 'member', provisional: false, serial: 1 })
  })

  it('beyond the uses of the invite does not count, nor do the others that are not confirmed; an alarm says so', () => {
    const scene = open()
    const { invite } = joined(scene, one, { uses: 2 })
    scene.certify(ann, one.key)
    scene.join(two, invite, token)
    expect([one, two].map((peer) => stateOf(scene, peer))).toEqual(['member', 'member'])
    const third = scene.fork().join(three, invite, token)
    const { changed } = scene.ledger.add([third])
    expect(changed.peers).toEqual([one.key, two.key, three.key].toSorted())
    scene.take(third)
    expect([one, two, three].map((peer) => stateOf(scene, peer))).toEqual(['member', 'overused', 'overused'])
    expect(codeOf(scene, third)).toBe('E_OVERUSED')
    expect(scene.ledger.alarms(scene.now)).toContainEqual(
      expect.objectContaining({ kind: 'inviteOverused', subject: invite.id }),
    )
    expect(scene.ledger.invite(invite.id)).toMatchObject({ overused: true, revoked: false })
    scene.certify(ann, two.key)
    expect(stateOf(scene, two)).toBe('member')
  })

  it('of a revoked invite is void unless it is confirmed or kept; the confirmed need a revoke of their own', () => {
    const scene = open()
    const { invite } = joined(scene, one, { uses: 3 })
    const kept = scene.join(two, invite, token)
    const dropped = scene.join(three, invite, token)
    scene.certify(ann, one.key)
    scene.revoke(root, { what: 'invite', target: token.key, keep: [kept.id] })
    expect([one, two, three].map((peer) => stateOf(scene, peer))).toEqual(['member', 'member', 'revoked'])
    expect(codeOf(scene, dropped)).toBe('E_REVOKED')
    expect(codeOf(scene, invite)).toBe('E_REVOKED')
    const late = scene.join(actor('late'), invite, token)
    expect(codeOf(scene, late)).toBe('E_REVOKED')
    scene.revoke(root, { what: 'member', target: one.key })
    expect(stateOf(scene, one)).toBe('revoked')
  })

  it('floods no disk: of one invite its uses and 64 more peers are held, the lowest CIDs, in any order', () => {
    const scene = open()
    const invite = scene.invite(ann, token, { name: 'web-1' })
    const flood = peers.map((peer) => scene.fork().join(peer, invite, token))
    scene.take(...flood)
    const lowest = flood
      .map((envelope) => envelope.id)
      .toSorted()
      .slice(0, 65)
    expect(scene.ledger.sets().map((envelope) => envelope.id)).toEqual(lowest)
    const again = scene.fork()
    for (const envelope of flood.toReversed()) again.take(envelope)
    expect(again.ledger.digest).toEqual(scene.ledger.digest)
    expect(
      scene
        .take(...flood)
        .map((result) => result.state)
        .filter((state) => state === 'refused'),
    ).toHaveLength(5)
  })
})

describe('a name held by two', () => {
  it('belongs to the enroller-signed one, else to the one whose invite fixed it, else to neither', () => {
    const scene = open()
    const names = () => [one, two].map((peer) => scene.ledger.nameOf(peer.key, scene.now))
    const other = actor('token-2')
    const free = scene.invite(ann, token, { labels: {} })
    scene.join(one, free, token, 'web-1')
    const third = actor('token-3')
    const alsoFree = scene.invite(ann, third, { labels: {} })
    scene.join(two, alsoFree, third, 'web-1')
    expect(names()).toEqual([`web-1~${shortId(one.key)}`, `web-1~${shortId(two.key)}`])
    const fixed = scene.invite(ann, other, { name: 'web-1' })
    scene.join(three, fixed, other)
    expect(scene.ledger.nameOf(three.key, scene.now)).toBe('web-1')
    scene.certify(ann, one.key)
    expect(names()).toEqual(['web-1', `web-1~${shortId(two.key)}`])
    expect(scene.ledger.nameOf(three.key, scene.now)).toBe(`web-1~${shortId(three.key)}`)
    expect(scene.ledger.alarms(scene.now)).toContainEqual(
      expect.objectContaining({ kind: 'nameClash', subject: 'web-1' }),
    )
  })

  it('is free again when the other has gone', () => {
    const scene = open()
    joined(scene)
    scene.certify(ann, one.key)
    const other = actor('token-2')
    scene.join(two, scene.invite(ann, other, { name: 'web-1' }), other)
    expect(scene.ledger.nameOf(two.key, scene.now)).toBe(`web-1~${shortId(two.key)}`)
    scene.leave(one)
    expect(scene.ledger.nameOf(two.key, scene.now)).toBe('web-1')
    expect(scene.ledger.nameOf(one.key, scene.now)).toBeNull()
    expect(scene.ledger.nameOf(actor('nobody').key, scene.now)).toBeNull()
  })
})

describe('a peer that leaves', () => {
  it('is out until a certificate of a higher serial takes it in again', () => {
    const scene = open()
    joined(scene)
    scene.leave(one)
    expect(scene.ledger.certificateOf(one.key, scene.now)).toMatchObject({ state: 'left', code: 'E_LEFT' })
    scene.certify(ann, one.key)
    expect(stateOf(scene, one)).toBe('member')
  })

  it('is heard only if it is known, and at most 64 times: the lowest CIDs', () => {
    const scene = open()
    const stranger = { ...scene.fork().ledger.env }
    const body = { v: 1, type: 'set/leave', mesh: stranger.mesh, key: one.key, crit: [], serial: 0, at: 1 } as const
    scene.write(body, one)
    expect(scene.ledger.sets()).toEqual([])
    joined(scene)
    const leaves = Array.from({ length: 70 }, (_, i) => scene.fork().write({ ...body, at: i }, one))
    for (const leave of leaves) scene.take(leave)
    const lowest = leaves
      .map((leave) => leave.id)
      .toSorted()
      .slice(0, 64)
    expect(
      scene.ledger
        .sets()
        .filter((e) => e.body.type === 'set/leave')
        .map((e) => e.id),
    ).toEqual(lowest)
    const results = scene.take(...leaves)
    expect(results.filter((result) => result.code === 'E_LIMIT' && !result.final)).toHaveLength(6)
  })
})

it('live records and those of another mesh are not kept', () => {
  const scene = open()
  const other = Scene.open(tools, root, recovery, { name: 'other', enrollers: [enrollerOf(ann.key)] })
  const foreign = joined(other)
  expect(scene.take(foreign.provisional)).toMatchObject([{ state: 'refused', code: 'E_WRONG_MESH', final: true }])
  const live = scene
    .fork()
    .write({ v: 1, type: 'live/x', mesh: scene.ledger.env.mesh, key: one.key, crit: [], at: 1, unknown: true }, one)
  expect(scene.ledger.add([live]).results).toMatchObject([{ state: 'refused', code: 'E_NOT_ALLOWED' }])
})
