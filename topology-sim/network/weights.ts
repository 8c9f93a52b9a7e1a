import { encodeAdmissionFrame, encodeSyncFrame, type SyncFrame } from '../../node/core/index.ts'
import type { Parcel } from './network.ts'

/**
 * What parcels weigh on the wire. Bytes. The frames of a round in which nothing differs are nearly all frames of a large
 * fleet, so their weight is known without encoding them; a test compares it with what the encoder gives.
 */

/** Length prefix, yamux, noise, TCP and IP headers: as in `GossipParams.frameBytes`. */
const FRAME_BYTES = 120
const DIGEST_BYTES = 245
/** A question or an answer without its content. */
const EMPTY_BYTES = 40

export function syncFrameBytes(frame: SyncFrame): number {
  if (frame.type === 'ask') {
    if (frame.ask.kind === 'digest') return DIGEST_BYTES + 12
  } else if (frame.answer.kind === 'digest') return DIGEST_BYTES
  else if (frame.answer.kind === 'same') return EMPTY_BYTES
  else if (frame.answer.kind === 'records') {
    return frame.answer.envelopes.reduce((sum, bytes) => sum + bytes.length + 4, EMPTY_BYTES + 20)
  }
  return encodeSyncFrame(frame).length
}

/** `content` is what a parcel carries beside itself: the blocks of a bundle. */
export function parcelBytes(parcel: Parcel, content = 0): number {
  if (parcel.type === 'sync') return FRAME_BYTES + syncFrameBytes(parcel.frame)
  if (parcel.type === 'admission') return FRAME_BYTES + encodeAdmissionFrame(parcel.frame).length
  return FRAME_BYTES + EMPTY_BYTES + content
}
