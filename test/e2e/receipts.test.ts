import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RunsOutput } from '../../cli-tui/commands/nodes.ts'
import { Harbour } from '../support/harbour.ts'
import { eventually } from '../support/typed.ts'

/** What a node's runs did is asked of it over the mesh, by real processes. */
let mesh: Harbour
beforeAll(async () => {
  mesh = await Harbour.open()
})
afterAll(() => mesh.close())

const runsOf = (asker: string, node: string): RunsOutput => mesh.typed.json<RunsOutput>(asker, 'nodes', node, '--runs')

describe('outcomes and diffs of another node', () => {
  it('are told to a key with the verb observe there', async () => {
    mesh.publish('Hello')
    await eventually('cyd has run', () => runsOf('ada', 'cyd').policies.length > 0)
    mesh.publish('Good morning')
    await eventually('cyd has run again', () => JSON.stringify(runsOf('ada', 'cyd').runs).includes('Good morning'))
    const { name, policies, peers, runs } = runsOf('ada', 'cyd')
    expect([name, policies[0]?.policy, policies[0]?.state]).toEqual(['cyd', 'web/hello', 'ok'])
    expect(peers.map((peer) => peer.name)).toContain('ada')
    const diffs = runs.flatMap(({ outcomes }) => outcomes.map(({ diff }) => diff ?? '')).join('')
    expect(diffs).toContain('-Hello, cyd!')
    expect(diffs).toContain('+Good morning, cyd!')
  })

  it('are refused to a member without it, with the reason, until a root grants it', async () => {
    const refused = mesh.typed.chorus('bob', 'nodes', 'cyd', '--runs')
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('chorus: E_UNOBSERVED: ')])
    expect(mesh.typed.chorus('bob', 'nodes', 'bob', '--runs').code).toBe(0)
    const grant = ['grant', 'bob', '--publish', 'web/*', '--verb', 'observe', '--select', "labels.role == 'db'"]
    expect(mesh.typed.chorus('ada', ...grant).code).toBe(0)
    await eventually('cyd knows of the grant', () => mesh.typed.chorus('bob', 'nodes', 'cyd', '--runs').code === 0)
    // The grant is for databases.
    expect(mesh.typed.chorus('bob', 'nodes', 'eve', '--runs').err).toContain('E_UNOBSERVED')
  })

  it('never hold what a secret says', async () => {
    const dir = join(mesh.typed.dir, 'policies', 'token')
    mkdirSync(dir)
    writeFileSync(join(mesh.typed.dir, 'token'), 'hunter2-of-the-harbour')
    const path = `${join(mesh.typed.dir, 'hosts')}/\${node.name}.token`
    writeFileSync(
      join(dir, 'policy.yaml'),
      [
        'policy: web/token',
        'select: "true"',
        `secrets: { token: { file: ${join(mesh.typed.dir, 'token')} } }`,
        'resources:',
        `  file/token: { path: "${path}", content: "\${secrets.token}", mode: "0600" }`,
        '',
      ].join('\n'),
    )
    expect(mesh.typed.chorus('ada', 'publish', dir)).toMatchObject({ code: 0 })
    await eventually('cyd has it', () => runsOf('ada', 'cyd').policies.some((one) => one.policy === 'web/token'))
    await eventually('cyd has run', () =>
      runsOf('ada', 'cyd').runs.some(({ outcomes }) => outcomes.some(({ key }) => key === 'file/token')),
    )
    expect(JSON.stringify(runsOf('ada', 'cyd'))).not.toContain('hunter2')
  })

  it('cannot be had of a node that is down', async () => {
    await mesh.typed.kill('dee')
    await eventually('ada has lost dee', () =>
      mesh.typed.chorus('ada', 'nodes', 'dee', '--runs').err.includes('E_UNREACHABLE'),
    )
  })
})
