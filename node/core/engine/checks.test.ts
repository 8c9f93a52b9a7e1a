import { describe, expect, it } from 'vitest'
import { hasher } from '../../crypto.ts'
import { actor } from '../../../test/support/tools.ts'
import { connect, join, meshOf, Probe } from '../../../test/support/probe.ts'
import { encodeEnvelope, seal } from '../records/codec.ts'
import { RECORD_LIMITS } from '../records/limits.ts'
import { grantTo } from '../testing/actors.ts'
import { LIMITS } from '../limits.ts'

/** RECORDS.md, section 6: each line of the table, as gossip is told. */
const n1 = actor('n1')
const stranger = actor('stranger')

function world() {
  const scene = meshOf()
  join(scene, 'n2')
  const probe = new Probe('n2', scene.records, scene.now)
  probe.take('event')
  return { scene, probe }
}

describe('what gossip is told', () => {
  it('accepts what is sound, once', () => {
    const { scene, probe } = world()
    const version = scene.publish(n1, 'web/site')
    expect(probe.hear(version)).toMatchObject({ result: 'accept', code: null, id: version.id })
    expect(probe.hear(version)).toMatchObject({ result: 'ignore', code: null })
  })

  it('rejects what is too large, or no record', () => {
    const { probe } = world()
    expect(probe.hear(new Uint8Array(RECORD_LIMITS.recordBytes + 1))).toMatchObject({
      result: 'reject',
      code: 'E_TOO_LARGE',
    })
    expect(probe.hear(new Uint8Array([1, 2, 3]))).toMatchObject({ result: 'reject', code: 'E_MALFORMED' })
  })

  it('rejects a replay from another mesh', () => {
    const { probe } = world()
    const other = meshOf({ name: 'other' })
    expect(probe.hear(other.publish(n1, 'web/site'))).toMatchObject({ result: 'reject', code: 'E_WRONG_MESH' })
  })

  it('rejects junk signatures, and still takes the good body afterwards', () => {
    const { scene, probe } = world()
    const version = scene.publish(n1, 'web/site')
    const junk = encodeEnvelope(version.bodyBytes, [{ key: n1.key, sig: new Uint8Array(64) }])
    expect(probe.hear(junk)).toMatchObject({ result: 'reject', code: 'E_BAD_SIG' })
    expect(probe.hear(junk)).toMatchObject({ result: 'reject', code: 'E_BAD_SIG' })
    expect(probe.hear(version)).toMatchObject({ result: 'accept' })
  })

  it('ignores a neighbour that talks too much, until it has been quiet', () => {
    const { scene, probe } = world()
    probe.feed({ type: 'peerUp', peer: n1.key })
    const version = scene.publish(n1, 'web/site')
    probe.hear(version, n1.key)
    for (let i = 1; i < LIMITS.intake.rateBurst; i++) probe.hear(version, n1.key)
    expect(probe.hear(version, n1.key)).toMatchObject({ result: 'ignore', code: 'E_RATE' })
    probe.now += 1000
    expect(probe.hear(version, n1.key)).toMatchObject({ result: 'ignore', code: null })
  })

  it('ignores versions of an author over the rate of its grant, says so once, and takes them by sync', () => {
    const scene = meshOf({ grants: [grantTo(n1.key, { rate: 3 }), grantTo(n1.key, { policies: ['db/*'], rate: 1 })] })
    join(scene, 'n2')
    const [probe, peer] = [new Probe('n2', scene.records, scene.now), new Probe('n1', scene.records, scene.now)]
    const versions = Array.from({ length: 5 }, () => scene.publish(n1, 'web/site'))
    const verdicts = versions.map((version) => probe.hear(version))
    expect(verdicts.map(({ code }) => code)).toEqual([null, null, null, 'E_RATE', 'E_RATE'])
    expect(verdicts[4]).toMatchObject({ result: 'ignore' })
    expect(probe.kinds().filter((kind) => kind === 'rate')).toHaveLength(1)
    for (const version of versions) peer.hear(version)
    peer.feed({ type: 'record', via: 'local', from: null, bytes: versions[3]?.bytes ?? new Uint8Array(), ref: -1 })
    peer.feed({ type: 'record', via: 'local', from: null, bytes: versions[4]?.bytes ?? new Uint8Array(), ref: -2 })
    connect(peer, probe)
    for (const { id } of versions) expect(probe.engine.view.ledger.judge(id)).toMatchObject({ counts: true })
    const later = scene.publish(n1, 'web/site')
    probe.now += 20 * 60_000
    expect(probe.hear(later)).toMatchObject({ result: 'accept' })
  })

  it('holds what comes from a key without a role, and syncs at once', () => {
    const { scene, probe } = world()
    probe.feed({ type: 'peerUp', peer: n1.key })
    probe.take('send')
    const version = scene.fork().publish(stranger, 'web/site')
    probe.pass(LIMITS.sync.askTimeoutMs)
    probe.take('send')
    expect(probe.hear(version, n1.key)).toMatchObject({ result: 'ignore', code: 'E_UNKNOWN_KEY' })
    expect(probe.engine.view.held).toBe(1)
    expect(probe.take('send')).toMatchObject([{ peer: n1.key, frame: { type: 'ask', ask: { kind: 'digest' } } }])
  })

  it('relays an entry whose predecessor is missing, holds it, and takes it when that comes', () => {
    const { scene, probe } = world()
    const [first, second] = [scene.publish(n1, 'web/site'), scene.publish(n1, 'web/site')]
    expect(probe.hear(second)).toMatchObject({ result: 'accept', code: 'E_FEED_GAP' })
    expect(probe.engine.view.gaps).toEqual([first.id])
    probe.hear(first)
    expect(probe.engine.view.ledger.has(second.id)).toBe(true)
    expect(probe.engine.view).toMatchObject({ held: 0, gaps: [] })
  })

  it('rejects a wrong feedSeq', () => {
    const { scene, probe } = world()
    const { body } = scene.fork().publish(n1, 'web/site')
    const wrong = seal({ ...body, feedSeq: body.feedSeq + 3 }, [n1], hasher)
    expect(probe.hear(wrong)).toMatchObject({ result: 'reject', code: 'E_SEQ' })
  })

  it('relays what is void, and never runs it', () => {
    const scene = meshOf({ grants: [grantTo(n1.key, { policies: ['web/*'], verbs: ['publish'] })] })
    join(scene, 'n2')
    const probe = new Probe('n2', scene.records, scene.now)
    expect(probe.hear(scene.publish(n1, 'db/main'))).toMatchObject({ result: 'accept', code: 'E_SCOPE' })
    const retired = scene.publish(n1, 'web/site', { action: 'retire', bundle: null })
    expect(probe.hear(retired)).toMatchObject({ result: 'accept', code: 'E_VERB' })
    const { body } = scene.fork().publish(n1, 'web/site')
    const seven = scene.write({ ...body, seq: 7 }, n1)
    expect(probe.hear(seven)).toMatchObject({ result: 'accept', code: 'E_SEQ' })
    probe.pass(60_000)
    expect(probe.take('apply')).toEqual([])
  })

  it('stores and relays what a newer chorus wrote, chains what follows, and acts on the latter alone', () => {
    const { scene, probe } = world()
    const { body } = scene.fork().publish(n1, 'web/site')
    const { v, mesh, key, crit, feedSeq, feedPrev, charter, at } = body
    const header = { v, mesh, key, crit, feedSeq, feedPrev, charter, at }
    const odd = scene.write({ ...header, type: 'feed/brake', unknown: true }, n1)
    expect(probe.hear(odd)).toMatchObject({ result: 'accept', code: 'E_NEWER' })
    const next = scene.publish(n1, 'web/site')
    expect(probe.hear(next)).toMatchObject({ result: 'accept', code: null })
    expect(probe.engine.view.ledger.get(odd.id)?.bytes).toEqual(odd.bytes)
    expect(probe.engine.view.policies()).toMatchObject([{ policy: 'web/site', winner: { id: next.id } }])
  })

  it('admits and flags what is dated more than ten minutes ahead', () => {
    const { scene, probe } = world()
    const version = scene.publish(n1, 'web/site', { at: probe.now + LIMITS.intake.futureMs + 60_000 })
    expect(probe.hear(version)).toMatchObject({ result: 'accept', code: 'E_FUTURE' })
    expect(probe.engine.view.isFlagged(version.id)).toBe(true)
    expect(probe.engine.view.ledger.judge(version.id)?.counts).toBe(true)
  })

  it('rejects a charter: those travel by sync alone', () => {
    const { scene, probe } = world()
    const charter = scene.charter([actor('root')], { name: 'renamed' })
    expect(probe.hear(charter)).toMatchObject({ result: 'reject', code: 'E_NOT_ALLOWED' })
  })

  it('tells who handed a record in when it is durable', () => {
    const { scene, probe } = world()
    probe.disk = false
    const version = scene.publish(n1, 'web/site')
    probe.feed({ type: 'record', via: 'local', from: null, bytes: version.bytes, ref: -7 })
    expect([probe.take('verdict'), probe.take('gossip')]).toEqual([[], []])
    probe.persist()
    expect(probe.take('verdict')).toMatchObject([{ ref: -7, result: 'accept', id: version.id }])
    expect(probe.take('gossip')).toHaveLength(1)
  })
})
