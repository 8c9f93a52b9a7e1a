import { describe, expect, it } from 'vitest'
import { Random } from '../../topology-sim/index.ts'
import { Story } from '../golden/story.ts'

const NODES = ['n2', 'n3', 'n4', 'n5']

/** Publishes through a bad network, and takes the publisher away for good in the moment of the answer. */
function lastWords(seed: number, gossip: boolean) {
  const story = new Story(`seed ${seed}`, { seed, settings: { gossip } })
  const random = new Random(seed, 'last words')
  const { lab } = story
  for (const name of NODES) story.join(name)
  lab.run(5_000)
  for (const [at, name] of NODES.entries()) lab.connect(name, NODES[(at + 1) % NODES.length] ?? 'n2')
  lab.run(2_000)
  lab.gossipLoss = random.next()
  lab.replies.length = 0
  story.publish('n1', 'web/site', { local: false })
  for (let waited = 0; lab.replies.length === 0 && waited < 90_000; waited++) lab.run(1)
  lab.crash('n1', false)
  lab.run(120_000)
  const [answer] = lab.replies
  return { lab, reply: answer?.reply }
}

describe('a publish that was acknowledged', () => {
  it.each([true, false])('outlives its publisher and the only disk that it was written on (gossip: %s)', (gossip) => {
    for (let seed = 1; seed <= 10; seed++) {
      const { lab, reply } = lastWords(seed, gossip)
      expect(reply, `seed ${seed}`).toMatchObject({ ok: true, heldBy: 1 })
      const id = reply?.ok === true ? reply.record?.id : undefined
      for (const name of NODES) expect(lab.node(name).applied.get('web/site'), `seed ${seed}: ${name}`).toBe(id)
    }
  })
})
