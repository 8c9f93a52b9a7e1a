import { describe, expect, it } from 'vitest'
import { grantTo, isBeacon } from '../../node/core/index.ts'
import type { Effect } from '../../node/core/index.ts'
import { Story } from '../golden/story.ts'
import { join, meshOf, Probe } from '../support/probe.ts'
import { actor } from '../support/tools.ts'

/** What random faults found, as short stories of their own (docs/bugs-found.md). */
const HOUR_MS = 3_600_000

describe('found by random faults', () => {
  it('what is in force and left the ledger is not applied again', () => {
    const ci = actor('ci')
    const story = new Story('left', { grants: [grantTo(ci.key, { name: 'ci' })] })
    story.join('n2')
    story.lab.run(5_000)
    story.learn('n1')
    const version = story.scene.publish(ci, 'web/only')
    story.lab.node('n1').options.disk.bundles.add(version.body.bundle?.cid ?? '')
    story.submit('n1', version)
    story.lab.run(5_000)
    expect(story.lab.node('n2').applied.get('web/only')).toBe(version.id)
    const grants = (story.scene.ledger.charters.current?.body.grants ?? []).filter(({ key }) => key !== ci.key)
    story.charter('n1', 'charter 2', { grants, heads: new Map([[ci.key, []]]) })
    story.lab.run(5_000)
    expect(story.lab.node('n2').engine.view.ledger.has(version.id)).toBe(false)
    const applied: string[] = []
    story.lab.watch = {
      effect(_node, effect: Effect) {
        if (effect.type === 'apply') applied.push(...effect.policies.map((one) => one.version))
      },
      judged: () => undefined,
    }
    story.lab.node('n2').feed({ type: 'drifted', resources: ['file/x'] })
    story.publish('n1', 'web/other')
    story.lab.run(60_000)
    expect(applied).not.toEqual([])
    expect(applied).not.toContain(version.id)
  })

  it('a clock that is set back holds nothing up', () => {
    const story = new Story('clock', { settings: { gossip: false } })
    story.join('n2')
    story.lab.run(10_000)
    const n2 = story.lab.node('n2')
    n2.setClock(HOUR_MS)
    story.lab.run(5_000)
    n2.setClock(0)
    story.publish('n1', 'web/site')
    story.lab.run(90_000)
    const [version] = [...story.lab.node('n1').applied.values()]
    expect(n2.applied.get('web/site')).toBe(version)
    expect(Math.abs(n2.engine.view.now - story.lab.nowMs)).toBeLessThan(2_000)
  })

  it('after a disk fails, it is told what batches on their way got wrong', () => {
    const scene = meshOf()
    join(scene, 'n2')
    const probe = new Probe('n2', scene.records, scene.now)
    probe.disk = false
    const [first, second] = [scene.publish(actor('n1'), 'web/site'), scene.publish(actor('n1'), 'web/site')]
    probe.hear(first)
    probe.hear(second)
    const [one = 0, two = 0] = probe.waiting
    probe.take('persist')
    // The second, which follows the first, is written; without the first it is not in the ledger.
    probe.feed({ type: 'persistFailed', batch: one, code: 'ENOSPC' })
    probe.feed({ type: 'persisted', batch: two })
    probe.pass(2_000)
    expect(probe.take('persist').flatMap(({ drop }) => drop)).toContain(second.id)
  })

  it('a life that ran ahead of time does not hide the next one', () => {
    const scene = meshOf()
    const n2 = join(scene, 'n2')
    const hearer = new Probe('n1', scene.records, scene.now)
    const beaconOf = (now: number, instance: string): Uint8Array => {
      const node = new Probe('n2', scene.records, now, { instance })
      node.pass(90_000)
      const [beacon] = node.take('gossip')
      if (beacon === undefined) throw new Error('no beacon')
      return beacon.bytes
    }
    hearer.hear(beaconOf(scene.now + 3 * HOUR_MS, 'ahead'))
    hearer.hear(beaconOf(scene.now, 'put right'))
    const heard = hearer.engine.view.heard(n2.key)?.beacon
    expect(heard !== undefined && isBeacon(heard) && heard.body.instance).toBe('put right')
  })
})
