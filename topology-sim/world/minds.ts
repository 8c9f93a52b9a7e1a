import {
  DEFAULT_SETTINGS,
  Engine,
  type Crypto,
  type EngineSettings,
  type LedgerEnv,
  type Snapshot,
} from '../../node/core/index.ts'
import { hasher, type SimCrypto } from './crypto.ts'
import type { Genesis } from './genesis.ts'
import type { SharedLedgers, SharedReader } from './memo.ts'

export interface MindsOptions {
  readonly seed: number
  readonly crypto: SimCrypto
  readonly reader: SharedReader
  readonly ledgers: SharedLedgers
  readonly env: (mesh: string) => LedgerEnv
  readonly settings: Partial<EngineSettings>
}

/**
 * Makes engines, and lends them what they share: one generator, one set of keys and one reader serve whichever engine is
 * at work, since one works at a time. `node` says which.
 */
export class Minds {
  /** The node whose engine is at work. */
  node = 0
  readonly #options: MindsOptions
  readonly #genesis: Genesis
  readonly #env: LedgerEnv
  readonly #states: Uint32Array
  readonly #crypto: Crypto
  readonly #random: { next(): number }
  readonly #settings = new Map<string, EngineSettings>()

  constructor(options: MindsOptions, genesis: Genesis) {
    this.#options = options
    this.#genesis = genesis
    this.#env = options.env(genesis.mesh)
    const size = genesis.keys.length
    this.#states = Uint32Array.from({ length: size }, (_, node) => Math.imul(node + 1, 0x9e3779b1) ^ options.seed)
    const { crypto } = options
    this.#crypto = {
      sha256: (bytes) => hasher.sha256(bytes),
      verify: (key, message, sig) => crypto.verify(key, message, sig),
      sign: (message) => genesis.signerOf(this.node).sign(message),
    }
    this.#random = { next: () => this.#next() }
  }

  get env(): LedgerEnv {
    return this.#env
  }

  /** Mulberry32 (Tommy Ettinger, public domain): 32 bits of state for each node. */
  #next(): number {
    const { node } = this
    const state = ((this.#states[node] ?? 0) + 0x6d2b79f5) | 0
    this.#states[node] = state
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000
  }

  make(node: number, life: number, but: Partial<EngineSettings>, snapshot: Snapshot): Engine {
    this.node = node
    const { reader, ledgers } = this.#options
    return new Engine({
      identity: { key: this.#genesis.keys[node] ?? '', instance: `${node}.${life}` },
      settings: this.#settingsFor(but),
      random: this.#random,
      crypto: this.#crypto,
      ledgerEnv: this.#env,
      snapshot,
      reader,
      grow: ledgers.grow,
    })
  }

  /** One object for all that have the same. Credentials are a node's own. */
  #settingsFor(but: Partial<EngineSettings>): EngineSettings {
    if (but.credentials !== undefined) return { ...DEFAULT_SETTINGS, ...this.#options.settings, ...but }
    const name = `${but.presence} ${but.events}`
    const known = this.#settings.get(name)
    if (known !== undefined) return known
    const made = { ...DEFAULT_SETTINGS, ...this.#options.settings, ...but }
    this.#settings.set(name, made)
    return made
  }
}
