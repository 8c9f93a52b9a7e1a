import { afterEach, describe, expect, it } from 'vitest'
import { parseBundleRoot } from '../../policies/index.ts'
import { NodeError } from '../errors.ts'
import { stopNodes, until } from '../net/testing/nodes.ts'
import { makeBundle, startMember, stopMembers } from './testing/swarm.ts'
import type { Member, MemberOptions } from './testing/swarm.ts'

afterEach(async () => {
  await stopNodes()
  await stopMembers()
})

const MiB = 1024 * 1024

async function seedAnd(bytes: number, others: readonly MemberOptions[], salt = 1) {
  const seed = await startMember()
  const bundle = makeBundle(bytes, salt)
  await seed.blobs.importBlocks(bundle.root.cid, bundle.blocks)
  const members = await Promise.all(
    others.map(
      async (options) => await startMember({ ...options, options: { bootstrap: [seed.addr()], ...options.options } }),
    ),
  )
  await until('all are up', () => members.every((member) => member.up.has(seed.key)))
  return { seed, bundle, members }
}

async function contentOf(member: Member, root: string): Promise<Buffer> {
  const { files } = parseBundleRoot(await member.blobs.read(root))
  const parts: Uint8Array[] = []
  for await (const part of member.blobs.readChunks(files[0]?.chunks ?? [])) parts.push(part)
  return Buffer.concat(parts)
}

describe('bundles', () => {
  it('a small one comes whole in one answer, and is durable and readable', async () => {
    const { seed, bundle, members } = await seedAnd(1000, [{}])
    const [member] = members
    if (!member) throw new Error('no member')
    member.blobs.want(bundle.root.cid, bundle.size, [seed.key])
    await until('stored', () => member.stored.length === 1)
    expect(await member.blobs.has(bundle.root.cid)).toBe(true)
    expect(await contentOf(member, bundle.root.cid)).toEqual(await contentOf(seed, bundle.root.cid))
    expect(member.blobs.stats()).toMatchObject({ blocksIn: 3, duplicates: 0 })
    expect(member.failed).toEqual([])
  })

  it('goes from one to another, who passes it on to a third that cannot reach the first', async () => {
    const { bundle, members } = await seedAnd(1000, [{}])
    const [middle] = members
    if (!middle) throw new Error('no member')
    const last = await startMember({ options: { bootstrap: [middle.addr()], limits: { neighboursLow: 1 } } })
    await until('up', () => last.up.has(middle.key))
    // The last one wants it before the middle one has it, and is told when it has.
    last.blobs.want(bundle.root.cid, bundle.size, [middle.key])
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(last.stored).toEqual([])
    middle.blobs.want(bundle.root.cid, bundle.size, [])
    await until('stored', () => last.stored.length === 1)
    expect(last.blobs.stats().duplicates).toBe(0)
  })

  it('a large one spreads: the seed sends little more than one copy', async () => {
    const { seed, bundle, members } = await seedAnd(
      24 * MiB,
      Array.from({ length: 5 }, () => ({})),
    )
    const addrs = members.map((member) => ({ key: member.key, addr: member.addr() }))
    for (const member of members)
      for (const { key, addr } of addrs) if (key !== member.key) member.net.dial(key, [addr])
    await until('all meet', () => members.every((member) => member.up.size === 5))
    for (const member of members) member.blobs.want(bundle.root.cid, bundle.size, [seed.key])
    await until('all have it', () => members.every((member) => member.stored.length === 1), 60_000)
    expect(seed.blobs.stats().bytesOut / bundle.size).toBeLessThan(1.5)
    const received = members.reduce((sum, member) => sum + member.blobs.stats().bytesIn, 0)
    expect(received / (5 * bundle.size)).toBeLessThan(1.1)
    for (const member of members) expect(await member.blobs.has(bundle.root.cid)).toBe(true)
  }, 90_000)

  it('a liar is blamed and left aside; the rest comes from an honest peer', async () => {
    const { seed, bundle, members } = await seedAnd(3 * MiB, [{}])
    const [victim] = members
    if (!victim) throw new Error('no member')
    const liar = await startMember({
      options: { bootstrap: [seed.addr(), victim.addr()] },
      // Right in length, wrong in bytes.
      wrap: (blocks) => ({
        ...blocks,
        get: async (cid) => {
          const bytes = await blocks.get(cid)
          return cid === bundle.root.cid ? bytes : new Uint8Array(bytes.length)
        },
      }),
    })
    await liar.blobs.importBlocks(bundle.root.cid, bundle.blocks)
    await until('all meet', () => victim.up.has(liar.key) && liar.up.has(seed.key))
    victim.blobs.want(bundle.root.cid, bundle.size, [liar.key])
    await until('stored', () => victim.stored.length === 1)
    expect(victim.failed).toContainEqual({ cid: bundle.root.cid, peer: liar.key, code: 'E_CID_MISMATCH', final: false })
    expect(await contentOf(victim, bundle.root.cid)).toEqual(await contentOf(seed, bundle.root.cid))
  })

  it('a peer that stops in the middle is passed over', async () => {
    let served = 0
    const seed = await startMember()
    const bundle = makeBundle(4 * MiB, 2)
    await seed.blobs.importBlocks(bundle.root.cid, bundle.blocks)
    const stopper = await startMember({
      options: { bootstrap: [seed.addr()] },
      wrap: (blocks) => ({
        ...blocks,
        get: async (cid) => {
          served += 1
          if (served > 6) await new Promise(() => undefined)
          return await blocks.get(cid)
        },
      }),
    })
    await stopper.blobs.importBlocks(bundle.root.cid, bundle.blocks)
    const victim = await startMember({
      limits: { answerMs: 500 },
      options: { bootstrap: [stopper.addr(), seed.addr()] },
    })
    await until('up', () => victim.up.size === 2)
    victim.blobs.want(bundle.root.cid, bundle.size, [stopper.key])
    await until('stored', () => victim.stored.length === 1, 20_000)
  }, 30_000)

  it('is resumed from what is missing after a restart, and damaged blocks are fetched again', async () => {
    const { seed, bundle, members } = await seedAnd(8 * MiB, [{ limits: { windowBytes: 512 * 1024 } }], 3)
    const [first] = members
    if (!first) throw new Error('no member')
    first.blobs.want(bundle.root.cid, bundle.size, [seed.key])
    await until('a part is here', () => (first.blobs.progress()[0]?.bytesHeld ?? 0) > 2 * MiB)
    await first.blobs.stop()
    await first.net.stop()
    const held = first.blocks.used()
    const again = await startMember({ seed: first.seed, dir: first.dir, options: { bootstrap: [seed.addr()] } })
    await until('up', () => again.up.has(seed.key))
    again.blobs.want(bundle.root.cid, bundle.size, [seed.key])
    await until('stored', () => again.stored.length === 1)
    expect(again.blobs.stats().bytesIn).toBeLessThan(bundle.size - held + MiB)
    expect(await contentOf(again, bundle.root.cid)).toEqual(await contentOf(seed, bundle.root.cid))
  }, 30_000)

  it('is refused for good when it contradicts its declared size or is no bundle', async () => {
    const { seed, bundle, members } = await seedAnd(1000, [{}])
    const [member] = members
    if (!member) throw new Error('no member')
    member.blobs.want(bundle.root.cid, bundle.size + 1, [seed.key])
    await until('refused', () => member.failed.length === 1)
    expect(member.failed).toEqual([{ cid: bundle.root.cid, peer: null, code: 'E_BUNDLE', final: true }])
    expect(member.blobs.progress()).toEqual([])
  })

  it('says after a while that nobody has it, goes on, and gets it when somebody does', async () => {
    const { seed, members } = await seedAnd(1000, [{ limits: { reportMs: 300 } }])
    const [member] = members
    if (!member) throw new Error('no member')
    const other = makeBundle(2000, 9)
    member.blobs.want(other.root.cid, other.size, [seed.key])
    await until('told', () => member.failed.some(({ code }) => code === 'E_NO_PROVIDER'), 15_000)
    expect(member.failed[0]).toMatchObject({ final: false, peer: null })
    await seed.blobs.importBlocks(other.root.cid, other.blocks)
    await until('stored', () => member.stored.includes(other.root.cid))
  }, 30_000)

  it('waits when its quota is full, and says so', async () => {
    const { seed, bundle, members } = await seedAnd(2 * MiB, [{ quota: MiB }])
    const [member] = members
    if (!member) throw new Error('no member')
    member.blobs.want(bundle.root.cid, bundle.size, [seed.key])
    await until('told', () => member.failed.some(({ code }) => code === 'E_QUOTA'))
    expect(member.failed.every(({ final }) => !final)).toBe(true)
    expect(member.blocks.used()).toBeLessThanOrEqual(MiB)
  })

  it('is taken in only whole, and blocks that nobody keeps are collected', async () => {
    const member = await startMember()
    const [a, b] = [makeBundle(600_000, 1), makeBundle(600_000, 2)]
    const [, ...rest] = a.blocks
    await expect(member.blobs.importBlocks(a.root.cid, rest)).rejects.toBeInstanceOf(NodeError)
    expect(await member.blobs.has(a.root.cid)).toBe(false)
    expect(await member.blobs.importBlocks(b.root.cid, b.blocks)).toBe(b.size)
    const held = await member.blocks.collect(new Set([b.root.cid, ...[...b.blocks].map((block) => block.cid)]))
    expect(held).toBeGreaterThan(500_000)
    expect(await member.blobs.has(b.root.cid)).toBe(true)
  })
})
