/**
 * Everything that the daemon's adapters (state folder, store, network, blobs) refuse, by code. `docs/errors.md` says what
 * to do about each.
 */
export type NodeCode =
  /** Another daemon works on this state folder. */
  | 'E_LOCKED'
  /** The state folder was written by a newer chorus. */
  | 'E_STATE_NEWER'
  /** A file of the state folder is missing, damaged, or cannot be used as it is. */
  | 'E_STATE'
  /** This state folder was made on another machine: one key at work in two places. */
  | 'E_CLONED'
  /** `chorus.yaml` says something that is not understood. */
  | 'E_CONFIG'
  /** No space left for what must be stored. */
  | 'E_NO_SPACE'
  /** The disk failed to store: the daemon must exit, not retry. */
  | 'E_STORE_IO'
  /** A network address or port that cannot be used. */
  | 'E_ADDRESS'
  /** Nobody could be reached at any address that was tried. */
  | 'E_DIAL'
  /** The other side, or this one, refused admission; the reason's own code is in `fields.code`. */
  | 'E_REFUSED'
  /** Admission took longer than it may. */
  | 'E_ADMISSION_TIMEOUT'
  /** The other side broke a protocol: oversize frame, bytes that are no frame, too many of them. */
  | 'E_PROTOCOL'
  /** The other side stopped reading or answering. */
  | 'E_STALLED'
  /** The bytes of a block are not those that its CID names. */
  | 'E_CID_MISMATCH'
  /** A bundle is larger than it was declared to be, or its root says something impossible. */
  | 'E_BUNDLE'
  /** No peer that can be reached holds (all of) a bundle. */
  | 'E_NO_PROVIDER'
  /** The block store is full up to its quota. */
  | 'E_QUOTA'
  /** A block that should be held is not. */
  | 'E_NOT_FOUND'

/** Thrown or reported by the adapters. The message is one sentence: what is wrong, where, and what to do. */
export class NodeError extends Error {
  override readonly name = 'NodeError'
  readonly code: NodeCode
  readonly fields: Readonly<Record<string, unknown>>

  constructor(code: NodeCode, message: string, fields: Readonly<Record<string, unknown>> = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.fields = fields
  }
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
