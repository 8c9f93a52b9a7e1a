import { describe, expect, it } from 'vitest'
import { actor } from '../../../test/support/tools.ts'
import { join, meshOf, Probe } from '../../../test/support/probe.ts'
import { LIMITS } from '../limits.ts'
import { enrollerOf, grantTo } from '../testing/actors.ts'

const n1 = actor('n1')
const newcomer = actor('newcomer')

function world() {
  const scene = meshOf()
  join(scene, 'n2')
  return { scene, probe: new Probe('n2', scene.records, scene.now) }
}

describe('what cannot be judged yet', () => {
  it('waits for a charter that gives its key a role', () => {
    const { scene, probe } = world()
    const grants = [grantTo(n1.key), grantTo(newcomer.key)]
    const charter = scene.charter([actor('root')], { grants, enrollers: [enrollerOf(n1.key)] })
    const version = scene.publish(newcomer, 'web/site')
    expect(probe.hear(version)).toMatchObject({ code: 'E_UNKNOWN_KEY' })
    probe.feed({ type: 'record', via: 'local', from: null, bytes: charter.bytes, ref: -1 })
    expect(probe.engine.view.ledger.has(version.id)).toBe(true)
    expect(probe.engine.view.held).toBe(0)
  })

  it('is bounded for one key, by dropping the oldest', () => {
    const { scene, probe } = world()
    const fork = scene.fork()
    for (let i = 0; i < LIMITS.hold.perKey + 10; i++) probe.hear(fork.publish(newcomer, `web/p${i}`), null)
    expect(probe.engine.view.held).toBe(LIMITS.hold.perKey)
  })

  it('is bounded for one peer, whatever keys it makes up', () => {
    const { scene, probe } = world()
    probe.feed({ type: 'peerUp', peer: n1.key })
    for (let i = 0; i < LIMITS.hold.perPeer + 10; i++) {
      probe.hear(scene.fork().publish(actor(`made up ${i}`), 'web/site'), n1.key)
    }
    expect(probe.engine.view.held).toBe(LIMITS.hold.perPeer)
  })
})
