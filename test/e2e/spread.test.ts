import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildVersion, seal } from '../../node/core/index.ts'
import { createSigner, hasher } from '../../node/index.ts'
import { readKeyFile } from '../../node/state/index.ts'
import { rootFirst, TestMesh } from '../support/mesh.ts'
import type { TestNode } from '../support/node.ts'
import { filePolicy } from '../support/policy.ts'
import { until } from '../support/until.ts'

/** Eight real daemons on loopback. n1 made the mesh; n3 may publish web policies, n4 those for nodes with role=db. */
let mesh: TestMesh

beforeAll(async () => {
  mesh = await TestMesh.create()
  for (let i = 2; i <= 8; i++) await mesh.prepare(`n${i}`, { labels: { role: i % 2 === 0 ? 'db' : 'web' } })
  for (let i = 1; i < 8; i += 2) await Promise.all(mesh.nodes.slice(i, i + 2).map((node) => node.start()))
  await mesh.meet()
  await mesh.grant(mesh.node(3), ['web/*'])
  await mesh.grant(mesh.node(4), ['db/*'], { selector: "labels.role == 'db'" })
  await mesh.meet()
})
afterAll(async () => await mesh?.close())

/** A version signed with a node's own key, as a node that asks nobody could make it. */
async function forged(node: TestNode, policy: string): Promise<Uint8Array> {
  const built = filePolicy(policy, mesh.out, 'forged')
  await node.client.putBlocks(rootFirst(built))
  const signer = createSigner(readKeyFile(`${node.dir}/node.key`).seed)
  const body = buildVersion(await mesh.ledger(node), signer.key, {
    at: Date.now(),
    policy,
    action: 'apply',
    selector: 'true',
    bundle: { cid: built.bundle.root.cid, size: built.bundle.size },
    uses: built.uses,
    meta: { by: 'mallory', message: '', repo: '', commit: '', dirty: false },
  })
  return seal(body, [signer], hasher).bytes
}

describe('any authorised peer publishes', () => {
  it('the node that made the mesh reaches all', async () => {
    const { id } = await mesh.publishFile(mesh.node(1), 'base/motd', 'one')
    await mesh.converged(mesh.nodes, 'base/motd', id, 'one')
  })

  it('another node with a grant reaches all, and its next version replaces the first', async () => {
    const first = await mesh.publishFile(mesh.node(3), 'web/site', 'one')
    await mesh.converged(mesh.nodes, 'web/site', first.id, 'one')
    const second = await mesh.publishFile(mesh.node(3), 'web/site', 'two')
    expect(second.parents).toEqual([first.id])
    await mesh.converged(mesh.nodes, 'web/site', second.id, 'two')
  })

  it('a grant for some nodes takes effect on those alone, although the version asks for all', async () => {
    const { id } = await mesh.publishFile(mesh.node(4), 'db/tune', 'fast')
    const [db, others] = [mesh.nodes.filter((_, i) => i % 2 === 1), mesh.nodes.filter((_, i) => i % 2 === 0)]
    await mesh.converged(db, 'db/tune', id, 'fast')
    await until(others, 'the others know the version', async () =>
      (await Promise.all(others.map((node) => node.client.log('db/tune')))).every(
        ({ entries }) => entries.length === 1,
      ),
    )
    for (const node of others) expect(mesh.contentOn(node, 'db/tune')).toBeUndefined()
  })
})

describe('whoever may not publish', () => {
  it('is refused by its own node, with the reason', async () => {
    await expect(mesh.publishFile(mesh.node(5), 'web/site', 'mine')).rejects.toMatchObject({
      code: expect.stringMatching(/^E_(NOT_ALLOWED|SCOPE|UNKNOWN_KEY|VERB)$/),
    })
  })

  it('takes effect on none if it is outside its scope: the entry is void, and every log says why', async () => {
    const { id } = await mesh.node(3).client.submit(await forged(mesh.node(3), 'base/motd'))
    await until(mesh.nodes, 'everyone has the entry', async () =>
      (await Promise.all(mesh.nodes.map((node) => node.client.log('base/motd')))).every(
        ({ entries }) => entries.length === 2,
      ),
    )
    for (const node of mesh.nodes) {
      const { entries } = await node.client.log('base/motd')
      expect(entries.find((entry) => entry.id === id)).toMatchObject({ counts: false, code: 'E_SCOPE', winner: false })
      expect(entries.find((entry) => entry.id === id)?.reason).not.toBe('')
      expect(mesh.contentOn(node, 'base/motd')).toBe('one')
    }
  })

  it('gets into no ledger without a role', async () => {
    const before = await mesh.node(6).status()
    await expect(mesh.node(6).client.submit(await forged(mesh.node(6), 'base/motd'))).rejects.toMatchObject({
      code: 'E_UNKNOWN_KEY',
    })
    expect((await mesh.node(6).status()).ledger.digest).toBe(before.ledger.digest)
  })
})

describe('what nobody can be without', () => {
  it('is nobody: first node and publisher dead, the rest converge; who was off catches up', async () => {
    await mesh.charter({ enrollers: [...(await enrollers()), { key: mesh.node(5).key, labels: { '*': ['*'] } }] })
    await mesh.meet()
    await mesh.acquainted()
    await mesh.node(8).stop()
    await Promise.all([mesh.node(1).kill(), mesh.node(3).kill()])
    const alive = [2, 4, 5, 6, 7].map((n) => mesh.node(n))
    const grown = filePolicy('db/tune', mesh.out, 'faster')
    const { id } = await mesh.publish(mesh.node(4), grown)
    await mesh.converged([mesh.node(2), mesh.node(4), mesh.node(6)], 'db/tune', id, 'faster')
    await mesh.node(8).start()
    await mesh.converged([mesh.node(8)], 'db/tune', id, 'faster')
    await until(alive, 'they agree', async () => {
      const all = await Promise.all(alive.map((node) => node.status()))
      return new Set(all.map(({ ledger }) => ledger.digest)).size === 1
    })
  })

  it('a node that joins now needs one neighbour', async () => {
    const late = await mesh.add('n9', { via: mesh.node(5), labels: { role: 'db' } })
    const { policies } = await mesh.node(6).status()
    const tune = policies.find(({ policy }) => policy === 'db/tune')
    await mesh.converged([late], 'db/tune', tune?.inForce ?? '', 'faster')
    await until([late], 'it has what was published before it came', () => mesh.contentOn(late, 'base/motd') === 'one')
  })

  it('those that were killed come back to the same state', async () => {
    await Promise.all([mesh.node(1).start(), mesh.node(3).start()])
    await mesh.meet()
    expect(mesh.contentOn(mesh.node(1), 'base/motd')).toBe('one')
  })
})

async function enrollers() {
  return (await mesh.ledger(mesh.node(1))).charters.current?.body.enrollers ?? []
}
