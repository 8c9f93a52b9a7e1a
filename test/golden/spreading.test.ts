import { describe, it } from 'vitest'
import { seal } from '../../node/core/index.ts'
import { hasher } from '../../node/crypto.ts'
import { actor } from '../support/tools.ts'
import { Story } from './story.ts'

describe('what spreads in spite of trouble, told by engines', () => {
  it('a publisher is restored from a backup', () => {
    const story = new Story('a publisher is restored from a backup')
    story.step('n2 joins', () => story.join('n2'))
    story.step('n1 publishes web/site; a backup of n1 is made', () => story.publish('n1', 'web/site'))
    const disk = story.lab.node('n1').options.disk
    const backup = { records: new Map(disk.records), local: disk.local }
    story.step('n1 publishes web/site again', () => story.publish('n1', 'web/site'))
    story.step('n1 loses its disk and is restored from the backup', () => {
      story.lab.crash('n1')
      disk.records = new Map(backup.records)
      disk.local = backup.local
      story.lab.node('n1').restart()
      story.lab.connect('n2', 'n1')
    })
    story.step('n1 publishes a third time: it follows what n2 gave back', () => story.publish('n1', 'web/site'))
    story.ends('restored-backup')
  })

  it('an unknown record type in a feed is stored, relayed and chained', () => {
    const story = new Story('an unknown record type in a feed is stored, relayed and chained')
    story.step('n2 joins', () => story.join('n2'))
    story.step('a newer peer writes a feed/brake into its feed', () => {
      story.learn('n1')
      const n1 = actor('n1')
      const feed = story.scene.ledger.feed(n1.key)
      const charter = story.scene.ledger.charters.current
      if (feed === undefined || charter === null) throw new Error('n1 has written before')
      const body = {
        v: 1,
        type: 'feed/brake',
        mesh: story.scene.ledger.env.mesh,
        key: n1.key,
        feedSeq: feed.maxSeq + 1,
        feedPrev: feed.heads,
        charter: { n: charter.body.n, cid: charter.id },
        at: story.lab.nowMs,
        crit: [],
        unknown: true,
        reason: 'a disk is full in the east',
      } as const
      story.submit('n1', seal(body, [n1], hasher))
    })
    story.step('n1 publishes web/site behind it', () => story.publish('n1', 'web/site'))
    story.ends('unknown-record')
  })

  it('both halves of a partition publish, one with onFork: hold', () => {
    const story = new Story('both halves of a partition publish, one with onFork: hold', { seed: 4 })
    story.step('n2, n3 and n4 join; the root key lets n3 publish', () => {
      for (const name of ['n2', 'n3', 'n4']) story.join(name)
      story.lab.run(3_000)
      story.lab.connect('n3', 'n4')
      story.lab.connect('n2', 'n3')
      const grants = story.scene.ledger.charters.current?.body.grants ?? []
      const line = {
        key: actor('n3').key,
        name: 'n3',
        policies: ['*'],
        verbs: ['publish'] as const,
        selector: 'true',
        maxBlob: 2 ** 20,
        rate: 100,
      }
      story.charter('n1', 'charter 2', { grants: [...grants, line] })
    })
    story.step('n1 publishes web/site', () => story.publish('n1', 'web/site'))
    story.step('the mesh is cut: n1 and n2 here, n3 and n4 there; both halves publish', () => {
      const west = new Set(['n1', 'n2'])
      story.lab.passes = (a, b) => west.has(a) === west.has(b)
      story.lab.cut()
      story.publish('n1', 'web/site')
      story.publish('n3', 'web/site', { onFork: 'hold' })
    })
    story.step('the cut is mended: both versions are kept, nothing changes until someone merges', () => {
      story.lab.passes = () => true
      story.lab.connect('n2', 'n3')
      story.lab.connect('n1', 'n4')
    })
    story.step('n1 publishes a version that follows both', () => story.publish('n1', 'web/site'))
    story.ends('partition')
  })
})
