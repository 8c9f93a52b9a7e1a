import { isFeed } from '../records/guards.ts'
import type { Cid, Envelope, FeedBody, Key, Millis } from '../records/types.ts'
import { step } from './add.ts'
import { alarmsOf, sharedNames } from './alarms.ts'
import { between } from './between.ts'
import { judge } from './judge.ts'
import { isOpen, provenHeads, roleOf } from './law.ts'
import { identityOf, inviteView, membershipOf, nameOf } from './members.ts'
import { rememberSelections } from './selections.ts'
import { allSets } from './sets.ts'
import { digestOf, EMPTY } from './state.ts'
import type { State } from './state.ts'
import type {
  Bounds,
  Draft,
  Added,
  Alarm,
  ChartersView,
  Digest,
  FeedView,
  InviteView,
  Judgement,
  Ledger,
  LedgerEnv,
  LogLine,
  Membership,
  NodeIdentity,
  PolicyView,
  Role,
  Winner,
} from './types.ts'
import { logOf, policyView, reachOf } from './versions.ts'
import type { Selects } from './versions.ts'
import { Winners } from './winners.ts'

/** A ledger without records. All that grow from it share a memo of selectors; nothing else is shared but structure. */
export function emptyLedger(env: LedgerEnv): Ledger {
  return new ValueLedger(env, rememberSelections(env), EMPTY)
}

/** The contract is in `types.ts`; the work is in the functions that this only names. */
class ValueLedger implements Ledger {
  readonly env: LedgerEnv
  readonly #selects: Selects
  readonly #state: State
  #digest: Digest | null = null
  // What was asked once. A ledger is a value: the answers never change.
  #judgements: Map<Cid, Judgement> | null = null
  #policies: readonly string[] | null = null
  #views: Map<string, PolicyView> | null = null
  #winners: Winners | null = null
  #alarms: readonly Alarm[] | null = null

  constructor(env: LedgerEnv, selects: Selects, state: State) {
    this.env = env
    this.#selects = selects
    this.#state = state
  }

  add(envelopes: readonly Envelope[]): Added {
    const { state, results, dropped, changed } = step(this.#state, envelopes, this.env.mesh)
    const ledger = state === this.#state ? this : new ValueLedger(this.env, this.#selects, state)
    return { ledger, results, dropped, changed }
  }

  get size(): number {
    return this.#state.entries.size + this.#state.charters.all.length
  }

  has(id: Cid): boolean {
    return this.#state.entries.has(id) || this.#state.charters.byId.has(id)
  }

  get(id: Cid): Envelope | undefined {
    return this.#state.entries.get(id) ?? this.#state.charters.byId.get(id)
  }

  *records(): Generator<Envelope> {
    yield* this.#state.charters.all
    const feeds = [...this.#state.entries.values()].filter(isFeed)
    yield* feeds.toSorted((a, b) => a.body.feedSeq - b.body.feedSeq || (a.id < b.id ? -1 : 1))
    yield* allSets(this.#state)
  }

  get digest(): Digest {
    this.#digest ??= digestOf(this.#state)
    return this.#digest
  }

  wanted(): readonly Cid[] {
    const ids = new Set(this.#state.absent.keys())
    for (const tip of this.#state.law.tips) {
      for (const key of [...tip.past.keys(), ...tip.revokes.feed.keys()]) {
        for (const id of provenHeads(this.#state.law, key)) if (!this.#state.entries.has(id)) ids.add(id)
      }
    }
    return [...ids].toSorted()
  }

  get charters(): ChartersView {
    return this.#state.charters
  }

  get law(): object {
    return this.#state.law
  }

  roleOf(key: Key): Role | null {
    return roleOf(this.#state.law, key)
  }

  feedKeys(): Iterable<Key> {
    return this.#state.feeds.keys()
  }

  feed(key: Key): FeedView | undefined {
    const feed = this.#state.feeds.get(key)
    if (feed === undefined) return undefined
    const { heads, size, maxSeq, below } = feed
    return { key, heads, size, maxSeq, closed: !isOpen(this.#state.law, key), missing: below }
  }

  between(
    key: Key,
    have: readonly Cid[],
    max = Number.POSITIVE_INFINITY,
    want: readonly Cid[] = [],
  ): readonly Envelope<FeedBody>[] {
    return between(this.#state, key, have, max, want)
  }

  revocations(): ReturnType<Ledger['revocations']> {
    return this.#state.revokes.toSorted((a, b) => a.body.feedSeq - b.body.feedSeq || (a.id < b.id ? -1 : 1))
  }

  sets(): ReturnType<Ledger['sets']> {
    return allSets(this.#state)
  }

  judge(id: Cid): Judgement | undefined {
    const known = this.#judgements?.get(id)
    if (known !== undefined) return known
    const entry = this.#state.entries.get(id)
    if (entry !== undefined) {
      const judgement = judge(this.#state, entry)
      this.#judgements ??= new Map()
      this.#judgements.set(id, judgement)
      return judgement
    }
    return this.#state.charters.byId.has(id) ? { counts: true, code: null, reason: null } : undefined
  }

  policies(): readonly string[] {
    this.#policies ??= [...this.#state.policies.keys()].toSorted()
    return this.#policies
  }

  policy(name: string): PolicyView | undefined {
    this.#views ??= new Map()
    const known = this.#views.get(name)
    if (known !== undefined) return known
    const view = policyView(this.#state, name)
    if (view !== undefined) this.#views.set(name, view)
    return view
  }

  winnerFor(policy: string, node: NodeIdentity): Winner {
    this.#winners ??= new Winners()
    return this.#winners.find(this.#state, policy, node, this.#selects)
  }

  reach(draft: Draft, node: NodeIdentity): Bounds | null {
    return reachOf(this.#state, draft, node, this.#selects)
  }

  log(policy: string, max = Number.POSITIVE_INFINITY): readonly LogLine[] {
    return logOf(this.#state, policy, max)
  }

  certificateOf(peer: Key, now: Millis): Membership {
    return membershipOf(this.#state, peer, now)
  }

  identityOf(peer: Key, now: Millis): NodeIdentity | null {
    return identityOf(this.#state, peer, now)
  }

  isMember(peer: Key, now: Millis): boolean {
    return membershipOf(this.#state, peer, now).state === 'member'
  }

  members(now: Millis): readonly Membership[] {
    const peers = [...this.#state.peers.entries()].filter(([, peer]) => peer.certificates.length > 0)
    return peers.map(([peer]) => membershipOf(this.#state, peer, now)).toSorted((a, b) => (a.peer < b.peer ? -1 : 1))
  }

  nameOf(peer: Key, now: Millis): string | null {
    return nameOf(this.#state, peer, now)
  }

  invite(id: Cid): InviteView | undefined {
    return inviteView(this.#state, id)
  }

  invites(): readonly InviteView[] {
    return [...this.#state.inviteIds.keys()].toSorted().flatMap((id) => inviteView(this.#state, id) ?? [])
  }

  alarms(now: Millis): ReturnType<Ledger['alarms']> {
    if (this.#alarms !== null) return this.#alarms
    const alarms = alarmsOf(this.#state, now)
    // Only a name that several peers have can be another's at another time.
    if (sharedNames(this.#state).length === 0) this.#alarms = alarms
    return alarms
  }
}
