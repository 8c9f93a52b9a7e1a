import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildRevoke, seal } from '../../node/core/index.ts'
import { hasher } from '../../node/index.ts'
import { TestMesh } from '../support/mesh.ts'
import { until } from '../support/until.ts'

/** Gossip is off everywhere: whatever arrives came by sync. */
let mesh: TestMesh

beforeAll(async () => {
  mesh = await TestMesh.of(4, { gossip: false, syncMs: 2000 })
})
afterAll(async () => await mesh?.close())

describe('without gossip', () => {
  it('a version reaches all', async () => {
    const { id } = await mesh.publishFile(mesh.node(1), 'base/motd', 'one')
    await mesh.converged(mesh.nodes, 'base/motd', id, 'one', 60_000)
    for (const node of mesh.nodes) expect((await node.status()).peers.every((peer) => !peer.gossip)).toBe(true)
  })

  it('so does a charter, and what it allows', async () => {
    await mesh.grant(mesh.node(3), ['web/*'])
    await mesh.meet()
    const { id } = await mesh.publishFile(mesh.node(3), 'web/site', 'one')
    await mesh.converged(mesh.nodes, 'web/site', id, 'one', 60_000)
  })

  it('so do both heads of a forked feed, and the entry that ends the fork', async () => {
    const n3 = mesh.node(3)
    await n3.stop()
    const backup = join(mesh.dir, 'backup')
    cpSync(n3.dir, backup, { recursive: true })
    await n3.start()
    await mesh.meet()
    const left = await mesh.publishFile(n3, 'web/left', 'left')
    await mesh.converged(mesh.nodes, 'web/left', left.id, 'left', 60_000)
    // The backup knows nothing of it, and is alone when it publishes.
    await n3.stop()
    const others = mesh.nodes.filter((node) => node !== n3)
    await Promise.all(others.map((node) => node.stop()))
    rmSync(n3.dir, { recursive: true })
    cpSync(backup, n3.dir, { recursive: true })
    await n3.start()
    const right = await mesh.publishFile(n3, 'web/right', 'right', { local: true })
    await Promise.all(others.map((node) => node.start()))
    await mesh.meet()
    for (const { id, name } of [
      { id: left.id, name: 'left' },
      { id: right.id, name: 'right' },
    ]) {
      await mesh.converged(mesh.nodes, `web/${name}`, id, name, 60_000)
    }
    expect((await mesh.ledger(mesh.node(1))).feed(n3.key)?.heads).toHaveLength(2)
    await mesh.publishFile(n3, 'web/left', 'on')
    await until(
      mesh.nodes,
      'the fork is over everywhere',
      async () => {
        const ledgers = await Promise.all(mesh.nodes.map((node) => mesh.ledger(node)))
        return ledgers.every((ledger) => ledger.feed(n3.key)?.heads.length === 1)
      },
      60_000,
    )
  })

  it('so does a revocation', async () => {
    const ledger = await mesh.ledger(mesh.node(1))
    const body = buildRevoke(ledger, mesh.root.key, {
      at: Date.now(),
      what: 'feed',
      target: mesh.node(3).key,
      heads: 'none',
    })
    await mesh.node(1).client.submit(seal(body, [mesh.root], hasher).bytes)
    await until(
      mesh.nodes,
      'everyone holds the publisher for revoked',
      async () => {
        const logs = await Promise.all(mesh.nodes.map((node) => node.client.log('web/site')))
        return logs.every(({ entries }) => entries.every((entry) => !entry.counts && entry.code === 'E_REVOKED'))
      },
      60_000,
    )
  })
})
