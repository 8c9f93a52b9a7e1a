import { decodeStrict, encodeStrict } from '../records/cbor.ts'
import { RECORD_LIMITS } from '../records/limits.ts'
import { bool, int, key, link, list, literal, nullable, object, text } from '../records/shape.ts'
import type { Shape } from '../records/shape.ts'
import type { Cid, Key } from '../records/types.ts'
import { LIMITS } from '../limits.ts'
import { bytesUpTo, choice } from '../sync/wire.ts'

/**
 * `/chorus-noise/1`, after noise has proved both keys and before any muxer: who are you, and under which charter? Both
 * sides say hello; the one with the higher charter judges first; the accepted one may pull before it judges in its turn.
 */
export type AdmissionFrame =
  | Hello
  | { readonly type: 'verdict'; readonly ok: boolean; readonly code: string | null; readonly reason: string }
  /** Answered with one `records`; ask again while it says `more`. */
  | { readonly type: 'pull'; readonly pull: AdmissionPull }
  | { readonly type: 'records'; readonly envelopes: readonly Uint8Array[]; readonly more: boolean }

export interface Hello {
  readonly type: 'hello'
  /** Wire version. */
  readonly wire: number
  readonly agent: string
  readonly mesh: Cid
  readonly tips: readonly Tip[]
  /** Envelopes. Null: none yet (a node whose records are all gone; the other side may know it). */
  readonly certificate: Uint8Array | null
  /** The invite behind a provisional certificate. */
  readonly invite: Uint8Array | null
}

export interface Tip {
  readonly epoch: number
  readonly n: number
  readonly cid: Cid
}

export type AdmissionPull =
  | { readonly kind: 'charters'; readonly have: readonly Cid[] }
  /** Entries of a root's feed that are not at or below `have`, oldest first. */
  | { readonly kind: 'feed'; readonly key: Key; readonly have: readonly Cid[] }
  /** What links your certificate to a head that a charter or a revoke names, newest first. */
  | { readonly kind: 'proof' }

const envelope = bytesUpTo(RECORD_LIMITS.charterBytes)
const record = bytesUpTo(RECORD_LIMITS.recordBytes)
const tip = object({ epoch: int(), n: int(), cid: link })

const pull: Shape<AdmissionPull> = choice('kind', {
  charters: object({ kind: literal('charters'), have: list(link, LIMITS.admission.tips) }),
  feed: object({ kind: literal('feed'), key, have: list(link, LIMITS.admission.heads) }),
  proof: object({ kind: literal('proof') }),
})

const frame: Shape<AdmissionFrame> = choice('type', {
  hello: object({
    type: literal('hello'),
    wire: int(),
    agent: text(RECORD_LIMITS.word),
    mesh: link,
    tips: list(tip, LIMITS.admission.tips),
    certificate: nullable(record),
    invite: nullable(record),
  }),
  verdict: object({
    type: literal('verdict'),
    ok: bool,
    code: nullable(text(64)),
    reason: text(RECORD_LIMITS.text),
  }),
  pull: object({ type: literal('pull'), pull }),
  records: object({
    type: literal('records'),
    envelopes: list(envelope, LIMITS.admission.records),
    more: bool,
  }),
})

/** @throws CoreError E_MALFORMED if the frame does not have its shape */
export function encodeAdmissionFrame(value: AdmissionFrame): Uint8Array {
  return encodeStrict(frame.write(value))
}

/** @throws CoreError E_TOO_LARGE, E_MALFORMED */
export function decodeAdmissionFrame(bytes: Uint8Array): AdmissionFrame {
  return frame.read(decodeStrict(bytes, LIMITS.admission.frameBytes))
}
