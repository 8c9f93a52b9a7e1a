import { describe, expect, it } from 'vitest'
import { actor } from '../../../test/support/tools.ts'
import { connect, converse, join, meshOf, Probe } from '../../../test/support/probe.ts'
import { enrollerOf, grantTo } from '../testing/actors.ts'
import { LIMITS } from '../limits.ts'
import { isCertificate, isVersion } from '../records/guards.ts'
import type { Command } from './port.ts'
import { DEFAULT_TIMING } from './settings.ts'

const [n1, n2] = [actor('n1'), actor('n2')]

const publish = (but: Partial<Extract<Command, { type: 'publish' }>> = {}): Command => ({
  type: 'publish',
  policy: 'web/site',
  action: 'apply',
  selector: 'true',
  after: [],
  onFork: 'newest',
  bundle: { cid: 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku', size: 10 },
  uses: [],
  meta: { by: '', message: '', repo: '', commit: '', dirty: false },
  local: false,
  ...but,
})

function pair() {
  const scene = meshOf({ grants: [grantTo(n1.key), grantTo(n2.key, { policies: ['web/*'] })] })
  join(scene, 'n2')
  const [a, b] = [new Probe('n1', scene.records, scene.now), new Probe('n2', scene.records, scene.now)]
  return { scene, a, b }
}

describe('publishing', () => {
  it('is durable before it is gossiped, and acknowledged when another peer holds record and bundle', () => {
    const { a, b } = pair()
    connect(a, b)
    a.disk = false
    a.take('gossip')
    a.feed({ type: 'command', ref: 1, command: publish() })
    converse(a, b)
    expect(a.take('gossip')).toEqual([])
    a.persist()
    const [gossip] = a.take('gossip')
    expect(a.take('reply')).toEqual([])
    a.disk = true
    b.hear(gossip?.bytes ?? new Uint8Array(), n1.key)
    converse(a, b)
    expect(a.take('reply')).toEqual([])
    const [want] = b.take('blobWant')
    b.feed({ type: 'blobStored', cid: want?.cid ?? '', size: 10 })
    converse(a, b)
    expect(a.take('reply')).toMatchObject([{ ref: 1, reply: { ok: true, heldBy: 1 } }])
  })

  it('says when nobody holds it, and that it is durable here', () => {
    const { a, b } = pair()
    connect(a, b)
    a.feed({ type: 'command', ref: 1, command: publish() })
    converse(a, b)
    a.pass(DEFAULT_TIMING.holdsMs + LIMITS.publish.syncMs)
    const [answer] = a.take('reply')
    expect(answer?.reply).toMatchObject({ ok: false, code: 'E_UNHELD', record: { family: 'feed' } })
  })

  it('asks nobody when it is local, and waits for nobody in a mesh of one', () => {
    const { a, b } = pair()
    connect(a, b)
    a.feed({ type: 'command', ref: 1, command: publish({ local: true }) })
    converse(a, b)
    expect(a.take('reply')).toMatchObject([{ reply: { ok: true, heldBy: 0 } }])
    const alone = new Probe('n1', meshOf().records, 2_000_000_000_000)
    alone.feed({ type: 'command', ref: 1, command: publish() })
    expect(alone.take('reply')).toMatchObject([{ reply: { ok: true, heldBy: 0 } }])
  })

  it('syncs first, so that it follows what others have published', () => {
    const { scene, a, b } = pair()
    connect(a, b)
    b.hear(scene.publish(n1, 'web/site'))
    b.hear(scene.publish(n1, 'web/site'))
    a.now += 10_000
    a.feed({ type: 'command', ref: 1, command: publish({ local: true }) })
    converse(a, b)
    const [answer] = a.take('reply')
    const record = answer?.reply.ok === true ? answer.reply.record : undefined
    expect(record !== undefined && isVersion(record) ? record.body.seq : 0).toBe(3)
  })

  it('waits a little for a first peer after a start, so that a restored backup sees its own later entries', () => {
    const { scene, b } = pair()
    const restored = new Probe('n1', scene.records, scene.now)
    const later = scene.publish(n1, 'web/site')
    b.hear(later)
    restored.feed({ type: 'command', ref: 1, command: publish({ local: true }) })
    expect(restored.take('reply')).toEqual([])
    restored.now += 1000
    connect(restored, b)
    const [answer] = restored.take('reply')
    expect(answer?.reply).toMatchObject({ ok: true, record: { body: { feedPrev: [later.id] } } })
  })

  it('does not wait for ever', () => {
    const { a } = pair()
    a.feed({ type: 'command', ref: 1, command: publish({ local: true }) })
    a.pass(DEFAULT_TIMING.firstPeerMs)
    expect(a.take('reply')).toMatchObject([{ reply: { ok: true } }])
  })

  it('refuses what would be void, and writes nothing', () => {
    const { b } = pair()
    b.pass(DEFAULT_TIMING.firstPeerMs)
    const before = b.engine.view.ledger.size
    b.feed({ type: 'command', ref: 1, command: publish({ policy: 'db/main' }) })
    expect(b.take('reply')).toMatchObject([{ reply: { ok: false, code: 'E_SCOPE' } }])
    b.feed({
      type: 'command',
      ref: 2,
      command: { type: 'invite', labels: {}, uses: 1, expiresMs: 1, inviteKey: actor('x').key },
    })
    expect(b.take('reply')).toMatchObject([{ reply: { ok: false } }])
    expect(b.engine.view.ledger.size).toBe(before)
  })
})

describe('belonging', () => {
  it('an enroller confirms provisional certificates by itself', () => {
    const scene = meshOf()
    const a = new Probe('n1', scene.records, scene.now)
    const inviteKey = actor('invite')
    const invite = scene.invite(n1, inviteKey, { name: 'n2' })
    const provisional = scene.join(n2, invite, inviteKey)
    a.hear(invite)
    a.hear(provisional)
    a.take('gossip')
    a.pass(5_000)
    const member = a.engine.view.ledger.certificateOf(n2.key, a.now)
    expect(member).toMatchObject({ provisional: false, serial: 1, name: 'n2', state: 'member' })
    expect(a.take('gossip').length).toBeGreaterThan(0)
  })

  it('an enroller does not confirm labels that it may not give', () => {
    const dev = actor('dev')
    const scene = meshOf({ enrollers: [enrollerOf(n1.key), enrollerOf(dev.key, { env: ['dev'] })] })
    join(scene, 'dev')
    const inviteKey = actor('invite')
    const invite = scene.invite(n1, inviteKey, { name: 'n2', labels: { env: 'prod' } })
    scene.join(n2, invite, inviteKey)
    const probe = new Probe('dev', scene.records, scene.now)
    probe.pass(60_000)
    expect(probe.engine.view.ledger.certificateOf(n2.key, probe.now).provisional).toBe(true)
  })

  it('a member that is revoked is hung up on', () => {
    const { scene, a } = pair()
    a.feed({ type: 'peerUp', peer: n2.key })
    const revoke = scene.revoke(actor('root'), { what: 'member', target: n2.key })
    a.feed({ type: 'record', via: 'local', from: null, bytes: revoke.bytes, ref: -1 })
    expect(a.take('hangup')).toEqual([{ type: 'hangup', peer: n2.key, code: 'E_REVOKED' }])
    expect(a.engine.view.peers()).toEqual([])
    a.feed({ type: 'peerUp', peer: n2.key })
    expect(a.take('hangup')).toHaveLength(1)
  })

  it('a node that leaves says so, and writes nothing more', () => {
    const { b } = pair()
    b.feed({ type: 'command', ref: 1, command: { type: 'leave' } })
    b.pass(DEFAULT_TIMING.firstPeerMs)
    expect(b.take('reply')).toMatchObject([{ reply: { ok: true } }])
    expect(b.engine.view.identity()).toBe(null)
    b.feed({ type: 'command', ref: 2, command: publish() })
    expect(b.take('reply')).toMatchObject([{ reply: { ok: false, code: 'E_LEFT' } }])
  })

  it('a relabelled node learns of it from the ledger', () => {
    const { scene, a, b } = pair()
    connect(a, b)
    a.feed({
      type: 'command',
      ref: 1,
      command: { type: 'certify', peer: n2.key, name: 'web-1', labels: { role: 'web' } },
    })
    const [answer] = a.take('reply')
    const record = answer?.reply.ok === true ? answer.reply.record : undefined
    expect(record !== undefined && isCertificate(record)).toBe(true)
    a.pass(1_000)
    b.pass(1_000)
    converse(a, b)
    expect(b.engine.view.identity()).toEqual({ labels: { role: 'web' }, name: 'web-1' })
    expect(scene.now).toBeLessThan(a.now)
  })
})
