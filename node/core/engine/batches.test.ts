import { describe, expect, it } from 'vitest'
import { actor } from '../../../test/support/tools.ts'
import { join, meshOf, Probe } from '../../../test/support/probe.ts'

const n1 = actor('n1')

function world() {
  const scene = meshOf()
  join(scene, 'n2')
  const probe = new Probe('n2', scene.records, scene.now)
  probe.disk = false
  return { scene, probe }
}

describe('records on their way to disk', () => {
  it('are relayed at once, and count only when they are durable', () => {
    const { scene, probe } = world()
    const before = probe.engine.view.ledger.digest
    const version = scene.publish(n1, 'web/site')
    expect(probe.hear(version)).toMatchObject({ result: 'accept' })
    expect(probe.engine.view).toMatchObject({ pending: 1 })
    expect(probe.engine.view.ledger.digest).toEqual(before)
    expect(probe.take('blobWant')).toEqual([])
    probe.persist()
    expect(probe.engine.view).toMatchObject({ pending: 0 })
    expect(probe.engine.view.ledger.has(version.id)).toBe(true)
    expect(probe.take('blobWant')).toMatchObject([{ cid: version.body.bundle?.cid }])
  })

  it('count in their order, however the disk answers', () => {
    const { scene, probe } = world()
    const [first, second] = [scene.publish(n1, 'web/site'), scene.publish(n1, 'web/site')]
    probe.hear(first)
    probe.hear(second)
    const [one = 0, two = 0] = probe.waiting
    probe.feed({ type: 'persisted', batch: two })
    expect(probe.engine.view.ledger.has(second.id)).toBe(false)
    probe.feed({ type: 'persisted', batch: one })
    expect(probe.engine.view.ledger.has(second.id)).toBe(true)
  })

  it('are forgotten when the disk fails, with what followed them, and taken when they come again', () => {
    const { scene, probe } = world()
    const [first, second] = [scene.publish(n1, 'web/site'), scene.publish(n1, 'web/site')]
    probe.hear(first)
    probe.hear(second)
    const [one = 0, two = 0] = probe.waiting
    probe.feed({ type: 'persistFailed', batch: one, code: 'ENOSPC' })
    expect(probe.kinds()).toContain('storeFailed')
    probe.feed({ type: 'persisted', batch: two })
    expect([first, second].filter(({ id }) => probe.engine.view.ledger.has(id))).toEqual([])
    probe.disk = true
    probe.hear(first)
    probe.hear(second)
    expect(probe.engine.view.ledger.has(second.id)).toBe(true)
  })

  it('refuse the command that made them when the disk fails', () => {
    const scene = meshOf()
    const probe = new Probe('n1', scene.records, scene.now)
    probe.disk = false
    probe.feed({
      type: 'command',
      ref: 5,
      command: { type: 'invite', labels: {}, uses: 1, expiresMs: 1000, inviteKey: actor('i').key },
    })
    expect(probe.take('reply')).toEqual([])
    probe.feed({ type: 'persistFailed', batch: probe.waiting[0] ?? 0, code: 'EIO' })
    expect(probe.take('reply')).toMatchObject([{ ref: 5, reply: { ok: false, code: 'E_STORE' } }])
    expect(probe.take('gossip')).toEqual([])
  })

  it('come back after a restart from the snapshot', () => {
    const { scene } = world()
    const version = scene.publish(n1, 'web/site')
    const probe = new Probe('n2', scene.records, scene.now)
    expect(probe.engine.view.ledger.has(version.id)).toBe(true)
    expect(probe.take('blobWant')).toHaveLength(1)
  })
})
