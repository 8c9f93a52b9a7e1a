import * as dagCbor from '@ipld/dag-cbor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hasher } from '../../../node/crypto.ts'
import { actor, tools } from '../../../test/support/tools.ts'
import { CoreError } from '../errors.ts'
import { enrollerOf, grantTo, Scene } from '../testing/actors.ts'
import { sameBytes } from './cbor.ts'
import { decodeBody, decodeEnvelope, encodeEnvelope } from './codec.ts'

const [root, recovery, ann] = [actor('root'), actor('recovery'), actor('ann')]

function scene(): Scene {
  return Scene.open(tools, root, recovery, { enrollers: [enrollerOf(ann.key)], grants: [grantTo(ann.key)] })
}

function codeOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    return error instanceof CoreError ? error.code : String(error)
  }
  return 'accepted'
}

describe('the decoder', () => {
  const samples = (() => {
    const s = scene()
    const [token, peer] = [actor('token'), actor('peer')]
    const invite = s.invite(ann, token, { labels: { role: 'web' } })
    s.join(peer, invite, token, 'web-1')
    s.certify(ann, peer.key)
    s.publish(ann, 'web/site')
    s.revoke(root, { what: 'feed', target: ann.key, heads: 'now' })
    s.leave(peer)
    return s.records.map((envelope) => envelope.bytes)
  })()

  it('throws nothing but CoreError for valid records that were changed in some bytes, cut or extended', () => {
    const mutation = fc.record({
      at: fc.nat({ max: 4000 }),
      byte: fc.nat({ max: 255 }),
      kind: fc.constantFrom('set', 'cut', 'insert'),
    })
    fc.assert(
      fc.property(
        fc.constantFrom(...samples),
        fc.array(mutation, { minLength: 1, maxLength: 4 }),
        (sample, mutations) => {
          let bytes: Uint8Array = sample
          for (const { at, byte, kind } of mutations) {
            const place = at % (bytes.length + 1)
            if (kind === 'cut') bytes = bytes.slice(0, place)
            else {
              const rest = bytes.subarray(kind === 'set' ? place + 1 : place)
              bytes = Uint8Array.from([...bytes.subarray(0, place), byte, ...rest])
            }
          }
          try {
            const envelope = decodeEnvelope(bytes, hasher)
            // Whatever is accepted must have exactly these bytes; only signatures may then still be wrong.
            expect(sameBytes(encodeEnvelope(envelope.bodyBytes, envelope.sigs), bytes)).toBe(true)
          } catch (error) {
            expect(error).toBeInstanceOf(CoreError)
          }
        },
      ),
      { numRuns: 5000 },
    )
  })

  it('throws nothing but CoreError for a sound body in which any one field is something else', () => {
    const bodies = samples.map((bytes) => decodeEnvelope(bytes, hasher).bodyBytes)
    const junk = fc.oneof(
      fc.integer(),
      fc.string(),
      fc.constant(null),
      fc.uint8Array({ maxLength: 40 }),
      fc.constant({}),
      fc.constant([[]]),
    )
    fc.assert(
      fc.property(fc.constantFrom(...bodies), fc.nat({ max: 40 }), junk, (bodyBytes, index, value) => {
        const wire = dagCbor.decode<Record<string, unknown>>(bodyBytes)
        const fields = Object.keys(wire)
        wire[fields[index % fields.length] ?? 'v'] = value
        expect(['accepted', 'E_MALFORMED', 'E_TOO_LARGE']).toContain(codeOf(() => decodeBody(dagCbor.encode(wire))))
      }),
      { numRuns: 3000 },
    )
  })
})
