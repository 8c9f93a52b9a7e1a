import { describe, expect, it } from 'vitest'
import { dumpLedger } from '../../node/core/index.ts'
import { Random } from '../../topology-sim/index.ts'
import { Story } from '../golden/story.ts'

const NODES = ['n1', 'n2', 'n3', 'n4', 'n5']
const FAULTS = ['publish', 'publish', 'publish', 'crash', 'lose disk', 'restart', 'cut', 'mend', 'reconnect'] as const

/** Runs random faults from a seed, then heals everything and lets the mesh settle. */
function ordeal(seed: number, gossip: boolean) {
  const story = new Story(`seed ${seed}`, { seed, settings: { gossip } })
  const random = new Random(seed, 'ordeal')
  const { lab } = story
  for (const name of NODES.slice(1)) story.join(name)
  lab.run(8_000)
  lab.gossipLoss = 0.2
  lab.gossipTwice = 0.2
  const acknowledged: string[] = []
  for (let i = 0; i < 12; i++) {
    const name = NODES[random.below(NODES.length)] ?? 'n1'
    const fault = FAULTS[random.below(FAULTS.length)] ?? 'publish'
    if (fault === 'publish' && lab.node('n1').up) story.publish('n1', `web/p${random.below(3)}`)
    // The only publisher keeps its disk: losing one's only copy of an unshared entry is no fault of the mesh.
    if (fault === 'crash' && lab.node(name).up) lab.crash(name)
    if (fault === 'lose disk' && name !== 'n1' && lab.node(name).up) lab.crash(name, false)
    if (fault === 'restart' && !lab.node(name).up) revive(story, name)
    if (fault === 'cut') {
      const west = new Set(NODES.slice(0, 1 + random.below(4)))
      lab.passes = (a, b) => west.has(a) === west.has(b)
      lab.cut()
    }
    if (fault === 'mend') lab.passes = () => true
    if (fault === 'reconnect') lab.connect(name, NODES[random.below(NODES.length)] ?? 'n1')
    lab.run(200 + random.below(4_000))
  }
  for (const { reply } of lab.replies) if (reply.ok && reply.record !== undefined) acknowledged.push(reply.record.id)
  lab.passes = () => true
  for (const name of NODES) if (!lab.node(name).up) revive(story, name)
  for (let i = 0; i < 4; i++) {
    for (const name of NODES.slice(1)) lab.connect(name, 'n1')
    lab.run(60_000)
  }
  return { story, acknowledged }
}

function revive(story: Story, name: string): void {
  story.lab.node(name).restart()
  for (const other of NODES) if (other !== name && story.lab.node(other).up) story.lab.connect(name, other)
}

describe('engines through random faults', () => {
  it.each([true, false])('agree after healing, and lose nothing that was acknowledged (gossip: %s)', (gossip) => {
    for (let seed = 1; seed <= 12; seed++) {
      const { story, acknowledged } = ordeal(seed, gossip)
      const ledgers = NODES.map((name) => dumpLedger(story.lab.node(name).engine.view.ledger, story.lab.nowMs))
      expect(new Set(ledgers).size, `seed ${seed}: ledgers differ`).toBe(1)
      for (const name of NODES) {
        const { ledger } = story.lab.node(name).engine.view
        expect(
          acknowledged.filter((id) => !ledger.has(id)),
          `seed ${seed}: ${name} misses what was acknowledged`,
        ).toEqual([])
      }
      const applied = NODES.map((name) =>
        JSON.stringify([...story.lab.node(name).applied].sort(([a], [b]) => (a < b ? -1 : 1))),
      )
      expect(new Set(applied).size, `seed ${seed}: hosts run different versions: ${applied.join(' ')}`).toBe(1)
    }
  })

  it('take the same steps for the same seed', () => {
    const trace = (seed: number): string => JSON.stringify(ordeal(seed, true).story.lab.trace)
    expect(trace(3)).toBe(trace(3))
    expect(trace(3)).not.toBe(trace(4))
  })
})
