import type { Key } from '../core/index.ts'

export interface InitOptions {
  /** Absolute path; made with mode 0700 if absent. */
  readonly stateDir: string
  /** Name of the mesh. */
  readonly name: string
  /** Name of this first node. */
  readonly nodeName: string
  readonly labels: Readonly<Record<string, string>>
  /**
   * Puts the root key where the daemon cannot reach it (a file, 0600, outside the state folder). Called before anything
   * is written to the state folder; a rejection stops `init`.
   */
  readonly saveRoot: (root: KeyPair) => void | Promise<void>
}

export interface KeyPair {
  /** Public key, hex. */
  readonly key: Key
  /** 32 secret bytes. */
  readonly seed: Uint8Array
}

export interface InitResult {
  /** CID of charter 1. */
  readonly mesh: string
  /** This node's public key, hex, and its peer id. */
  readonly key: Key
  readonly id: string
  readonly rootKey: Key
  /** Stored nowhere: show it once. */
  readonly recovery: KeyPair
}

export interface JoinOptions {
  readonly stateDir: string
  /** From `chorus invite`. */
  readonly token: string
  /** This node's name, if the invite does not fix it. @default the host name */
  readonly nodeName?: string
}

export interface JoinResult {
  readonly mesh: string
  /** This node's public key, hex, and its peer id. */
  readonly key: Key
  readonly id: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** True if the folder belonged to this mesh already: it has a new key now (a cloned or revoked machine). */
  readonly rejoined: boolean
}
