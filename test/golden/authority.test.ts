import { describe, it } from 'vitest'
import { grantTo } from '../../node/core/index.ts'
import { actor } from '../support/tools.ts'
import { Story } from './story.ts'

const ci = actor('ci')
const thief = actor('thief')

describe('authority that changes hands, told by engines', () => {
  it('roots are replaced by recovery while a laptop is away', () => {
    const story = new Story('roots are replaced by recovery while a laptop is away')
    story.step('n2 and a laptop join', () => {
      story.join('n2')
      story.join('laptop')
    })
    story.step('the laptop is closed; the recovery key replaces the roots', () => {
      story.lab.crash('laptop')
      story.charter('n1', 'charter 2 by recovery', {
        by: 'recovery',
        roots: { keys: [actor('new root').key], threshold: 1 },
      })
    })
    story.step('n1 publishes base/motd', () => story.publish('n1', 'base/motd'))
    story.step('the laptop comes back and knows only n2', () => {
      story.lab.node('laptop').restart()
      story.lab.connect('laptop', 'n2')
    })
    story.ends('roots-replaced')
  })

  it('a publisher is removed whose version is in force', () => {
    const story = new Story('a publisher is removed whose version is in force', {
      grants: [grantTo(ci.key, { name: 'ci', policies: ['web/*'] })],
    })
    story.step('n2 joins', () => story.join('n2'))
    story.step('ci publishes web/site', () => publishAs(story, 'web/site', 'seq 1 of ci'))
    story.step('the root key removes ci: its version stays in force', () => {
      story.charter('n1', 'charter 2', { grants: grantsOf(story).filter(({ key }) => key !== ci.key) })
    })
    story.step('ci publishes again: nobody takes it', () => publishAs(story, 'web/site', 'a late version of ci'))
    story.ends('publisher-removed')
  })

  it('two CI jobs with one key publish at once, then a third', () => {
    const story = new Story('two CI jobs with one key publish at once, then a third', {
      grants: [grantTo(ci.key, { name: 'ci' })],
    })
    story.step('n2 joins', () => story.join('n2'))
    story.step('two jobs start from the same feed and publish web/site through different nodes', () => {
      story.learn('n1')
      const [one, two] = [story.scene.fork(), story.scene.fork()]
      one.tick()
      submitVersion(story, 'n1', one, 'web/site', 'the first job')
      submitVersion(story, 'n2', two, 'web/site', 'the second job')
    })
    story.step('a third job names both, which ends the fork', () => publishAs(story, 'web/site', 'the third job'))
    story.ends('two-ci-jobs')
  })

  it('the root key is stolen: two charters by the thief, then recovery', () => {
    const story = new Story('the root key is stolen: two charters by the thief, then recovery')
    story.step('n2 joins', () => story.join('n2'))
    story.step('n1 publishes base/motd', () => story.publish('n1', 'base/motd'))
    story.step('the thief signs a charter that grants itself everything, then a rival of it', () => {
      story.learn('n1')
      const rival = story.scene.fork()
      story.charter('n1', "the thief's charter", {
        grants: [...grantsOf(story), grantTo(thief.key, { name: 'thief' })],
      })
      const other = rival.charter([story.root], {
        grants: [grantTo(thief.key, { name: 'thief again' }), ...grantsOf(story)],
      })
      story.name(other, "the thief's rival")
      story.submit('n2', other)
    })
    story.step('the thief publishes base/motd', () => publishAs(story, 'base/motd', "the thief's version", thief))
    story.step('the recovery key replaces the roots and lets nothing of the thief count', () => {
      story.learn('n1')
      const base = story.scene.ledger.charters.all[0]
      if (base === undefined) throw new Error('charter 1 is always there')
      story.charter('n1', 'charter by recovery', {
        by: 'recovery',
        base: base.id,
        roots: { keys: [actor('new root').key], threshold: 1 },
      })
    })
    story.ends('root-stolen')
  })

  it('two rival charters are merged', () => {
    const story = new Story('two rival charters are merged')
    story.step('n2 and n3 join', () => {
      story.join('n2')
      story.join('n3')
    })
    story.step('two administrators change charter 1 at the same time: one grants n2, one grants n3', () => {
      story.learn('n1')
      const rival = story.scene.fork()
      story.charter('n1', 'charter 2a', { grants: [...grantsOf(story), grantTo(actor('n2').key, { name: 'n2' })] })
      const other = rival.charter([story.root], {
        grants: [...(rival.ledger.charters.current?.body.grants ?? []), grantTo(actor('n3').key, { name: 'n3' })],
      })
      story.name(other, 'charter 2b')
      story.submit('n2', other)
    })
    story.step('n2 publishes web/site: it counts under one charter only, so it is void', () =>
      story.publish('n2', 'web/site'),
    )
    story.step('a third charter follows both', () => {
      story.learn('n3')
      story.charter('n1', 'charter 3', { merge: 'union' })
    })
    story.ends('rivals-merged')
  })
})

function grantsOf(story: Story) {
  return story.scene.ledger.charters.current?.body.grants ?? []
}

/** A version signed by a key outside the mesh's nodes, handed to n1. */
function publishAs(story: Story, policy: string, name: string, author = ci): void {
  story.learn('n1')
  submitVersion(story, 'n1', story.scene, policy, name, author)
}

function submitVersion(
  story: Story,
  node: string,
  scene: Story['scene'],
  policy: string,
  name: string,
  author = ci,
): void {
  const version = scene.publish(author, policy)
  story.name(version, name)
  const bundle = version.body.bundle
  if (bundle !== null) story.lab.node(node).options.disk.bundles.add(bundle.cid)
  story.submit(node, version)
}
