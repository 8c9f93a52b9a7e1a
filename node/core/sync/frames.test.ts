import { encode } from '@ipld/dag-cbor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { base32 } from 'multiformats/bases/base32'
import { LIMITS } from '../limits.ts'
import { decodeSyncFrame, encodeSyncFrame } from './frames.ts'
import type { SyncAnswer, SyncAsk, SyncFrame } from './frames.ts'

const hash = fc.stringMatching(/^[0-9a-f]{64}$/)
const key = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((b) => `aa${Buffer.from(b).toString('hex').slice(2)}`)
const cid = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((b) => base32.encode(Uint8Array.from([1, 0x71, 0x12, 0x20, ...b])))
const section = fc.record({ hash, count: fc.nat() })
const digest = fc.record({ charters: section, revocations: section, sets: section, feeds: section })
const cids = fc.array(cid, { minLength: 1, maxLength: 20 })
const bytes = fc.uint8Array({ maxLength: 200 })
const place = fc.oneof(key, cid, fc.constant(''))

const ask: fc.Arbitrary<SyncAsk> = fc.oneof(
  fc.record({ kind: fc.constant('digest'), digest, answering: fc.boolean() }),
  fc.record({ kind: fc.constant('charters'), have: cids }),
  fc.record({ kind: fc.constant('feed'), key, want: cids, have: cids }),
  fc.record({ kind: fc.constant('heads'), key, after: fc.oneof(cid, fc.constant('')) }),
  fc.record({
    kind: fc.constant('range'),
    section: fc.constantFrom('feeds', 'sets'),
    from: place,
    to: fc.option(place),
    hash,
  }),
  fc.record({ kind: fc.constant('fetch'), ids: cids, below: fc.boolean() }),
  fc.record({ kind: fc.constant('holds'), version: cid, custody: fc.boolean() }),
  fc.record({ kind: fc.constant('live'), keys: fc.array(key, { minLength: 1, maxLength: 20 }) }),
)
const answer: fc.Arbitrary<SyncAnswer> = fc.oneof(
  fc.record({ kind: fc.constant('digest'), digest }),
  fc.record({ kind: fc.constant('records'), envelopes: fc.array(bytes, { maxLength: 9 }), more: fc.boolean() }),
  fc.record({ kind: fc.constant('same') }),
  fc.record({
    kind: fc.constant('split'),
    parts: fc.array(fc.record({ from: place, to: fc.option(place), hash }), { maxLength: LIMITS.sync.parts }),
  }),
  fc.record({
    kind: fc.constant('feeds'),
    feeds: fc.array(fc.record({ key, size: fc.nat(), count: fc.nat(), hash, heads: fc.array(cid, { maxLength: 8 }) }), {
      maxLength: 5,
    }),
  }),
  fc.record({ kind: fc.constant('heads'), heads: cids, more: fc.boolean() }),
  fc.record({ kind: fc.constant('sets'), ids: cids }),
  fc.record({ kind: fc.constant('holds'), version: cid }),
  fc.record({
    kind: fc.constant('live'),
    heard: fc.array(fc.record({ ageMs: fc.nat(), envelope: bytes }), { maxLength: 9 }),
    more: fc.boolean(),
  }),
)
const frame: fc.Arbitrary<SyncFrame> = fc.oneof(
  fc.record({ type: fc.constant('ask'), id: fc.nat(), ask }),
  fc.record({ type: fc.constant('answer'), id: fc.nat(), answer }),
)

describe('sync frames', () => {
  it('come back as they were written', () => {
    fc.assert(
      fc.property(frame, (value) => {
        expect(decodeSyncFrame(encodeSyncFrame(value))).toEqual(value)
      }),
    )
  })

  it('never throw anything but a coded error on foreign bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (junk) => {
        expect(() => decodeSyncFrame(junk)).toThrow(expect.objectContaining({ name: 'CoreError' }))
      }),
    )
  })

  it('refuse what is over the bounds', () => {
    const ids = Array.from({ length: LIMITS.sync.fetch + 1 }, (_, i) => {
      const raw = Uint8Array.from({ length: 36 }, (_, k) => [1, 0x71, 0x12, 0x20, i][k] ?? 0)
      return base32.encode(raw)
    })
    expect(() => encodeSyncFrame({ type: 'ask', id: 1, ask: { kind: 'fetch', ids, below: false } })).toThrow(
      /1 to 64 elements/,
    )
    expect(() => decodeSyncFrame(new Uint8Array(LIMITS.sync.frameBytes + 1))).toThrow(/over the limit/)
    expect(() => decodeSyncFrame(encode({ type: 'ask', id: 1, ask: { kind: 'toString' } }))).toThrow(/kind/)
  })
})
