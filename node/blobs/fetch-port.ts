import type { Cid, Key } from '../core/index.ts'
import type { NodeError } from '../errors.ts'
import type { BlockStore } from '../store/types.ts'
import type { Layout } from './layout.ts'
import type { BlobLimits } from './types.ts'
import type { BlobFrame } from './wire.ts'

/** What a fetch needs of its surroundings, and what it tells them. */
export interface FetchOptions {
  readonly root: Cid
  /** Bytes, as declared. */
  readonly size: number
  readonly blocks: BlockStore
  readonly limits: BlobLimits
  readonly send: (peer: Key, frame: BlobFrame) => void
  readonly gained: (index: number) => void
  /** The whole bundle is held and verified. Not durable: see `Settler`. */
  readonly stored: (layout: Layout) => void
  /** `peer` did what it must not. */
  readonly blame: (peer: Key, error: NodeError) => void
  /** Cannot go on: `final` because of the bundle itself, else because of this machine. */
  readonly failed: (code: string, final: boolean) => void
}
