import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openStore } from '../../node/store/index.ts'
import { TestMesh } from '../support/mesh.ts'

let mesh: TestMesh
beforeAll(async () => {
  mesh = await TestMesh.of(3)
  await mesh.grant(mesh.node(2), ['*'])
  await mesh.meet()
})
afterAll(async () => await mesh?.close())

describe('a publisher restored from a backup', () => {
  it('fetches its own later entries first, and nobody loses a version', async () => {
    const n2 = mesh.node(2)
    const one = await mesh.publishFile(n2, 'base/motd', 'one')
    await mesh.converged(mesh.nodes, 'base/motd', one.id, 'one')
    await n2.stop()
    cpSync(n2.dir, join(mesh.dir, 'backup'), { recursive: true })
    await n2.start()
    const two = await mesh.publishFile(n2, 'base/motd', 'two')
    await mesh.converged(mesh.nodes, 'base/motd', two.id, 'two')
    await n2.kill()
    rmSync(n2.dir, { recursive: true })
    cpSync(join(mesh.dir, 'backup'), n2.dir, { recursive: true })
    await n2.start()
    const three = await mesh.publishFile(n2, 'base/motd', 'three')
    expect(three).toMatchObject({ parents: [two.id], seq: 3 })
    await mesh.converged(mesh.nodes, 'base/motd', three.id, 'three')
    for (const node of mesh.nodes) {
      const { entries } = await node.client.log('base/motd')
      expect(entries.map((entry) => entry.id)).toEqual([three.id, two.id, one.id])
    }
  })
})

describe('a state folder copied to a second machine', () => {
  it('does not start there, and says what to do; with a new invite it becomes a node of its own', async () => {
    const n3 = mesh.node(3)
    await n3.stop()
    const copy = await mesh.copyOf(n3, 'n3-copy')
    // As the store of a machine with another machine-id would have it.
    const store = openStore({ file: join(copy.dir, 'chorus.db'), machineId: null })
    store.meta.set('machine-id', '0123456789abcdef0123456789abcdef')
    store.close()
    await n3.start()
    await expect(copy.start()).rejects.toThrow(/E_CLONED.*chorus join/)
    const { token } = await mesh.node(1).client.invite({ name: 'n4', labels: {} })
    const own = await mesh.rejoin(copy, token)
    await own.start()
    await mesh.meet()
    expect(own.key).not.toBe(n3.key)
    const names = (await mesh.node(1).client.nodes()).nodes.map((row) => row.name)
    expect(names.toSorted()).toEqual(['n1', 'n2', 'n3', 'n4'])
  })
})
