import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestMesh } from '../support/mesh.ts'
import type { TestNode } from '../support/node.ts'
import { filePolicy } from '../support/policy.ts'

/** Deaths in all; CHORUS_KILLS makes it more for a long run. */
const KILLS = Number(process.env['CHORUS_KILLS'] ?? 200)
/** Up to this long after its start a victim dies: within starting, fetching, writing, applying, publishing. */
const WITHIN_MS = 900

let mesh: TestMesh
beforeAll(async () => {
  mesh = await TestMesh.of(3, { dht: false })
  await mesh.grant(mesh.node(2), ['*'])
  await mesh.grant(mesh.node(3), ['*'])
  await mesh.meet()
})
afterAll(async () => await mesh?.close())

/** A content that proves itself whole: its hash, then what was hashed. Several chunks, so that everything takes a while. */
function proven(seed: number): string {
  const body = `${seed} `.repeat(20_000 + (seed % 7) * 30_000)
  return `${createHash('sha256').update(body).digest('hex')} ${body}`
}
function isWhole(content: string): boolean {
  const [hash, body] = [content.slice(0, 64), content.slice(65)]
  return createHash('sha256').update(body).digest('hex') === hash
}

interface Acknowledged {
  readonly id: string
  readonly policy: string
}

describe(`kill -9, ${KILLS} times`, () => {
  it('loses no acknowledged publish, tears no file, and every node comes back to the same state', async () => {
    const acknowledged: Acknowledged[] = []
    const seen = { whole: 0, torn: [] as string[] }
    const stop = { now: false }
    let seed = 0
    // Each node publishes as fast as it is answered, every other time without waiting for another peer.
    const publishing = mesh.nodes.map(async (node, i) => {
      while (!stop.now) {
        seed += 1
        const policy = `p${seed % 3}/${i}`
        try {
          const { id } = await mesh.publish(node, filePolicy(policy, mesh.out, proven(seed)), {
            local: seed % 2 === 0,
            timeoutMs: 5_000,
          })
          acknowledged.push({ id, policy })
        } catch {
          // It died meanwhile, or nobody held it in time: not acknowledged.
        }
        await pause(20)
      }
    })
    const random = seeded(42)
    const victims = (n: TestNode): boolean => n.running
    for (let kills = 0; kills < KILLS; kills++) {
      const victim = mesh.nodes[Math.floor(random() * 3)]
      if (!victim || !victims(victim)) continue
      await pause(random() * WITHIN_MS * 0.3)
      await victim.kill()
      check(seen)
      // Its successor may die while it starts.
      const started = victim.start().then(
        () => true,
        () => false,
      )
      if (random() < 0.3 && kills + 1 < KILLS) {
        await pause(random() * WITHIN_MS)
        if (victim.running) {
          await victim.kill()
          kills += 1
        }
        await started
        if (!victim.running) await victim.start()
      }
      await started
    }
    stop.now = true
    await Promise.all(publishing)
    for (const node of mesh.nodes) if (!node.running) await node.start()
    await mesh.meet(120_000)
    check(seen)

    expect(seen.torn).toEqual([])
    expect(seen.whole).toBeGreaterThan(KILLS)
    expect(acknowledged.length).toBeGreaterThan(20)
    const ledgers = await Promise.all(mesh.nodes.map((node) => mesh.ledger(node)))
    for (const ledger of ledgers) {
      expect(acknowledged.filter(({ id }) => !ledger.has(id))).toEqual([])
    }
    // No leftovers of writes that death cut off.
    const files = mesh.nodes.flatMap((node) => readdirSync(join(mesh.out, node.name)))
    expect(files.filter((name) => !/^p\d-\d$/.test(name))).toEqual([])
  }, 900_000)
})

function check(seen: { whole: number; torn: string[] }): void {
  for (const node of mesh.nodes) {
    for (let p = 0; p < 3; p++) {
      for (let i = 0; i < 3; i++) {
        const content = mesh.contentOn(node, `p${p}/${i}`)
        if (content === undefined) continue
        if (isWhole(content)) seen.whole += 1
        else seen.torn.push(`${node.name} p${p}/${i}`)
      }
    }
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** mulberry32: the same deaths in every run, as far as processes allow. */
function seeded(state: number): () => number {
  let a = state
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
