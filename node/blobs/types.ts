import type { Cid, Key } from '../core/index.ts'
import type { BLOB_LIMITS } from '../limits.ts'

export type BlobLimits = { readonly [K in keyof typeof BLOB_LIMITS]: number }

/** Bundles by the CID of their root block: fetched from several peers at once, verified, resumed, served as held. */
export interface BlobService {
  start(): Promise<void>
  stop(): Promise<void>
  /**
   * Fetch a bundle until it is held whole, then `onStored`. `size` is what its record declared: the bytes of the root and
   * of every distinct chunk together. Calling again adds peers to ask.
   */
  want(cid: Cid, size: number, from: readonly Key[]): void
  cancel(cid: Cid): void
  /** The complete set of bundles worth keeping; other blocks are collected when nothing is being fetched. */
  keep(cids: readonly Cid[]): void
  /** The whole bundle, root and every chunk, verified to be on disk when it was stored. */
  has(cid: Cid): Promise<boolean>
  /** A block that is held. @throws NodeError E_NOT_FOUND */
  read(cid: Cid): Promise<Uint8Array>
  /** Content of a file or of the policy: chunks in order, one in memory at a time. @throws NodeError E_NOT_FOUND */
  readChunks(chunks: readonly Cid[]): AsyncIterable<Uint8Array>
  /**
   * Takes a bundle that was made or exported here: the root and its chunks, in any order. Durable when it resolves.
   * @returns bytes of the whole bundle
   * @throws NodeError E_CID_MISMATCH, E_BUNDLE (a chunk is missing), E_QUOTA, E_NO_SPACE
   */
  importBlocks(root: Cid, blocks: AsyncIterable<Block> | Iterable<Block>): Promise<number>
  progress(): readonly BlobProgress[]
  stats(): BlobStats
}

export interface Block {
  readonly cid: Cid
  readonly bytes: Uint8Array
}

export interface BlobHandlers {
  /** The whole bundle is held and verified; one that was fetched is durable about a second later (see `Settler`). */
  stored(cid: Cid, size: number): void
  /**
   * `peer` is to blame if one is. `final`: the bytes themselves are wrong (size, root), fetching again cannot help.
   * Otherwise the service goes on trying by itself and says so at most every 30 s.
   */
  failed(cid: Cid, peer: Key | null, code: string, final: boolean): void
}

export interface BlobProgress {
  readonly cid: Cid
  readonly bytesHeld: number
  readonly bytesTotal: number
  readonly peers: number
}

export interface BlobStats {
  readonly bytesIn: number
  readonly bytesOut: number
  readonly blocksIn: number
  readonly blocksOut: number
  /** Blocks that came twice. */
  readonly duplicates: number
}
