import {
  Engine,
  type Cid,
  type Crypto,
  type Effect,
  type EngineSettings,
  type Input,
  type Key,
  type LocalState,
} from '../../node/core/index.ts'
import type { Random } from '../kernel/random.ts'
import type { Lab } from './lab.ts'

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
  readonly neighbours = new Set<string>()
  readonly #wanted = new Set<Cid>()
  readonly #lab: Lab
  #life = 0
  #alarm = Number.POSITIVE_INFINITY
  #rings = 0

  constructor(lab: Lab, options: LabNodeOptions) {
    this.#lab = lab
    this.options = options
    this.name = options.name
    this.key = options.key
    this.engine = this.#start()
  }

  /** Gives the engine an input now, and does what it asks for. */
  feed(input: Input): void {
    if (!this.up) return
    this.engine.handle(input, this.#lab.nowMs + this.clockAheadMs)
    for (const effect of this.engine.drain()) this.#perform(effect)
    this.#arm()
  }

  /** `disk: false` loses everything but the key. */
  crash(disk = true): void {
    this.up = false
    this.#life++
    this.#alarm = Number.POSITIVE_INFINITY
    this.#wanted.clear()
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

  #start(): Engine {
    const { key, crypto, settings, random, disk, mesh, selects, name } = this.options
    return new Engine({
      identity: { key, instance: `${name}-${this.#life}` },
      settings,
      random,
      crypto,
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
        return this.#lab.deliver(this, effect.peer, { type: 'syncFrame', peer: this.key, frame: effect.frame })
      case 'admitSend':
      case 'admitResult':
        return this.#lab.admission(this, effect)
      case 'persist':
        return this.#persist(effect)
      case 'blobWant':
        this.#wanted.add(effect.cid)
        return this.#fetch(effect.cid, effect.size)
      case 'blobCancel':
        this.#wanted.delete(effect.cid)
        return
      case 'apply':
        return this.#apply(effect)
      case 'dial':
        if (effect.hurry) this.#lab.dial(this, effect.peer)
        return
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
    this.#later(DISK_MS, () => {
      const { disk } = this.options
      for (const id of drop) disk.records.delete(id)
      for (const record of records) disk.records.set(record.id, record.bytes)
      if (local !== null) disk.local = local
      this.feed({ type: 'persisted', batch })
    })
  }

  #fetch(cid: Cid, size: number): void {
    this.#later(FETCH_MS, () => {
      if (!this.#wanted.has(cid)) return
      if (
        !this.options.disk.bundles.has(cid) &&
        !this.#lab.neighboursOf(this).some((other) => other.options.disk.bundles.has(cid))
      ) {
        return this.#fetch(cid, size)
      }
      this.#wanted.delete(cid)
      this.options.disk.bundles.add(cid)
      this.feed({ type: 'blobStored', cid, size })
    })
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
const APPLY_MS = 10
