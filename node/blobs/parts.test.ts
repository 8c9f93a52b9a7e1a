import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { openBlocks } from '../store/index.ts'
import { Bucket } from './bucket.ts'
import { Collector } from './collector.ts'
import { BLOB_LIMITS } from '../limits.ts'
import { Fetch } from './fetch.ts'
import { Library } from './library.ts'
import { pickBlocks } from './pick.ts'
import type { PickView } from './pick.ts'
import { makeBundle } from './testing/swarm.ts'
import { ALL, decodeBlobFrame, encodeBlobFrame, encodeBlockHead } from './wire.ts'
import type { BlobFrame } from './wire.ts'

const ROOT = 'bafyreich5ybd5o5oef5llftw3y24wmoyk6hto5maghsfceeaodfkct3gry'

describe('a blob frame', () => {
  it('round-trips', () => {
    const indices = fc.array(fc.integer({ min: 0, max: 0xffffffff }), { maxLength: 50 })
    const root = fc.constant(ROOT)
    const frame: fc.Arbitrary<BlobFrame> = fc.oneof(
      fc.record({ type: fc.constant('want' as const), root, indices }),
      fc.record({ type: fc.constant('notFound' as const), root, indices }),
      fc.record({ type: fc.constant('have' as const), root, complete: fc.boolean(), indices }),
      fc.record({ type: fc.constant('busy' as const), root, retryMs: fc.nat(), indices }),
    )
    fc.assert(
      fc.property(frame, (value) => {
        expect(decodeBlobFrame(encodeBlobFrame(value))).toEqual(value)
      }),
    )
    const block = { type: 'block', root: ROOT, index: 7, bytes: new Uint8Array([1, 2, 3]) } as const
    const whole = Buffer.concat([encodeBlockHead(ROOT, 7), block.bytes])
    expect(encodeBlobFrame(block)).toEqual(whole)
    const decoded = decodeBlobFrame(whole)
    expect(decoded.type === 'block' ? [decoded.index, ...decoded.bytes] : []).toEqual([7, 1, 2, 3])
  })

  it('that is malformed is refused, whatever it is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          decodeBlobFrame(bytes)
        } catch (error) {
          expect(error).toMatchObject({ code: 'E_PROTOCOL' })
        }
      }),
    )
    const want = encodeBlobFrame({ type: 'want', root: ROOT, indices: [1] })
    for (const wrong of [
      want.subarray(0, 20),
      want.subarray(0, want.length - 1),
      Buffer.concat([Buffer.from([9]), want.subarray(1)]),
    ]) {
      expect(() => decodeBlobFrame(wrong)).toThrow(expect.objectContaining({ code: 'E_PROTOCOL' }))
    }
  })
})

describe('which blocks to ask a peer for', () => {
  const all = { complete: true, has: () => true, skips: () => false }
  const view = (more: Partial<PickView> = {}): PickView => ({
    missing: [1, 2, 3, 4],
    asked: new Map(),
    partial: () => 0,
    partialPeers: 0,
    nowMs: 10_000,
    lateMs: 3000,
    ...more,
  })

  it('the rarest first, and different ones for different peers', () => {
    const holders = [0, 5, 1, 3, 2]
    expect(pickBlocks(view({ partial: (index) => holders[index] ?? 0 }), all, 3, () => 0)).toEqual([2, 4, 3])
    const picks = new Set(Array.from({ length: 50 }, () => pickBlocks(view(), all, 1, Math.random)[0]))
    expect(picks.size).toBeGreaterThan(2)
  })

  it('none that is under way, put off, or not held by the peer', () => {
    const peer = { complete: false, has: (index: number) => index !== 1, skips: (index: number) => index === 2 }
    expect(pickBlocks(view({ asked: new Map([[3, 9000]]) }), peer, 9, () => 0)).toEqual([4])
  })

  it('what is late only when nothing else is left', () => {
    const asked = new Map([
      [1, 100],
      [2, 50],
      [3, 9999],
    ])
    expect(pickBlocks(view({ asked }), all, 9, () => 0)).toEqual([4])
    expect(pickBlocks(view({ asked, missing: [1, 2, 3] }), all, 9, () => 0)).toEqual([2, 1])
  })

  it('of a seed only what no other has, once enough others have parts', () => {
    const crowd = view({ partialPeers: 3, partial: (index) => (index === 2 ? 0 : 1) })
    expect(pickBlocks(crowd, all, 9, () => 0)).toEqual([2])
    expect(pickBlocks({ ...crowd, partialPeers: 2 }, all, 9, () => 0)).toHaveLength(4)
  })
})

describe('a token bucket', () => {
  it('lets a burst through and then the rate', () => {
    const bucket = new Bucket(100, 50, 0)
    expect(bucket.take(50, 0)).toBe(0)
    expect(bucket.take(10, 0)).toBe(100)
    expect(bucket.take(10, 1000)).toBe(0)
  })
})

describe('collection', () => {
  const dirs: string[] = []
  afterEach(() => {
    for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true })
  })

  it('keeps what is named and what was just taken in, and waits while something is fetched', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'chorus-collect-'))
    dirs.push(dir)
    const blocks = await openBlocks(dir)
    const library = new Library(blocks)
    let busy = true
    const collector = new Collector(blocks, library, () => busy)
    const [old, kept, fresh] = [makeBundle(300_000, 1), makeBundle(300_000, 2), makeBundle(300_000, 3)]
    await library.take(old.root.cid, old.blocks)
    await library.take(kept.root.cid, kept.blocks)
    await collector.during(fresh.root.cid, async () => await library.take(fresh.root.cid, fresh.blocks))
    collector.keep([kept.root.cid])
    const later = Date.now() + 10_000
    const before = blocks.used()
    await collector.tick(later)
    expect(blocks.used()).toBe(before)
    busy = false
    await collector.tick(Date.now())
    expect(blocks.used()).toBe(before)
    await collector.tick(later)
    library.forget(old.root.cid)
    const held = await Promise.all(
      [old, kept, fresh].map(async ({ root }) => (await library.holding(root.cid)) !== undefined),
    )
    expect(held).toEqual([false, true, true])
  })
})

describe('fetching a small bundle', () => {
  const folders: string[] = []
  afterEach(() => {
    for (const dir of folders.splice(0)) rmSync(dir, { recursive: true, force: true })
  })
  const A = 'a'.repeat(64)
  const B = 'b'.repeat(64)

  async function begin() {
    const dir = mkdtempSync(join(tmpdir(), 'chorus-fetch-'))
    folders.push(dir)
    const bundle = makeBundle(1000)
    const asked: { readonly peer: string; readonly indices: readonly number[] }[] = []
    let stored = 0
    const fetch = new Fetch({
      root: bundle.root.cid,
      size: bundle.size,
      blocks: await openBlocks(dir),
      limits: BLOB_LIMITS,
      send: (peer, frame) => void (frame.type === 'want' && asked.push({ peer, indices: frame.indices })),
      gained: () => undefined,
      stored: () => void (stored += 1),
      blame: () => undefined,
      failed: () => undefined,
    })
    const give = async (peer: string): Promise<void> => {
      let index = 0
      for (const { bytes } of [bundle.root, ...bundle.blocks].filter(
        ({ cid }, i) => i === 0 || cid !== bundle.root.cid,
      ))
        await fetch.onBlock(peer, index++, bytes)
    }
    return { fetch, asked, give, stored: () => stored }
  }

  it('is asked for whole, once of each peer', async () => {
    const { fetch, asked, give, stored } = await begin()
    fetch.addSource(A, true)
    fetch.tick(Date.now())
    expect(asked).toEqual([{ peer: A, indices: [ALL] }])
    await give(A)
    expect(stored()).toBe(1)
  })

  it('takes what comes late from a peer that had it not yet', async () => {
    const { fetch, give, stored } = await begin()
    fetch.addSource(A, false)
    fetch.tick(Date.now() + BLOB_LIMITS.answerMs + 1)
    await give(A)
    expect(stored()).toBe(1)
  })

  it('asks again whoever was busy, had nothing, or did not answer', async () => {
    const { fetch, asked } = await begin()
    const start = Date.now()
    fetch.addSource(A, true)
    fetch.addSource(B, false)
    fetch.onBusy(A, 100, [0, 1])
    fetch.onNotFound(B, [])
    expect(asked).toHaveLength(2)
    fetch.tick(start + 50)
    expect(asked).toHaveLength(2)
    fetch.tick(start + 1000)
    fetch.tick(start + 1000)
    expect(asked.slice(2)).toEqual([{ peer: A, indices: [ALL] }])
    fetch.tick(start + BLOB_LIMITS.spreadMs + 1000)
    fetch.tick(start + BLOB_LIMITS.spreadMs + 1000)
    expect(asked.slice(3)).toEqual([{ peer: B, indices: [ALL] }])
  })
})
