import { isInvite } from '../records/guards.ts'
import { notUnderstood } from '../records/schemas.ts'
import type { KeySet, Millis } from '../records/types.ts'
import { isOverused, judge, peersOf } from './judge.ts'
import { holdersOf } from './members.ts'
import { provisionalsOf } from './sets.ts'
import type { State } from './state.ts'
import type { Alarm, AlarmKind } from './types.ts'
import { countingHeads } from './versions.ts'

/** What an operator must be told, in a fixed order: by kind as listed here, then by subject. */
const FINDERS: readonly ((state: State, now: Millis) => Iterable<Alarm>)[] = [
  charterForks,
  feedForks,
  overuse,
  clashes,
  conflicts,
  newer,
  weakness,
]

export function alarmsOf(state: State, now: Millis): readonly Alarm[] {
  return FINDERS.flatMap((find) => [...find(state, now)].toSorted((a, b) => (a.subject < b.subject ? -1 : 1)))
}

function alarm(kind: AlarmKind, subject: string, message: string, ids: readonly string[] = []): Alarm {
  return { kind, subject, message, ids }
}

function* charterForks(state: State): Generator<Alarm> {
  const tips = state.charters.inForce
  if (tips.length < 2) return
  const ids = tips.map((tip) => tip.id)
  const message = `${tips.length} rival charters are in force, and only what counts under each has effect. Sign one that follows them all.`
  yield alarm('charterFork', ids[0] ?? '', message, ids)
}

function* feedForks(state: State): Generator<Alarm> {
  for (const [key, feed] of state.feeds.entries()) {
    if (feed.heads.length < 2 || feed.below.length > 0) continue
    const message = `The feed of ${key} has ${feed.heads.length} heads: one key wrote in two places. Its next entry joins them.`
    yield alarm('feedFork', key, message, feed.heads)
  }
}

function* overuse(state: State): Generator<Alarm> {
  for (const id of state.invites.keys()) {
    const invite = state.entries.get(id)
    if (invite === undefined || !isInvite(invite)) continue
    if (!isOverused(state, invite)) continue
    const peers = peersOf(state, id)
    const ids = provisionalsOf(state, id).map((envelope) => envelope.id)
    const message = `The invite ${invite.body.name ?? id} was for ${invite.body.uses} peers and ${peers.length} used it. Revoke it, and invite again whom you know.`
    yield alarm('inviteOverused', id, message, ids)
  }
}

/** Of the whole fleet's names a ledger looks at those that several peers have; they stay as long as the map does. */
const shared = new WeakMap<State['names'], readonly string[]>()

/** Names with more than one peer: only of these can a clash come about, or end, as time passes. */
export function sharedNames({ names }: State): readonly string[] {
  const known = shared.get(names)
  if (known !== undefined) return known
  const found: string[] = []
  for (const [name, peers] of names.entries()) if (peers.length > 1) found.push(name)
  shared.set(names, found)
  return found
}

function* clashes(state: State, now: Millis): Generator<Alarm> {
  for (const name of sharedNames(state)) {
    const { holders, owner } = holdersOf(state, name, now)
    if (holders.length < 2) continue
    const verdict = owner === null ? 'it belongs to none of them' : `it belongs to ${owner}`
    yield alarm(
      'nameClash',
      name,
      `${holders.length} peers hold the name ${name}; ${verdict}. Rename the others.`,
      holders,
    )
  }
}

function* conflicts(state: State): Generator<Alarm> {
  for (const [policy, { heads }] of state.policies.entries()) {
    const only = heads.length === 1 ? state.entries.get(heads[0] ?? '') : undefined
    // A single head that counts hides all others.
    if (only !== undefined && judge(state, only).counts) continue
    const counting = countingHeads(state, policy)
    if (counting.length < 2) continue
    const message = `The policy ${policy} has ${counting.length} versions that do not know of each other. Publish one that follows them all.`
    yield alarm(
      'conflict',
      policy,
      message,
      counting.map((version) => version.id),
    )
  }
}

function* newer(state: State): Generator<Alarm> {
  for (const charter of state.charters.needsNewer) {
    const fields = notUnderstood(charter.body).join(', ')
    yield alarm('needsNewer', charter.id, `Charter ${charter.body.n} needs a newer chorus (${fields}).`, [charter.id])
  }
}

function* weakness(state: State): Generator<Alarm> {
  const charter = state.charters.current
  if (charter === null) return
  const weak = ({ keys, threshold }: KeySet) => threshold === 1 && keys.length === 1
  if (weak(charter.body.roots)) {
    yield alarm('weakRoots', charter.id, 'One root key alone decides: whoever steals it has the mesh until recovery.')
  }
  if (weak(charter.body.recovery)) {
    yield alarm('weakRecovery', charter.id, 'One recovery key alone can replace the roots: if it is lost, nothing can.')
  }
}
