import { describe, expect, it } from 'vitest'
import { join, meshOf, Probe } from '../../../test/support/probe.ts'
import { endingAlarms } from './ending.ts'

const DAY_MS = 86_400_000

describe('what ends by itself', () => {
  const scene = meshOf()
  join(scene, 'n2')
  const { view } = new Probe('n1', scene.records, scene.now).engine
  const charter = view.ledger.charters.current?.body
  if (charter === undefined) throw new Error('a mesh has a charter')
  const { now } = scene
  const calm = { ...charter, refreshBy: now + 300 * DAY_MS }
  const told = (...args: Parameters<typeof endingAlarms>): string[] =>
    endingAlarms(...args).map(({ message }) => message)

  it('is no alarm while it is far', () => {
    expect(told(calm, view.nodes(), now)).toEqual([])
    expect(told(undefined, view.nodes(), now)).toEqual([])
  })

  it('is told in time: certificates, grants, the charter itself', () => {
    const nodes = view.nodes().map((node) => ({
      ...node,
      membership: { ...node.membership, until: node.name === 'n2' ? now + 3 * DAY_MS : null },
    }))
    expect(told(calm, nodes, now)).toEqual([expect.stringMatching(/certificate of n2 ends in 3 days/)])
    expect(told({ ...calm, refreshBy: now - 1 }, [], now)).toEqual([expect.stringMatching(/signed again now/)])
    const [grant] = charter.grants
    if (grant === undefined) throw new Error('a charter has a grant')
    const grants = [
      { ...grant, expires: now + DAY_MS },
      { ...grant, expires: now - DAY_MS },
    ]
    expect(told({ ...calm, grants }, [], now)).toEqual([expect.stringMatching(/^a grant of .* within two days/)])
  })
})
