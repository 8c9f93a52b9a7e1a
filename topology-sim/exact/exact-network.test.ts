import * as gossipsub from '@libp2p/gossipsub'
import { describe, expect, it } from 'vitest'
import { makeWorld } from '../world/world.ts'
import type { NetworkFactory, PolicyBundle, World, WorldOptions } from '../world/types.ts'
import { ExactNetwork } from './exact-network.ts'
import type { GossipsubModule } from './router.ts'

// The network calls what `router.ts` lists.
const module = gossipsub as unknown as GossipsubModule

const BUNDLE: PolicyBundle = {
  policy: 'web/site',
  selector: "labels.nobody == 'x'",
  after: [],
  onFork: 'newest',
  uses: [],
  cid: 'bafyreihy32nmkzrqs7khmd75k262vcwvsrljhtvx4ua4zotud7vlusux7y',
  size: 1000,
  byName: false,
  resourcesOf: () => [],
}

function model(seed: number, size: number, but: Partial<WorldOptions> = {}): World {
  return makeWorld({
    seed,
    fleet: { size, at: (node) => ({ name: `n${node}`, labels: {}, facts: {}, region: 0 }) },
    signatures: 'model',
    links: { latencyMs: [[50]], jitter: 0.1 },
    ...but,
  })
}

function world(seed: number, size: number, patience = 1): World {
  const network: NetworkFactory = (host, parts) => {
    const messageId = (bytes: Uint8Array): string => parts.messageId(bytes)
    return new ExactNetwork(module, host, { seed: parts.seed, links: parts.links, messageId, patience })
  }
  return model(seed, size, { network })
}

describe('the real GossipSub class under virtual time', () => {
  it('brings a record to everyone, in a few hops and few copies', async () => {
    const fleet = world(7, 24)
    await fleet.run(1_000)
    const publication = fleet.publish(0, BUNDLE)
    await fleet.run(5_000)
    expect(publication.counts.known).toBe(24)
    expect(Math.max(...publication.hops)).toBeLessThanOrEqual(5)
    expect(publication.copies / 24).toBeLessThan(5)
    const degrees = Array.from({ length: 24 }, (_, node) => fleet.network.mesh(node).length)
    expect(Math.min(...degrees)).toBeGreaterThanOrEqual(2)
    expect(Math.max(...degrees)).toBeLessThanOrEqual(6)
  })

  it('gives the same run for the same seed, however long its promises are waited for', async () => {
    const traceOf = async (seed: number, patience = 1): Promise<string> => {
      const fleet = world(seed, 10, patience)
      fleet.at(500, () => fleet.publish(0, BUNDLE))
      await fleet.run(2_500)
      return fleet.traceHash
    }
    const trace = await traceOf(3)
    expect(await traceOf(3)).toBe(trace)
    expect(await traceOf(3, 5)).toBe(trace)
    expect(await traceOf(4)).not.toBe(trace)
  })

  it('leaves clocks, timers and chance to everyone else in the process', async () => {
    const scope = { now: Date.now, random: Math.random, setTimeout, clearTimeout, setInterval, clearInterval }
    const fleet = world(1, 3)
    await fleet.run(2_000)
    expect({ now: Date.now, random: Math.random, setTimeout, clearTimeout, setInterval, clearInterval }).toEqual(scope)
  })

  it('does without a node that was cut off, and takes it back', async () => {
    const fleet = world(5, 12)
    await fleet.run(1_000)
    fleet.partition([[11]])
    const publication = fleet.publish(0, BUNDLE)
    await fleet.run(10_000)
    expect(publication.counts.known).toBe(11)
    fleet.heal()
    await fleet.run(90_000)
    expect(publication.counts.known).toBe(12)
  })

  it('has meshes like those of the model, within a twentieth', async () => {
    const degreeOf = async (fleet: World): Promise<number> => {
      fleet.publish(0, BUNDLE)
      await fleet.run(1_000)
      return Array.from({ length: 100 }, (_, node) => fleet.network.mesh(node).length).reduce((a, b) => a + b) / 100
    }
    const ratio = (await degreeOf(model(3, 100))) / (await degreeOf(world(3, 100)))
    expect(Math.abs(ratio - 1)).toBeLessThan(0.05)
  })
})
