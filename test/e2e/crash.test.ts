import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestMesh } from '../support/mesh.ts'
import { filePolicy } from '../support/policy.ts'

/** Deaths in all; CHORUS_KILLS makes it more for a long run. */
const KILLS = Number(process.env['CHORUS_KILLS'] ?? 200)
/** A node dies up to this long after it is up, while it meets others, fetches, writes, applies; every third lives longer and publishes. */
const LIFE_MS = 1200
const LONG_LIFE_MS = 6000
/** Or while it starts, which takes about a second: every fourth time. */
const BIRTH_MS = 900

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
  const body = `${seed} `.repeat(5_000 + (seed % 7) * 20_000)
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
        await pause(node.running ? 100 : 20)
        if (!node.running) continue
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
      }
    })
    const deaths = { count: 0 }
    const dying = mesh.nodes.map(async (node, i) => {
      const random = seeded(i)
      while (deaths.count < KILLS) {
        await pause(random() * (random() < 0.33 ? LONG_LIFE_MS : LIFE_MS))
        await node.kill()
        deaths.count += 1
        check(seen)
        const born = node.start().then(
          () => true,
          () => false,
        )
        if (random() < 0.25) {
          await pause(random() * BIRTH_MS)
          await node.kill()
          deaths.count += 1
        }
        if (!(await born)) await node.start()
      }
    })
    await Promise.all(dying)
    stop.now = true
    await Promise.all(publishing)
    for (const node of mesh.nodes) if (!node.running) await node.start()
    await mesh.meet(120_000)
    check(seen)

    expect(seen.torn).toEqual([])
    expect(seen.whole).toBeGreaterThan(20)
    expect(acknowledged.length).toBeGreaterThan(10)
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
