import { DEFAULT_SETTINGS, Engine, enrollerOf, grantTo, Scene } from '../../node/core/index.ts'
import type {
  Actor,
  Charter,
  Effect,
  EngineSettings,
  Envelope,
  Input,
  LedgerEnv,
  LocalState,
} from '../../node/core/index.ts'
import { createCrypto } from '../../node/crypto.ts'
import { Random } from '../../topology-sim/index.ts'
import { actor, tools } from './tools.ts'

type EffectOf<T extends Effect['type']> = Extract<Effect, { type: T }>

/** One engine on a bench: a test gives inputs and looks at effects. Its disk answers at once unless it is told to wait. */
export class Probe {
  readonly key: string
  readonly engine: Engine
  now: number
  /** False: batches wait for `persist()`. */
  disk = true
  #effects: Effect[] = []
  #batches: number[] = []
  #refs = 1

  constructor(
    name: string,
    records: readonly Envelope[],
    now: number,
    but: {
      settings?: Partial<EngineSettings>
      selects?: LedgerEnv['selects']
      local?: LocalState
      instance?: string
      /** Of a node that holds no record yet. */
      mesh?: string
    } = {},
  ) {
    const mesh = but.mesh ?? records[0]?.body.mesh ?? records[0]?.id ?? ''
    this.key = actor(name).key
    this.now = now
    this.engine = new Engine({
      identity: { key: this.key, instance: but.instance ?? `${name}-1` },
      settings: { ...DEFAULT_SETTINGS, events: 'debug', ...but.settings },
      random: new Random(1, name),
      crypto: createCrypto(actor(name)),
      ledgerEnv: { mesh, selects: but.selects ?? (() => true) },
      snapshot: { records: records.map((record) => record.bytes), local: but.local ?? null },
    })
    this.feed({ type: 'wake' })
  }

  feed(input: Input, afterMs = 0): void {
    this.now += afterMs
    this.engine.handle(input, this.now)
    const effects = this.engine.drain()
    this.#effects.push(...effects)
    for (const effect of effects) if (effect.type === 'persist') this.#batches.push(effect.batch)
    if (this.disk) this.persist()
  }

  persist(): void {
    for (const batch of this.#batches.splice(0)) this.feed({ type: 'persisted', batch })
  }

  /** The batches that wait. */
  get waiting(): readonly number[] {
    return this.#batches
  }

  /** Lets time pass: every alarm on the way goes off. */
  pass(ms: number): void {
    const until = this.now + ms
    for (let next = this.engine.deadline(); next !== undefined && next <= until; next = this.engine.deadline()) {
      this.now = Math.max(this.now, next)
      this.feed({ type: 'wake' })
    }
    this.now = until
    this.feed({ type: 'wake' })
  }

  hear(envelope: Envelope | Uint8Array, from: string | null = null): EffectOf<'verdict'> {
    const bytes = envelope instanceof Uint8Array ? envelope : envelope.bytes
    this.feed({ type: 'record', via: 'gossip', from, bytes, ref: this.#refs++ })
    const verdict = this.take('verdict').at(-1)
    if (verdict === undefined) throw new Error('no verdict')
    return verdict
  }

  /** Effects of this kind since the last call; they are given once. */
  take<T extends Effect['type']>(type: T): EffectOf<T>[] {
    const is = (effect: Effect): effect is EffectOf<T> => effect.type === type
    const taken = this.#effects.filter(is)
    this.#effects = this.#effects.filter((effect) => effect.type !== type)
    return taken
  }

  kinds(): readonly string[] {
    return this.take('event').map(({ event }) => event.kind)
  }
}

/** A mesh with the enroller and publisher n1, and its certificate; others join with `join`. */
export function meshOf(but: Partial<Charter> = {}): Scene {
  const n1 = actor('n1')
  const roles = { enrollers: [enrollerOf(n1.key)], grants: [grantTo(n1.key)], ...but }
  const scene = Scene.open(tools, actor('root'), actor('recovery'), roles)
  scene.certify(n1, n1.key, { name: 'n1', labels: {}, ageRecipient: 'age1n1' })
  return scene
}

/** A confirmed member. */
export function join(scene: Scene, name: string, labels: Readonly<Record<string, string>> = {}): Actor {
  const [n1, peer, inviteKey] = [actor('n1'), actor(name), actor(`invite ${name}`)]
  scene.join(peer, scene.invite(n1, inviteKey, { name, labels }), inviteKey)
  scene.certify(n1, peer.key)
  return peer
}

/** Carries sync frames between two probes until both are silent. @returns how many frames passed */
export function converse(a: Probe, b: Probe): number {
  let count = 0
  for (let quiet = false; !quiet;) {
    quiet = true
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      for (const { peer, frame } of from.take('send')) {
        if (peer !== to.key) continue
        count += 1
        quiet = false
        to.feed({ type: 'syncFrame', peer: from.key, frame })
      }
    }
  }
  return count
}

export function connect(a: Probe, b: Probe): number {
  a.feed({ type: 'peerUp', peer: b.key })
  b.feed({ type: 'peerUp', peer: a.key })
  return converse(a, b)
}
