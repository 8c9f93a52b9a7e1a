import type { Beacon, NodeState } from '../../core/index.ts'
import { isVersion, shortId } from '../../core/index.ts'
import type { ControlEvent } from '../schema.ts'
import { keyName } from '../views/records.ts'
import { nowOf } from '../views/world.ts'
import type { NodeWorld } from '../views/world.ts'
import type { SpreadTimes } from './spread.ts'

export interface NewsOptions {
  readonly world: () => NodeWorld
  readonly spread: SpreadTimes
  readonly emit: (event: Omit<ControlEvent, 'at'>) => void
  /** Runs it when a record that has just been admitted is surely on disk, and so in the ledger that counts. */
  readonly later: (work: () => void) => void
}

/** Older versions arrive when a node catches up: they are no news. */
const NEW_MS = 10 * 60_000

/** How loud a change of state is: what must be looked at is a warning, what passes by itself is a detail. */
const LEVELS: Readonly<Record<NodeState, ControlEvent['level']>> = {
  failed: 'warn',
  down: 'warn',
  drift: 'warn',
  stale: 'warn',
  held: 'info',
  away: 'info',
  waiting: 'debug',
  behind: 'debug',
  unknown: 'debug',
  ok: 'debug',
}

/** Turns what beacons and records say into events for people (`node`, `published`), and measures how fast versions spread. */
export class NodeNews {
  readonly #options: NewsOptions
  /** What was last said of each node: 16 bytes and a key each, for as many as the engine's table of beacons holds. */
  #states = new Map<string, NodeState>()

  constructor(options: NewsOptions) {
    this.#options = options
  }

  hear({ kind, at, fields }: ControlEvent): void {
    if (kind === 'beaconChanged') this.#changed(fields, at)
    else if (kind === 'applied') this.#applied(at)
    else if (kind === 'admitted' || kind === 'wrote') this.#options.later(() => this.#published(fields['id'], at))
  }

  /** Looks at everyone: silence is told by nobody. */
  sweep(): void {
    const { view } = this.#options.world()
    const states = new Map<string, NodeState>()
    for (const { key, name, state, self, membership } of view.nodes()) {
      if (self || membership.state !== 'member') continue
      states.set(key, state)
      this.#tell(key, name, this.#states.get(key), state)
    }
    this.#states = states
  }

  #tell(key: string, name: string, was: NodeState | undefined, state: NodeState): void {
    if (was === undefined || was === state) return
    const better = state === 'ok' && (LEVELS[was] === 'warn' || LEVELS[was] === 'info')
    const level = better ? 'info' : LEVELS[state]
    const message = `${name} is ${state}, and was ${was}.`
    this.#options.emit({ kind: 'node', level, message, fields: { key, name, state, was } })
  }

  #changed({ key, health, was, policies }: ControlEvent['fields'], at: number): void {
    const world = this.#options.world()
    const { ledger } = world.view
    if (typeof key !== 'string') return
    const name = ledger.nameOf(key, nowOf(world)) ?? shortId(key)
    // As the engine wrote it: what a beacon that was heard just now says.
    const state = health as NodeState
    this.#tell(key, name, this.#states.get(key), state)
    this.#states.set(key, state)
    // Nobody saw when it changed.
    if (was === null || typeof policies !== 'object' || policies === null) return
    for (const [policy, { version, state }] of Object.entries(policies as Beacon['policies']))
      if (state === 'ok') this.#reached(world, key, policy, version, at)
  }

  /** This node's own run. */
  #applied(at: number): void {
    const world = this.#options.world()
    for (const { policy, inForce, state } of world.view.policies())
      if (inForce !== null && state === 'ok') this.#reached(world, world.self, policy, inForce, at)
  }

  #reached({ view, startedAt }: NodeWorld, node: string, policy: string, version: string, at: number): void {
    const record = view.ledger.get(version)
    if (record === undefined || !isVersion(record)) return
    const { seq, at: publishedAt } = record.body
    // It may have been in force before this daemon was there to hear it: a restart, or drift put right, is no arrival.
    if (publishedAt < startedAt) return
    this.#options.spread.reached(node, { policy, version, seq, at: publishedAt }, at)
  }

  #published(id: unknown, at: number): void {
    const world = this.#options.world()
    const { ledger } = world.view
    const record = typeof id === 'string' ? ledger.get(id) : undefined
    if (record === undefined || !isVersion(record) || at - record.body.at > NEW_MS) return
    const { policy, seq, action, meta } = record.body
    const who = keyName(ledger, record.body.key, nowOf(world))
    const what = action === 'retire' ? `retired ${policy} (@${seq})` : `published ${policy}@${seq}`
    const said = meta.message === '' ? '' : `: ${meta.message}`
    this.#options.emit({
      kind: 'published',
      level: 'info',
      message: `${who} ${what}${said}`,
      fields: { id: record.id, policy, seq, action, key: record.body.key },
    })
  }
}
