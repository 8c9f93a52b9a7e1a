import { describe, it } from 'vitest'
import { enrollerOf } from '../../node/core/index.ts'
import { actor } from '../support/tools.ts'
import { Story } from './story.ts'

describe('joining and belonging, told by engines', () => {
  it('init, invite, join, grant, publish: three nodes converge', () => {
    const story = new Story('init, invite, join, grant, publish: three nodes converge')
    story.step('n2 and n3 join with invites of n1', () => {
      story.join('n2')
      story.join('n3')
    })
    story.step('the root key grants n2 to publish web/*', () => {
      story.charter('n1', 'charter 2', { grants: [...grantsOf(story), grant('n2', ['web/*'])] })
    })
    story.step('n2 publishes web/site', () => story.publish('n2', 'web/site'))
    story.step('n3, which has no grant, publishes web/site too', () => story.publish('n3', 'web/site'))
    story.ends('init-to-converged')
  })

  it("a dev enroller's certificate for a prod peer is void", () => {
    const dev = actor('dev')
    const story = new Story("a dev enroller's certificate for a prod peer is void", {
      enrollers: [enrollerOf(dev.key, { env: ['dev'] })],
    })
    story.step('n2 joins as env=prod', () => story.join('n2', { env: 'prod' }))
    story.step('the dev enroller relabels n2 to env=dev, and writes a second certificate that keeps env=prod', () => {
      story.learn('n1')
      story.submit('n1', story.scene.certify(dev, actor('n2').key, { labels: { env: 'dev' } }))
      story.submit('n1', story.scene.certify(dev, actor('n2').key, { labels: { env: 'prod' }, name: 'stolen' }))
    })
    story.step('a policy for prod still reaches n2', () => {
      story.publish('n1', 'base/prod', { selector: "labels.env == 'prod'" })
    })
    story.ends('dev-enroller')
  })

  it('an invite is used too often, then revoked', () => {
    const story = new Story('an invite is used too often, then revoked')
    const inviteKey = actor('a leaked invite')
    story.step('n2 joins with an invite of its own', () => story.join('n2'))
    story.learn('n1')
    const invite = story.scene.invite(actor('n1'), inviteKey, { labels: {}, uses: 1 })
    story.step('n1 writes an invite for one machine; n3 and n4 join with it at once, through different members', () => {
      story.submit('n1', invite)
      story.lab.run(200)
      story.joinWith('n3', invite, inviteKey, 'n1')
      story.joinWith('n4', invite, inviteKey, 'n2')
    })
    story.step('a root key revokes the invite', () => {
      story.learn('n1')
      story.submit('n1', story.scene.revoke(story.root, { what: 'invite', target: inviteKey.key }))
    })
    story.step('n5 finds the invite and tries it too', () => {
      story.joinWith('n5', invite, inviteKey, 'n1')
    })
    story.ends('invite-overused')
  })

  it('a node is relabelled away from a policy and back', () => {
    const story = new Story('a node is relabelled away from a policy and back')
    const relabel = (role: string) => (): void => {
      story.learn('n1')
      story.submit('n1', story.scene.certify(actor('n1'), actor('n2').key, { labels: { role } }))
    }
    story.step('n2 joins as role=web', () => story.join('n2', { role: 'web' }))
    story.step('n1 publishes web/site for role=web', () => {
      story.publish('n1', 'web/site', { selector: "labels.role == 'web'" })
    })
    story.step('n1 relabels n2 to role=db', relabel('db'))
    story.step('n1 relabels n2 back to role=web', relabel('web'))
    story.ends('relabelled')
  })

  it('an enroller is removed', () => {
    const second = actor('e2')
    const story = new Story('an enroller is removed', { enrollers: [enrollerOf(second.key, { role: ['*'] })] })
    story.step('n2 joins with an invite of n1', () => story.join('n2', { role: 'web' }))
    story.step('the second enroller relabels n2', () => {
      story.learn('n1')
      story.submit('n1', story.scene.certify(second, actor('n2').key, { labels: { role: 'cache' } }))
    })
    story.step('the root key removes the second enroller: what it said stays', () => {
      story.charter('n1', 'charter 2', {
        enrollers: (story.scene.ledger.charters.current?.body.enrollers ?? []).filter(({ key }) => key !== second.key),
      })
    })
    story.step('it relabels n2 once more: that is ignored', () => {
      story.learn('n1')
      story.submit('n1', story.scene.certify(second, actor('n2').key, { labels: { role: 'db' } }))
    })
    story.ends('enroller-removed')
  })
})

function grantsOf(story: Story) {
  return story.scene.ledger.charters.current?.body.grants ?? []
}

function grant(name: string, policies: readonly string[]) {
  return {
    key: actor(name).key,
    name,
    policies,
    verbs: ['publish', 'retire'] as const,
    selector: 'true',
    maxBlob: 2 ** 20,
    rate: 100,
  }
}
