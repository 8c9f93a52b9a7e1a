import { describe, expect, it } from 'vitest'
import { Random } from '../kernel/random.ts'
import { compileForFleet } from '../run/policies.ts'
import { hasher } from './crypto.ts'
import type { Publication } from './measure.ts'
import type { NodeSpec, PolicyBundle, World } from './types.ts'
import { makeWorld } from './world.ts'

/**
 * Versions that come in waves, through random crashes, restarts, clocks that are set back, lost messages and hosts on which they fail. What must hold is
 * checked from the truth, not from what any engine believes.
 */
const NODES = 24
const SOAK_MS = 20_000
const MAX_FAILURES = 1
/** A beacon of something new is everywhere within this, when nothing is cut. */
const HEARD_MS = 5_000
const NUMBERS = Array.from({ length: NODES }, (_, node) => node)
const LABELS = { role: 'web' }
const spec = (node: number): NodeSpec => ({ name: `node-${node}`, labels: LABELS, facts: {}, region: 0 })

function bundle(content: string, inWaves: boolean): PolicyBundle {
  const rollout = { waves: [{ count: 2 }, '25%', '100%'], soak: `${SOAK_MS / 1000}s`, maxFailures: MAX_FAILURES }
  const part = { select: 'true', resources: { [`file/${content}`]: WORK }, set: {}, ...(inWaves ? { rollout } : {}) }
  const made = compileForFleet('web/site', part, undefined, (bytes) => hasher.sha256(bytes)).bundle
  if (made === undefined) throw new Error('it does not compile')
  return made
}
const WORK = { takes: { median: 50, sigma: 0.3 }, fails: 0, drifts: 0 }

/** What really happened with one bundle. */
class Truth {
  readonly begun = new Map<number, { readonly wave: number; readonly at: number }>()
  readonly failedAt = new Map<number, number>()
  readonly broken = new Set<number>()
  readonly wrong: string[] = []
  readonly cid: string
  world: World | undefined

  constructor(cid: string) {
    this.cid = cid
  }

  /** A host begins with it. @returns whether it will fail there */
  begins(node: number): boolean {
    const { world } = this
    if (world === undefined) throw new Error('no world yet')
    const fails = this.broken.has(node)
    const rollout = world.engine(node)?.view.rollouts()[0]
    if (!this.begun.has(node) && rollout !== undefined) this.#check(node, rollout.mine ?? -1, world.nowMs)
    if (fails) this.failedAt.set(node, this.failedAt.get(node) ?? world.nowMs)
    return fails
  }

  #check(node: number, wave: number, at: number): void {
    this.begun.set(node, { wave, at })
    if (wave < 0) this.wrong.push(`node ${node} is in no wave`)
    if (wave === 0) return
    const before = [...this.begun].filter(([other, { wave: its }]) => its < wave && !this.failedAt.has(other))
    if (before.length === 0) this.wrong.push(`node ${node} of wave ${wave} begins before anybody has it`)
    const soonest = Math.min(...before.map(([, begun]) => begun.at))
    if (at < soonest + SOAK_MS)
      this.wrong.push(`node ${node} of wave ${wave} begins ${at - soonest} ms after the first`)
    const known = [...this.failedAt.values()].filter((failed) => failed < at - HEARD_MS)
    if (known.length > MAX_FAILURES) this.wrong.push(`node ${node} begins after ${known.length} failures`)
  }
}

function worldOf(seed: number, truth: Truth): World {
  return makeWorld({
    seed,
    fleet: { size: NODES, at: spec },
    signatures: 'model',
    links: { loss: 0.02 },
    hosts: {
      fails: ({ name }, _policy, { cid }) =>
        cid === truth.cid && truth.begins(Number(name.slice(5))) ? 'file/b' : null,
    },
  })
}

async function everywhere(world: World, publication: Publication): Promise<void> {
  const has = (node: number): boolean => world.engine(node)?.view.policies()[0]?.inForce === publication.version
  const all = (): boolean => NUMBERS.every((node) => has(node))
  await world.run({ untilMs: world.nowMs + 15 * 60_000, when: all })
  expect(NUMBERS.filter((node) => !has(node))).toEqual([])
}

const seeds = Array.from({ length: 30 }, (_, index) => index + 1)

describe('waves in a fleet', () => {
  it.each(seeds)(
    'keep their order and their bound whatever happens to machines, and all get there in the end: seed %i',
    async (seed) => {
      const random = new Random(seed, 'waves')
      const [first, second, third] = [bundle('a', false), bundle('b', true), bundle('c', true)]
      const truth = new Truth(second.cid)
      const world = worldOf(seed, truth)
      truth.world = world
      await everywhere(world, world.publish(0, first))
      const share = random.next() < 0.5 ? 0 : 0.3
      for (let node = 0; node < NODES; node++) if (random.next() < share) truth.broken.add(node)
      const inWaves = world.publish(0, second)
      for (let i = 0; i < 12; i++) {
        const node = 1 + Math.floor(random.next() * (NODES - 1))
        const at = world.nowMs + random.next() * 90_000
        const what = random.next()
        world.at(at, () => {
          if (what < 0.7 && world.isUp(node)) {
            world.crash(node)
            world.at(world.nowMs + 500 + what * 30_000, () => world.restart(node))
          } else if (what >= 0.7) world.setClock(node, -what * 600_000)
        })
      }
      await world.run(world.nowMs + 4 * 60_000)
      expect(truth.wrong).toEqual([])
      if (truth.broken.size === 0) await everywhere(world, inWaves)
      await everywhere(world, world.publish(0, third))
      expect(world.violations).toEqual([])
    },
  )
})
