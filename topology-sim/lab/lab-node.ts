import {
  Engine,
  type Cid,
  type Crypto,
  type Effect,
  type EngineSettings,
  type Input,
  type Key,
  type LocalState,
  type RecordReader,
} from '../../node/core/index.ts'
import type { Random } from '../kernel/random.ts'
import type { Lab } from './lab.ts'
import type { Malice } from './malice.ts'

/** What survives a crash: records in the order in which they became durable, the local state, bundles. */
export interface Disk {
  records: Map<Cid, Uint8Array>
  local: LocalState | null
  readonly bundles: Set<Cid>
}

export interface LabNodeOptions {
  readonly name: string
  readonly key: Key
  readonly crypto: Crypto
  readonly settings: EngineSettings
  readonly random: Random
  readonly disk: Disk
  readonly mesh: Cid
  /** @default the engine's own, by `crypto` */
  readonly reader?: RecordReader
  readonly selects: (
    selector: string,
    node: { readonly labels: Readonly<Record<string, string>>; readonly name: string },
  ) => boolean
}

type EffectOf<T extends Effect['type']> = Extract<Effect, { type: T }>

/** One engine with a disk, a host that always obeys, and wires to the others: what the daemon is to a real one. */
export class LabNode {
  readonly name: string
  readonly key: Key
  readonly options: LabNodeOptions
  engine: Engine
  up = true
  /** How far this node's clock is ahead of the lab's. Milliseconds. */
  clockAheadMs = 0
  /** What a policy's version does on this host. @default ok */
  outcome: (policy: string, version: Cid) => 'ok' | 'failed' = () => 'ok'
  /** Policy to the version that was last applied. */
  readonly applied = new Map<string, Cid>()
  /** Null: honest. */
  malice: Malice | null = null
  /** What an fsync takes, and whether it fails. */
  diskMs = DISK_MS
  diskFails: () => boolean = () => false
  /** What was on its disk at some time: a watcher's, not the engine's. */
  readonly everStored = new Set<Cid>()
  readonly neighbours = new Set<string>()
  readonly #wanted = new Set<Cid>()
  readonly #lab: Lab
  #life = 0
  #alarm = Number.POSITIVE_INFINITY
  #rings = 0
  /** When the disk is done with what it was given: it works in order. */
  #diskUntil = 0
  /** Who gave wrong bytes for a bundle is not asked for it again. */
  readonly #blamed = new Set<string>()

  constructor(lab: Lab, options: LabNodeOptions) {
    this.#lab = lab
    this.options = options
    this.name = options.name
    this.key = options.key
    for (const id of options.disk.records.keys()) this.everStored.add(id)
    this.engine = this.#start()
  }

  /** Another one after each start. */
  get life(): string {
    return `${this.name}-${this.#life}`
  }

  /** Gives the engine an input now, and does what it asks for. */
  feed(input: Input): void {
    if (!this.up) return
    this.engine.handle(input, this.#lab.nowMs + this.clockAheadMs)
    for (const effect of this.engine.drain()) {
      this.#lab.watch?.effect(this, effect)
      this.#perform(effect)
    }
    this.#arm()
  }

  /** `disk: false` loses everything but the key. */
  crash(disk = true): void {
    this.up = false
    this.#life++
    this.#alarm = Number.POSITIVE_INFINITY
    this.#wanted.clear()
    this.#diskUntil = 0
    if (disk) return
    this.options.disk.records = new Map()
    this.options.disk.local = null
    this.options.disk.bundles.clear()
  }

  restart(): void {
    this.up = true
    this.engine = this.#start()
    this.feed({ type: 'wake' })
  }

  /** Sets the clock, as an administrator or a time daemon does. Milliseconds ahead of the lab's. */
  setClock(aheadMs: number): void {
    this.clockAheadMs = aheadMs
    this.#alarm = Number.POSITIVE_INFINITY
    if (this.up) this.feed({ type: 'wake' })
  }

  #start(): Engine {
    const { key, crypto, settings, random, disk, mesh, selects, name, reader } = this.options
    return new Engine({
      identity: { key, instance: `${name}-${this.#life}` },
      settings,
      random,
      crypto,
      ...(reader === undefined ? {} : { reader }),
      ledgerEnv: { mesh, selects },
      snapshot: { records: [...disk.records.values()], local: disk.local },
    })
  }

  /** One alarm at a time: an earlier one takes the place of what was armed before. */
  #arm(): void {
    const deadline = this.engine.deadline()
    if (deadline === undefined || deadline >= this.#alarm) return
    this.#alarm = deadline
    const ring = ++this.#rings
    this.#later(Math.ceil(deadline) - this.clockAheadMs - this.#lab.nowMs, () => {
      if (ring !== this.#rings) return
      this.#alarm = Number.POSITIVE_INFINITY
      this.feed({ type: 'wake' })
    })
  }

  /** In this life only: a crash forgets what was under way. */
  #later(ms: number, action: () => void): void {
    const life = this.#life
    this.#lab.later(ms, () => {
      if (life === this.#life && this.up) action()
    })
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'verdict':
        return this.#lab.judged(this, effect)
      case 'gossip':
        return this.#lab.gossip(this, effect.bytes)
      case 'send':
        return this.#lab.send(this, effect.peer, effect.frame)
      case 'admitSend':
      case 'admitResult':
        return this.#lab.admission(this, effect)
      case 'persist':
        return this.#persist(effect)
      case 'blobWant':
        this.#wanted.add(effect.cid)
        return this.#fetch(effect.cid, effect.size, FETCH_MS)
      case 'blobCancel':
        this.#wanted.delete(effect.cid)
        return
      case 'apply':
        return this.#apply(effect)
      case 'dial':
        if (effect.hurry) this.#lab.dial(this, effect.peer)
        return
      case 'probe':
        return this.#later(PROBE_MS, () => {
          this.feed({ type: 'probed', peer: effect.peer, reachable: this.#lab.answers(this, effect.peer) })
        })
      case 'hangup':
        return this.#lab.hangup(this, effect.peer, effect.code)
      case 'reply':
        return this.#lab.replied(this, effect)
      case 'event':
        return this.#lab.said(this, effect.event)
      case 'blobKeep':
        return
    }
  }

  #persist({ batch, records, drop, local }: EffectOf<'persist'>): void {
    const done = Math.max(this.#lab.nowMs, this.#diskUntil) + this.diskMs
    this.#diskUntil = done
    this.#later(done - this.#lab.nowMs, () => {
      if (this.diskFails()) return this.feed({ type: 'persistFailed', batch, code: 'ENOSPC' })
      const { disk } = this.options
      for (const id of drop) disk.records.delete(id)
      for (const record of records) {
        disk.records.set(record.id, record.bytes)
        this.everStored.add(record.id)
      }
      if (local !== null) disk.local = local
      this.feed({ type: 'persisted', batch })
    })
  }

  /** Asks its neighbours, again and again, less and less often. */
  #fetch(cid: Cid, size: number, waitMs: number): void {
    this.#later(waitMs, () => {
      if (!this.#wanted.has(cid)) return
      const { bundles } = this.options.disk
      const source = bundles.has(cid) ? this : this.#sourceOf(cid)
      if (source === undefined) return this.#fetch(cid, size, Math.min(2 * waitMs, FETCH_MAX_MS))
      this.#wanted.delete(cid)
      if (source.malice?.liesAboutBundles === true && source !== this) {
        this.#blamed.add(`${source.name} ${cid}`)
        return this.feed({ type: 'blobFailed', cid, peer: source.key, code: 'E_CID_MISMATCH', final: false })
      }
      if (this.#lab.unfit.has(cid)) {
        return this.feed({ type: 'blobFailed', cid, peer: null, code: 'E_POLICY_SCHEMA', final: true })
      }
      bundles.add(cid)
      this.feed({ type: 'blobStored', cid, size })
    })
  }

  #sourceOf(cid: Cid): LabNode | undefined {
    return this.#lab
      .neighboursOf(this)
      .find(
        (other) =>
          (other.options.disk.bundles.has(cid) || other.malice?.liesAboutBundles === true) &&
          !this.#blamed.has(`${other.name} ${cid}`),
      )
  }

  #apply({ run, policies, removed }: EffectOf<'apply'>): void {
    this.#later(APPLY_MS, () => {
      for (const { policy, version } of policies) {
        if (this.outcome(policy, version) === 'ok') this.applied.set(policy, version)
      }
      for (const policy of removed) this.applied.delete(policy)
      const results = policies.map(({ policy, version }) => {
        const state = this.outcome(policy, version)
        return { policy, version, state, outcomes: [], ...(state === 'failed' ? { code: 'E_EXEC' } : {}) }
      })
      this.feed({ type: 'applied', run, policies: results })
    })
  }
}

/** An fsync, the rest of a fetch from a neighbour, and a small policy on a host. Milliseconds. */
const DISK_MS = 2
const FETCH_MS = 20
const FETCH_MAX_MS = 640
const APPLY_MS = 10
/** A TCP connection that is accepted or refused. */
const PROBE_MS = 10
