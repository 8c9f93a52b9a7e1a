import { describe, expect, it } from 'vitest'
import { memorySource } from '../../policies/index.ts'
import { simulate } from './simulate.ts'

const motd = (text: string) =>
  memorySource({
    'policy.yaml': `policy: base/motd\nselect: labels.role == 'web'\nresources:\n  file/motd: { path: /etc/motd, content: "${text}" }\n`,
  })

describe('simulate', () => {
  it('publishes a policy folder to a fleet of three regions', async () => {
    const fleet = simulate({ nodes: 60, regions: 3, seed: 7 })
    const { reply } = await fleet.publish('policies/examples/hello')
    expect(reply).toMatchObject({ ok: true })
    const result = await fleet.converge({ within: '30s' })
    expect(result).toMatchObject({ converged: 1, nodes: 60, violations: [] })
    expect(result.lastMs).toBeLessThan(30_000)
  })

  it('converges only those that the policy selects', async () => {
    const fleet = simulate({ nodes: 12, labels: (node) => ({ role: node < 4 ? 'db' : 'web' }) })
    const publication = await fleet.publish(motd('a'))
    expect(await fleet.converge()).toMatchObject({ converged: 1 })
    expect([publication.selected, publication.counts.applied]).toEqual([8, 8])
    expect(fleet.node('node-0').policies).toMatchObject([{ policy: 'base/motd', inForce: null }])
    expect(fleet.node('node-11').policies).toMatchObject([{ inForce: publication.version }])
  })

  it('takes a second version, and then an end', async () => {
    const fleet = simulate({ nodes: 8 })
    await fleet.publish(motd('a'))
    const second = await fleet.publish(motd('b'))
    expect(await fleet.converge()).toMatchObject({ converged: 1 })
    expect(fleet.node(5).policies).toMatchObject([{ inForce: second.version, state: 'ok' }])
    await fleet.retire('base/motd')
    expect(await fleet.converge()).toMatchObject({ converged: 1 })
    await fleet.run('5s')
    expect(fleet.node(5).local.inForce).toEqual({})
  })

  it('says how many converged when some hosts fail', async () => {
    const fails = (node: { readonly name: string }): string | null => (node.name === 'node-3' ? 'file/motd' : null)
    const fleet = simulate({ nodes: 10, world: { hosts: { fails } } })
    const publication = await fleet.publish(motd('a'))
    expect(await fleet.converge({ within: '10s' })).toMatchObject({ converged: 0.9 })
    expect(publication.counts).toMatchObject({ applied: 9, failed: 1 })
    expect(fleet.node(3).policies).toMatchObject([{ state: 'failed', code: 'E_EXEC' }])
  })

  it('refuses a policy that does not compile with its line, and a publisher without a grant', async () => {
    const fleet = simulate({ nodes: 4 })
    const broken = memorySource({ 'policy.yaml': 'policy: a\nselect: ""\nresources: {}\n' })
    await expect(fleet.publish(broken)).rejects.toMatchObject({ code: 'E_SIM_POLICY' })
    await expect(fleet.publish('no/such/folder')).rejects.toMatchObject({ code: 'E_SIM_POLICY' })
    await expect(fleet.publish(motd('a'), { at: 'node-2' })).rejects.toMatchObject({ code: 'E_SIM_STATE' })
    await expect(fleet.converge({ within: 'soon' })).rejects.toMatchObject({ code: 'E_SIM_STATE' })
  })
})
