import type { Outcome } from '../../../policies/index.ts'
import { isBelievedGone } from '../beacons/claims.ts'
import { doublesOf } from '../beacons/doubles.ts'
import { isGone } from '../beacons/lost.ts'
import { healthOf } from '../beacons/own.ts'
import { isSilent, medianAhead } from '../beacons/table.ts'
import type { Heard } from '../beacons/table.ts'
import { rolloutState, viewOfRollout } from '../rollout/sums.ts'
import type { RolloutView } from '../rollout/sums.ts'
import type { Alarm, Ledger, Membership } from '../ledger/types.ts'
import { shortId } from '../records/keys.ts'
import type { Beacon, Cid, Envelope, Health, Key, Labels, Millis, Version } from '../records/types.ts'
import { newsOf } from './alarms.ts'
import { pendingCount } from './batches.ts'
import { targetHealth } from './converging.ts'
import { heldCount } from './holding.ts'
import type { LocalState } from './port.ts'
import type { EngineState } from './state.ts'
import { judgeNow } from './state.ts'
import { identityOf, leastVersion } from './targets.ts'

/** A node's state as others see it: what its beacon says, or what its silence or its lost neighbours say. */
export type NodeState = Health | 'away' | 'down'

export interface NodeView {
  readonly key: Key
  /** Certified, settled between claimants. */
  readonly name: string
  readonly labels: Labels
  readonly membership: Membership
  readonly state: NodeState
  /** Milliseconds since its beacon was heard here; null: never. */
  readonly ageMs: number | null
  readonly beacon: Beacon | null
  readonly self: boolean
}

export interface PolicyState {
  readonly policy: string
  readonly winner: Envelope<Version> | null
  readonly heads: readonly Cid[]
  /** A fork with `onFork: hold`. */
  readonly held: boolean
  readonly inForce: Cid | null
  readonly lastGood: Cid | null
  readonly state: Health
  readonly code: string | null
  readonly reason: string
  readonly outcomes: readonly Outcome[]
}

export interface PeerView {
  readonly key: Key
  readonly since: Millis
  /** When a round of sync with it was last completed. */
  readonly syncedAt: Millis | null
  readonly syncing: boolean
}

/** Read-only answers for the control API and for screens. Nothing here changes the engine; ask again instead of keeping. */
export class EngineView {
  readonly #state: EngineState

  constructor(state: EngineState) {
    this.#state = state
  }

  /** What is durable: the only ledger that counts. */
  get ledger(): Ledger {
    return this.#state.durable
  }
  get local(): LocalState {
    return this.#state.local
  }
  /** As of the last input. */
  get now(): Millis {
    return this.#state.wall
  }
  get health(): Health {
    return healthOf(this.#state)
  }
  /** Why this node is STALE; null if it is not. */
  get stale(): string | null {
    return this.#state.stale
  }
  get cloned(): boolean {
    return this.#state.cloned
  }
  /** How far the others' clocks are ahead of ours, if that is beyond what is tolerated; else 0. */
  get skewMs(): number {
    return this.#state.skewMs
  }
  /** Here, but not on disk yet. */
  get pending(): number {
    return pendingCount(this.#state)
  }
  /** Waiting for what they follow, or for who vouches for them. */
  get held(): number {
    return heldCount(this.#state)
  }
  get gaps(): readonly Cid[] {
    return [...(this.#state.gaps?.keys() ?? [])]
  }
  /** A round of sync was completed since the start. */
  get synced(): boolean {
    return this.#state.synced
  }
  get applying(): boolean {
    return (this.#state.converging?.run ?? null) !== null
  }

  isFlagged(id: Cid): boolean {
    return this.#state.flagged?.has(id) ?? false
  }

  /** Certified name and labels of this node; null if it is no member. */
  identity(): ReturnType<typeof identityOf> {
    return identityOf(this.#state)
  }

  peers(): readonly PeerView[] {
    return [...this.#state.links.values()].map(({ peer, since, syncedAt, round }) => ({
      key: peer,
      since,
      syncedAt,
      syncing: round !== null,
    }))
  }

  heard(key: Key): Heard | undefined {
    return this.#state.beacons?.byKey.get(key)
  }

  /** Everyone who ever belonged, this node included, by key. */
  nodes(): readonly NodeView[] {
    const now = judgeNow(this.#state)
    return this.ledger.members(now).map((membership) => this.#node(membership, now))
  }

  #node(membership: Membership, now: Millis): NodeView {
    const { peer, labels, name } = membership
    const heard = this.heard(peer)
    const self = peer === this.#state.self
    const ageMs = self ? 0 : heard === undefined ? null : this.#state.now - heard.at
    return {
      key: peer,
      name: this.ledger.nameOf(peer, now) ?? name,
      labels,
      membership,
      state: self ? this.health : this.#stateOf(heard),
      ageMs,
      beacon: heard?.beacon.body ?? null,
      self,
    }
  }

  #stateOf(heard: Heard | undefined): NodeState {
    if (heard === undefined) return 'unknown'
    const { health, presence } = heard.beacon.body
    const { key } = heard.beacon.body
    const gone = isSilent(this.#state, heard) || isGone(this.#state, key) || isBelievedGone(this.#state, heard)
    if (!gone) return health
    return presence === 'intermittent' ? 'away' : 'down'
  }

  /** Policies that concern this node: those with a winner for it, a held fork, or something in force. */
  policies(): readonly PolicyState[] {
    const me = identityOf(this.#state)
    const names = new Set([...this.ledger.policies(), ...Object.keys(this.local.inForce)])
    return [...names].toSorted().map((policy) => this.#policy(policy, me))
  }

  #policy(policy: string, me: ReturnType<typeof identityOf>): PolicyState {
    const winner = me === null ? null : this.ledger.winnerFor(policy, me)
    const now = Object.hasOwn(this.local.inForce, policy) ? this.local.inForce[policy] : undefined
    const target = this.#state.converging?.targets.get(policy)
    return {
      policy,
      winner: winner?.version ?? null,
      heads: (winner?.heads ?? []).map((head) => head.id),
      held: winner?.held ?? false,
      inForce: now?.version ?? null,
      lastGood: now?.lastGood ?? null,
      state: target === undefined ? (now?.state ?? 'ok') : targetHealth(this.#state, target),
      code: target?.code ?? now?.code ?? null,
      reason: target?.reason ?? '',
      outcomes: this.#state.converging?.outcomes.get(policy) ?? [],
    }
  }

  /** Newest versions that reach their nodes in waves, as far as this node heard, by policy. An estimate. */
  rollouts(): readonly RolloutView[] {
    const { now } = this.#state
    return this.ledger.policies().flatMap((policy) => {
      const [head] = this.ledger.policy(policy)?.countingHeads ?? []
      const state = head === undefined ? null : rolloutState(this.#state, head)
      return state === null ? [] : [viewOfRollout(state, now)]
    })
  }

  /** What an operator must be told: the ledger's alarms and this node's own. */
  alarms(): readonly { readonly code: string; readonly subject: string; readonly message: string }[] {
    const alarms = newsOf(this.#state).map(fromLedger)
    const { stale, cloned, skewMs, self } = this.#state
    const own = (code: string, message: string): void => void alarms.push({ code, subject: self, message })
    const least = leastVersion(this.#state)
    if (least !== null)
      own('E_NEWER', `The charter asks for chorus ${least}: update this node. It keeps its last good versions.`)
    if (stale !== null) own('STALE', `This node is stale: ${stale}.`)
    if (cloned) own('E_CLONED', 'Another daemon works with the key of this node: make a new key on one of the two.')
    for (const key of doublesOf(this.#state)) {
      const message = 'two daemons work with one key: make a new key on one of them.'
      alarms.push({ code: 'E_CLONED', subject: this.#nameOf(key), message })
    }
    if (skewMs !== 0) own('E_CLOCK_SKEW', `This node's clock is ${Math.round(-skewMs / 1000)} s off: set it right.`)
    if (this.#state.converging?.flapping === true)
      own('FLAPPING', 'Something else keeps changing what is managed here.')
    for (const target of this.#state.converging?.targets.values() ?? []) {
      if (target.code === null || target.code === 'E_UNFETCHED' || target.code === 'E_WAVE') continue
      alarms.push({ code: target.code, subject: target.policy, message: `${target.policy}: ${target.reason}.` })
    }
    return alarms
  }

  #nameOf(key: Key): string {
    return this.ledger.nameOf(key, judgeNow(this.#state)) ?? shortId(key)
  }

  /** How far the others' clocks are ahead of ours, as the median; null if too few were heard. */
  clockAhead(): number | null {
    return medianAhead(this.#state, this.#state.now - this.#state.settings.timing.staleAfterMs)
  }
}

function fromLedger({ kind, subject, message }: Alarm): { code: string; subject: string; message: string } {
  return { code: kind, subject, message }
}
