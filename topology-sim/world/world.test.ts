import { describe, expect, it } from 'vitest'
import { memorySource } from '../../policies/index.ts'
import { compileForFleet } from '../run/policies.ts'
import { hasher } from './crypto.ts'
import type { NodeSpec, PolicyBundle, World, WorldOptions } from './types.ts'
import { makeWorld } from './world.ts'

const POLICY = `policy: web/site
select: labels.role == 'web'
resources:
  file/motd: { path: /etc/motd, content: "hello\\n" }
`

function hello(text = POLICY): PolicyBundle {
  const part = { resources: {}, set: {} }
  const source = memorySource({ 'policy.yaml': text })
  const { bundle } = compileForFleet('hello', part, source, (bytes) => hasher.sha256(bytes))
  if (bundle === undefined) throw new Error('it does not compile')
  return bundle
}

const WEB = { role: 'web' }
const DB = { role: 'db' }
const FACTS = {}

function spec(node: number): NodeSpec {
  return { name: `node-${node}`, labels: node % 4 === 3 ? DB : WEB, facts: FACTS, region: 0 }
}

function world(size: number, but: Partial<WorldOptions> = {}): World {
  return makeWorld({ seed: 7, fleet: { size, at: spec }, signatures: 'model', ...but })
}

describe('a world', () => {
  it('brings a published policy to every node that it selects', async () => {
    const fleet = world(40)
    const publication = fleet.publish(0, hello())
    await fleet.run(20_000)
    expect(publication.selected).toBe(30)
    expect(publication.counts).toMatchObject({ known: 40, durable: 40, held: 40, applied: 30, failed: 0 })
    expect(publication.reply).toMatchObject({ ok: true })
    expect(fleet.converged()).toEqual({ nodes: 40, converged: 40 })
    expect(fleet.check(true)).toEqual([])
  })

  it('gives the same run for the same seed, and another for another', async () => {
    const hashOf = async (seed: number): Promise<string> => {
      const fleet = world(30, { seed })
      fleet.publish(0, hello())
      await fleet.run(10_000)
      return fleet.traceHash
    }
    expect(await hashOf(3)).toBe(await hashOf(3))
    expect(await hashOf(3)).not.toBe(await hashOf(4))
  })
})
