import { describe, expect, it } from 'vitest'
import { Random } from '../../topology-sim/index.ts'
import { Story } from '../golden/story.ts'

const COUNT = 12
const NODES = Array.from({ length: COUNT }, (_, i) => `n${i + 1}`)
/** What docs/concepts.md promises for a daemon that ended, and what is not to happen before. */
const PROMISED_MS = 15_000
const SECOND = 1_000

/** A ring in which everyone knows the two on each side: most of the others hear of a death by beacons alone. */
function ring(seed: number): Story {
  const story = new Story(`seed ${seed}`, { seed })
  for (const name of NODES.slice(1)) story.join(name)
  story.lab.run(20 * SECOND)
  NODES.forEach((name, i) => {
    for (const step of [1, 2]) story.lab.connect(name, NODES[(i + step) % COUNT] ?? 'n1')
  })
  story.lab.run(SECOND)
  for (const other of NODES.slice(3, -2)) story.lab.disconnect('n1', other)
  // The ends of those connections are no deaths; everyone has sent a beacon or two.
  story.lab.run(90 * SECOND)
  return story
}

/** `who sees whom as down`, of those that run. */
function downs({ lab }: Story): string[] {
  const up = NODES.map((name) => lab.node(name)).filter((node) => node.up)
  return up.flatMap((node) =>
    node.engine.view
      .nodes()
      .filter(({ state }) => state === 'down')
      .map(({ name }) => `${node.name} sees ${name}`),
  )
}

/** How many beacons this node sent, as n1 heard. */
function beaconsOf({ lab }: Story, name: string): number {
  return lab.node('n1').engine.view.heard(lab.node(name).key)?.beacon.body.seq ?? 0
}

/** All that is ever shown as down while this goes on, second by second. */
function everDown(story: Story, ms: number, each: () => void = () => undefined): Set<string> {
  const seen = new Set<string>()
  for (let passed = 0; passed < ms; passed += SECOND) {
    each()
    story.lab.run(SECOND)
    for (const one of downs(story)) seen.add(one)
  }
  return seen
}

describe('a daemon that ends', () => {
  it('is down on every screen within 15 s, and nobody else is; back, it is down nowhere', () => {
    const story = ring(1)
    expect(downs(story)).toEqual([])
    story.lab.crash('n6')
    const others = NODES.filter((name) => name !== 'n6')
    expect([...everDown(story, PROMISED_MS)].toSorted()).toEqual(others.map((name) => `${name} sees n6`).toSorted())
    expect(downs(story)).toHaveLength(COUNT - 1)
    const before = NODES.filter((name) => name !== 'n6').map((name) => beaconsOf(story, name))
    story.lab.run(60 * SECOND)
    expect(downs(story)).toHaveLength(COUNT - 1)
    // A death is no flood: everyone says what it says once a minute.
    const after = NODES.filter((name) => name !== 'n6').map((name) => beaconsOf(story, name))
    expect(after.filter((seq, i) => seq - (before[i] ?? 0) > 2)).toEqual([])
    story.lab.node('n6').restart()
    for (const name of ['n5', 'n7']) story.lab.connect('n6', name)
    story.lab.run(10 * SECOND)
    expect(downs(story)).toEqual([])
  })

  it('and is back within three seconds is down nowhere', () => {
    const story = ring(2)
    story.lab.crash('n6')
    story.lab.run(3 * SECOND)
    story.lab.node('n6').restart()
    for (const name of ['n5', 'n7']) story.lab.connect('n6', name)
    expect([...everDown(story, 60 * SECOND)]).toEqual([])
  })

  it('is still seen by a node that starts afterwards', () => {
    const story = ring(3)
    story.lab.crash('n6')
    story.lab.run(20 * SECOND)
    story.lab.crash('n2')
    story.lab.node('n2').restart()
    for (const name of ['n1', 'n3']) story.lab.connect('n2', name)
    story.lab.run(10 * SECOND)
    expect(downs(story)).toContain('n2 sees n6')
  })
})

describe('nobody is down that lives', () => {
  it('when gossip loses 5 % and connections break all the time', () => {
    const story = ring(4)
    const { lab } = story
    lab.gossipLoss = 0.05
    const random = new Random(4, 'breaks')
    const seen = everDown(story, 600 * SECOND, () => {
      const at = random.below(COUNT)
      const [a = 'n1', b = 'n2'] = [NODES[at], NODES[(at + 1 + random.below(2)) % COUNT]]
      // Some come back at once, some after a while, through whatever else is there.
      lab.disconnect(a, b)
      if (random.chance(0.5)) lab.connect(a, b)
      else lab.later(random.below(20_000), () => lab.connect(a, b))
    })
    expect([...seen]).toEqual([])
  })

  it('when two cannot reach each other, and others can reach both', () => {
    const story = ring(5)
    const { lab } = story
    const pair = new Set(['n5', 'n6'])
    const before = beaconsOf(story, 'n5')
    lab.passes = (a, b) => !(pair.has(a) && pair.has(b))
    lab.cut()
    expect([...everDown(story, 300 * SECOND)]).toEqual([])
    // One in 45 to 75 s anyway, one that names the other, and one that says that it lives.
    expect(beaconsOf(story, 'n5') - before).toBeLessThanOrEqual(300 / 45 + 3)
    // Each was named once, and spoke up: no quarrel for ever.
    const named = lab.trace.filter(({ event }) => event.kind === 'lost')
    expect(named).toHaveLength(2)
  })
})

describe('a mesh that is cut in two', () => {
  it('sees the other half as down on both sides, and forgets it when it is mended', () => {
    const story = ring(6)
    const { lab } = story
    const west = new Set(NODES.slice(0, 6))
    lab.passes = (a, b) => west.has(a) === west.has(b)
    lab.cut()
    lab.run(PROMISED_MS)
    expect(downs(story)).toContain('n1 sees n12')
    expect(downs(story)).toContain('n3 sees n7')
    expect(
      downs(story).every((text) => {
        const [a = '', b = ''] = text.split(' sees ')
        return west.has(a) !== west.has(b)
      }),
    ).toBe(true)
    lab.passes = () => true
    NODES.forEach((name, i) => lab.connect(name, NODES[(i + 1) % COUNT] ?? 'n1'))
    lab.run(20 * SECOND)
    expect(downs(story)).toEqual([])
  })
})
