import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PolicyRow } from '../../node/control/index.ts'
import { TestMesh } from '../support/mesh.ts'
import type { TestNode } from '../support/node.ts'
import { build } from '../support/policy.ts'
import { MAIN } from '../support/typed.ts'
import { until } from '../support/until.ts'

/**
 * Versions that come in waves, on real daemons: n2 goes first, the others follow when it is well, and keep what they
 * have when it is not. Nobody coordinates: the publisher n1 is off while it happens.
 */
let mesh: TestMesh
beforeAll(async () => {
  mesh = await TestMesh.create()
  await mesh.add('n2', { labels: { ring: 'first' } })
  await mesh.add('n3')
  await mesh.add('n4')
  await mesh.meet()
  mkdirSync(flags())
})
afterAll(() => mesh.close())

const POLICY = 'web/site'
/** A node is well as long as its file is here. */
const flags = (): string => join(mesh.dir, 'well')
const isWell = (node: TestNode, well: boolean): void =>
  well ? writeFileSync(join(flags(), node.name), '') : rmSync(join(flags(), node.name), { force: true })

function site(content: string) {
  return build(
    [
      `policy: ${POLICY}`,
      'select: "true"',
      'resources:',
      '  file/it:',
      `    path: "${mesh.out}/\${node.name}/web-site"`,
      `    content: ${JSON.stringify(content)}`,
      '    mode: "0644"',
      `health: [{exec: [test, -e, "${flags()}/\${node.name}"], within: 1s}]`,
      `rollout: {waves: [{select: "labels.ring == 'first'"}, 100%], soak: 3s}`,
    ].join('\n'),
  )
}

const told = (node: TestNode, ...args: string[]) => {
  const ran = spawnSync(process.execPath, [MAIN, 'rollout', ...args, '--state', node.dir], { encoding: 'utf8' })
  return { code: ran.status, out: ran.stdout }
}

const contents = (): (string | undefined)[] => mesh.nodes.map((node) => mesh.contentOn(node, POLICY))
const here = async (node: TestNode): Promise<PolicyRow['rollout']> =>
  (await node.client.policies()).policies.find(({ policy }) => policy === POLICY)?.rollout

describe('a version that comes in waves', () => {
  it('is on the first wave, soaks, and then is everywhere, with its publisher off in between', async () => {
    for (const node of mesh.nodes) isWell(node, true)
    const [n1, n2, n3] = [mesh.node(1), mesh.node(2), mesh.node(3)]
    await mesh.publish(n1, site('one'))
    await until(mesh.nodes, 'the first wave has it', () => mesh.contentOn(n2, POLICY) === 'one')
    expect(contents()).toEqual([undefined, 'one', undefined, undefined])
    await n1.stop()
    await until([n3], 'the third knows why it waits', async () => {
      const { policies } = await n3.status()
      return policies.some(({ code, reason }) => code === 'E_WAVE' && reason.startsWith('wave 2 of 2'))
    })
    expect((await here(n3))?.waves[0]).toMatchObject({ nodes: 1, label: "labels.ring == 'first'" })
    await until(mesh.running, 'the second wave has it', () => mesh.contentOn(n3, POLICY) === 'one', 120_000)
    await until(mesh.running, 'both waves are through', async () => {
      const waves = (await here(n3))?.waves ?? []
      return waves.length === 2 && waves.every(({ state }) => state === 'done')
    })
    await n1.start()
    await until([n1], 'who comes back takes it too', () => mesh.contentOn(n1, POLICY) === 'one', 120_000)
  })

  it('halts everywhere when the first wave is not well with it, and goes on with the next version', async () => {
    const [n1, n2, n3] = [mesh.node(1), mesh.node(2), mesh.node(3)]
    isWell(n2, false)
    await mesh.publish(n1, site('two'))
    await until(mesh.nodes, 'all know that it is halted', async () => {
      const rows = await Promise.all([n1, n3, mesh.node(4)].map(here))
      return rows.every((row) => row?.halted === true && row.failures.join() === 'n2')
    })
    expect(contents()).toEqual(['one', 'one', 'one', 'one'])
    expect((await n3.status()).alarms).toMatchObject([{ code: 'E_HALTED', subject: POLICY }])
    expect(told(n3, POLICY)).toMatchObject({ code: 3, out: expect.stringMatching(/halted[^]*1 failed: n2/) })
    expect(existsSync(join(flags(), 'n2'))).toBe(false)
    isWell(n2, true)
    await mesh.publish(n1, site('three'))
    await until(
      mesh.nodes,
      'the next version is everywhere',
      () => contents().every((text) => text === 'three'),
      120_000,
    )
    await until(
      mesh.nodes,
      'nothing is under way any more',
      async () => (await here(n3))?.waves.at(-1)?.state === 'done',
    )
    expect(told(n3)).toMatchObject({ code: 0, out: expect.stringMatching(/web\/site@3 {2}done/) })
  })
})
