import type { Crypto } from '../crypto.ts'
import type { Handshake } from '../admission/types.ts'
import type { Claim } from '../beacons/claims.ts'
import type { Lost } from '../beacons/lost.ts'
import type { BeaconTable } from '../beacons/table.ts'
import { emptyLedger } from '../ledger/ledger.ts'
import type { Alarm, Changes, Ledger, MemberState } from '../ledger/types.ts'
import type { Cid, Envelope, Key } from '../records/types.ts'
import type { SmallMap } from '../small-map.ts'
import { LinkTable } from '../sync/link-table.ts'
import { newLink } from '../sync/links.ts'
import type { Batches } from './batches.ts'
import type { Converging } from './converging.ts'
import type { Holding } from './holding.ts'
import type { Effect, LocalState } from './port.ts'
import { PlainReader } from './reader.ts'
import type { EngineOptions, EngineSettings, Grow, Random, RecordReader } from './settings.ts'
import { Timers } from './timers.ts'
import type { OwnWork } from './own.ts'

/**
 * Everything one engine knows. The functions of this folder and of sync/, admission/ and beacons/ work on it; none of
 * them keeps anything for itself. What most nodes never need is null until it is needed.
 */
export class EngineState {
  readonly self: Key
  readonly instance: string
  readonly settings: EngineSettings
  readonly random: Random
  readonly crypto: Crypto
  readonly reader: RecordReader
  readonly grow: Grow

  /** The engine's own time: never goes back, and goes on when the clock does. For intervals. Milliseconds. */
  now = 0
  /** What the clock says: for what is signed, and for what others' clocks are compared with. */
  wall = 0
  startedAt = 0
  effects: Effect[] = NO_EFFECTS
  readonly timers = new Timers()

  /** With what is not yet on disk: decides what is new here. */
  ledger: Ledger
  /** What is on disk: the only one that counts, is shown, applied or told to others. */
  durable: Ledger
  local: LocalState = NO_LOCAL
  localDirty = false
  batches: Batches | null = null
  nextBatch = 1
  /** What changed since the last look, in `ledger` (fresh) and in `durable` (settled). */
  fresh: Dirt | null = null
  settled: Dirt | null = null

  holding: Holding | null = null
  /** Envelope hash to code, of what can never be taken. */
  refusals: Map<string, string> | null = null
  /** What is left of the hour's rate of each author, by gossip. */
  authors: SmallMap<Bucket> | null = null
  /** Ids of entries dated in the future when they came. */
  flagged: Set<Cid> | null = null

  readonly links = new LinkTable(newLink)
  handshakes: Map<string, Handshake> | null = null
  /** Certificates that admitted peers presented and that the ledger does not hold yet. */
  presented: Map<Key, readonly Envelope[]> | null = null
  /** A round with some member was completed since the start. */
  synced = false
  /** Peers to sync with at the end of the step; '' for any. */
  syncWanted: Set<Key> | null = null
  /** Missing ids that a member showed. */
  gaps: Map<Cid, Gap> | null = null

  beacons: BeaconTable | null = null
  beaconSeq = 0
  beaconAt = Number.NEGATIVE_INFINITY
  /** What the last beacon said, to see a change. */
  beaconText = ''
  /** Something that it says may have changed. */
  beaconDirty = false
  /** The last beacon that was sent, for neighbours who ask. */
  ownBeacon: Uint8Array | null = null
  /** Neighbours whose connection ended, and what others say of theirs. */
  lost: Map<Key, Lost> | null = null
  claims: Map<Key, Claim> | null = null
  addrs: readonly string[] = []
  facts: Readonly<Record<string, unknown>> = {}
  /** The ledger's alarms that were said. */
  alarms: ReadonlyMap<string, Alarm> | null = null
  stale: string | null = null
  cloned = false
  /** What this node was when it last looked. */
  membership: MemberState = 'none'
  /** Median of how far the clocks of others are ahead of ours, if it is over the limit; else 0. */
  skewMs = 0

  own: OwnWork | null = null
  toConfirm: Set<Key> | null = null
  converging: Converging | null = null
  /** Version to the peer that told of it first: it has the bundle, or knows who has. */
  announcers: SmallMap<Key> | null = null
  /** Versions whose bundles other peers asked this node to keep. */
  custody: Set<Cid> | null = null
  /** Some link waits to hear that this node holds a version. */
  holdsAsked = false
  /** What is wanted, kept or asked of bundles must be looked at again. */
  bundlesDirty = false
  /** Targets changed: a run may be wanted. */
  runsDirty = false
  nextRun = 1

  constructor(options: EngineOptions) {
    this.self = options.identity.key
    this.instance = options.identity.instance
    this.settings = options.settings
    this.random = options.random
    this.crypto = options.crypto
    this.reader = options.reader ?? new PlainReader(options.crypto)
    this.grow = options.grow ?? growAlone
    this.ledger = emptyLedger(options.ledgerEnv)
    this.durable = this.ledger
  }
}

/** Never written to: `emit` makes a list for the first effect. */
export const NO_EFFECTS: Effect[] = []

export const NO_LOCAL: LocalState = { v: 1, inForce: {}, refused: {}, hold: null, own: [], left: false }

/** An id that a member showed and that is not here. */
export interface Gap {
  /** The feed that it belongs to; null for a charter. */
  readonly key: Key | null
  readonly since: number
  seen: number
}

/** `over`: it was said that it is empty. */
export interface Bucket {
  tokens: number
  at: number
  over: boolean
}

/** What a look at the ledger must look at again. */
export type Dirt = Changes

function growAlone(ledger: Ledger, envelopes: readonly Envelope[]): ReturnType<Ledger['add']> {
  return ledger.add(envelopes)
}

/**
 * A clock that is set back would hold all intervals up if they were measured by it: an hour back, and the node neither
 * syncs nor says anything for an hour.
 */
export function setClock(state: EngineState, wall: number): void {
  state.now = state.now === 0 ? wall : state.now + Math.max(0, wall - state.wall)
  state.wall = wall
}

/** How far the engine's time is ahead of the clock since that was set back. */
export function aheadOfWall(state: EngineState): number {
  return state.now - state.wall
}

/** `ms` times a factor drawn from [1 - spread, 1 + spread). */
export function jittered(state: EngineState, ms: number, spread = 0.5): number {
  return ms * (1 - spread + 2 * spread * state.random.next())
}

/** Up to `count` of these, drawn without repetition, in the order in which they were drawn. */
export function draw<T>(state: EngineState, from: readonly T[], count: number): T[] {
  const rest = [...from]
  const drawn = Math.min(count, rest.length)
  // What is drawn moves to the front, and what was before it a place up: the rest keeps its order.
  for (let at = 0; at < drawn; at++) {
    const from = at + Math.floor(state.random.next() * (rest.length - at))
    const one = rest[from]
    if (one === undefined) continue
    rest.copyWithin(at + 1, at, from)
    rest[at] = one
  }
  rest.length = drawn
  return rest
}

/** The clock to judge invites and provisional certificates by: ours, unless most others say that it is wrong. */
export function judgeNow(state: EngineState): number {
  return state.wall + state.skewMs
}
