import type { Key } from '../core/index.ts'
import type { Config } from './config.ts'

/** One node's state folder, locked for this process until `close`. */
export interface StateFolder {
  readonly dir: string
  readonly paths: StatePaths
  readonly config: Config
  /** The node's key; its seed, for libp2p and for signing. */
  readonly key: Key
  readonly seed: Uint8Array
  /** The machine-id of this machine, or null where there is none. */
  readonly machineId: string | null
  /** Gives the lock back. */
  close(): void
}

/** Absolute paths inside the folder. */
export interface StatePaths {
  readonly key: string
  readonly database: string
  readonly blocks: string
  readonly backup: string
  readonly socket: string
  readonly lock: string
  readonly pid: string
  readonly config: string
}
