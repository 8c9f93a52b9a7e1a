import type { Datastore } from 'interface-datastore'
import type { Cid } from '../core/index.ts'
import type { AddressBook } from '../net/types.ts'

/** What must outlive the process, in one SQLite file (WAL, synchronous FULL): what `persist` returned from is on disk. */
export interface Store {
  readonly hints: StoreHints
  /** Every record in the order in which it was stored, and the local state as last given. */
  load(): { readonly records: Uint8Array[]; readonly local: unknown }
  /**
   * Appends records (known ids are left as they are), forgets `drop`, replaces the local state unless null: one
   * transaction, fsynced when it returns.
   * @throws NodeError E_NO_SPACE: nothing of the batch is stored, what was stored before is; try again later.
   * @throws NodeError E_STORE_IO: the disk failed; exit, and start again from what is on disk.
   */
  persist(batch: PersistBatch): void
  meta: Meta
  readonly book: AddressBook
  /** For libp2p's peer store and DHT: bounded, and not fsynced by itself. */
  readonly datastore: Datastore
  /** Bytes on disk. */
  size(): number
  close(): void
}

export interface PersistBatch {
  readonly records: readonly { readonly id: Cid; readonly bytes: Uint8Array }[]
  readonly drop: readonly Cid[]
  readonly local: object | null
}

/** Small named values (charter pins, names); JSON. */
export interface Meta {
  get(name: string): unknown
  set(name: string, value: unknown): void
}

export interface StoreHints {
  /** The folder was last used on a machine with another machine-id: E_CLONED unless the operator moved it. */
  readonly clonedFrom: string | null
}

/** Blocks by CID (raw or dag-cbor, sha2-256), one file each. */
export interface BlockStore {
  has(cid: Cid): Promise<boolean>
  /** Verified on every read: a damaged block is deleted and counts as missing. @throws NodeError E_NOT_FOUND */
  get(cid: Cid): Promise<Uint8Array>
  /**
   * Verified before it is written. Durable only after `sync`.
   * @throws NodeError E_CID_MISMATCH, E_QUOTA, E_NO_SPACE, E_STORE_IO
   */
  put(cid: Cid, bytes: Uint8Array): Promise<void>
  /** Fsyncs these blocks and their folders. @throws NodeError E_STORE_IO, E_NOT_FOUND */
  sync(cids: Iterable<Cid>): Promise<void>
  /** Deletes every block that is not in `keep`; gives the number of bytes freed. */
  collect(keep: ReadonlySet<Cid>): Promise<number>
  /** Bytes held. */
  used(): number
}
