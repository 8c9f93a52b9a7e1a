import { isCertificate, isCharter, isFeed, isInvite, isProvisional, isSet, isVersion } from '../records/guards.ts'
import type { Charter, Cid, Envelope, FeedBody, Key, SetBody } from '../records/types.ts'
import { addCharters, charterFault } from './charters.ts'
import { addFeedEntries, feedFault } from './feeds.ts'
import { buildLaw, isOpen, keysOfLaw, provenHeads, touchesLaw } from './law.ts'
import type { Law } from './law.ts'
import { provisionalsOf, addSets, setFault } from './sets.ts'
import { draftOf, EMPTY, isBelow, noMemberships, stateOf, sumOf } from './state.ts'
import type { Draft, State } from './state.ts'
import type { AddResult, Changes } from './types.ts'

/**
 * One step of the ledger: charters, then feeds, then sets, as each decides on the next. Revocations lie in the feeds of
 * roots, which no revocation can touch, so the law settles after at most two more rounds.
 */
export interface Step {
  readonly state: State
  readonly results: readonly AddResult[]
  readonly dropped: readonly Cid[]
  readonly changed: Changes
}

interface Batch {
  readonly charters: readonly Envelope<Charter>[]
  readonly feeds: readonly Envelope<FeedBody>[]
  readonly sets: readonly Envelope<SetBody>[]
}

/** See above: two would do; more rounds than this would be a flaw here, not in the records. */
const ROUNDS_MAX = 6

export function step(state: State, envelopes: readonly Envelope[], mesh: Cid): Step {
  const offered = envelopes.filter((envelope) => !holds(state, envelope.id))
  let batch: Batch = {
    charters: offered.filter(isCharter),
    feeds: offered.filter(isFeed),
    sets: offered.filter(isSet),
  }
  let draft = draftOf(state)
  draft.charters = addCharters(draft.charters, batch.charters, mesh)
  if (draft.charters !== state.charters) draft.sums = { ...draft.sums, charters: sumOf(draft.charters.byId.keys()) }
  let unsettled = draft.charters !== state.charters
  let rebuilt = false
  for (let round = 0; round < ROUNDS_MAX; round++) {
    if (unsettled) {
      const before = draft.law
      if (!renewLaw(draft) && round > 0) break
      if (mustRebuild(draft, before)) {
        batch = {
          ...batch,
          feeds: [...pool(state, isFeed), ...batch.feeds],
          sets: [...pool(state, isSet), ...batch.sets],
        }
        const { charters, law, sums } = draft
        draft = { ...draftOf(EMPTY), charters, law, sums: { ...EMPTY.sums, charters: sums.charters } }
        rebuilt = true
      }
    }
    const from = draft.added.length
    addFeedEntries(draft, batch.feeds, mesh)
    const added = draft.added.slice(from)
    unsettled = added.some((id) => touches(draft, id))
    if (!unsettled) break
  }
  addSets(draft, batch.sets, mesh)
  if (draft.law === state.law && draft.added.some((id) => changesAncestry(draft, id))) draft.law = { ...draft.law }
  return finish(state, draft, rebuilt, envelopes, mesh)
}

function holds(state: State, id: Cid): boolean {
  return state.entries.has(id) || state.charters.byId.has(id)
}

function* pool<E extends Envelope>(state: State, is: (envelope: Envelope) => envelope is E): Generator<E> {
  for (const envelope of state.entries.values()) if (is(envelope)) yield envelope
}

function touches(draft: Draft, id: Cid): boolean {
  const entry = draft.entries.get(id)
  return entry !== undefined && touchesLaw(entry, draft.law)
}

/** Gives the draft a new law if what counts is another one. */
function renewLaw(draft: Draft): boolean {
  const law = buildLaw(draft.charters, draft.revokes, (key, heads, id) => isBelow(draft, draft.law, key, heads, id))
  if (law.text === draft.law.text) return false
  draft.law = law
  return true
}

/** Something that is held may have to leave, or be held on other grounds. */
function mustRebuild(draft: Draft, before: Law): boolean {
  for (const key of new Set([...keysOfLaw(before), ...keysOfLaw(draft.law)])) {
    if (!draft.feeds.has(key) && (draft.peers.get(key)?.sets.length ?? 0) === 0) continue
    const open = isOpen(draft.law, key)
    if (open !== isOpen(before, key)) return true
    const still = new Set(open ? [] : provenHeads(draft.law, key))
    if (!open && provenHeads(before, key).some((head) => !still.has(head))) return true
  }
  return false
}

/** An entry came below heads that a charter or revoke names: entries below it may count now. */
function changesAncestry(draft: Draft, id: Cid): boolean {
  const key = draft.entries.get(id)?.body.key
  if (key === undefined || key === null) return false
  return draft.law.tips.some((tip) => {
    const heads = [
      ...(tip.past.get(key) ?? []).map((line) => line.heads),
      ...(tip.revokes.feed.get(key) ?? []).map((revoke) => revoke.body.heads),
    ]
    return heads.some((named) => isBelow(draft, draft.law, key, named, id))
  })
}

function finish(state: State, draft: Draft, rebuilt: boolean, envelopes: readonly Envelope[], mesh: Cid): Step {
  const gone = rebuilt ? state.entries.keys() : draft.removed
  const dropped = [
    ...[...state.charters.byId.keys()].filter((id) => !draft.charters.byId.has(id)),
    ...[...gone].filter((id) => state.entries.has(id) && !draft.entries.has(id)),
  ].toSorted()
  const results = envelopes.map((envelope) => resultOf(state, draft, envelope, mesh))
  const changed = changesOf(state, draft, results, dropped)
  // What came and was pushed out again by a bound in the same step is no change.
  const news = draft.added.some((id) => draft.entries.has(id) && !state.entries.has(id))
  const nothing = !changed.charters && !changed.law && dropped.length === 0 && !news
  if (nothing) return { state, results, dropped, changed }
  const onlyVersions = !changed.charters && !changed.law && !rebuilt && dropped.length === 0 && addsOnlyVersions(draft)
  const memberships = onlyVersions ? state.memberships : noMemberships()
  return { state: { ...stateOf(draft), memberships }, results, dropped, changed }
}

function addsOnlyVersions(draft: Draft): boolean {
  return draft.added.every((id) => {
    const entry = draft.entries.get(id)
    return entry !== undefined && isVersion(entry)
  })
}

function resultOf(before: State, after: State, envelope: Envelope, mesh: Cid): AddResult {
  const { id } = envelope
  const plain = { id, code: null, reason: null, final: false, missing: [] }
  if (holds(after, id)) {
    return { ...plain, state: holds(before, id) ? 'known' : 'admitted', missing: missingOf(after, envelope) }
  }
  const fault = faultOf(after, envelope, mesh)
  if (fault === null) {
    return {
      ...plain,
      state: 'refused',
      code: 'E_LIMIT',
      reason: 'there are too many of its kind, and it is not among the first',
    }
  }
  if (fault.kind === 'gap') {
    const code = isCharter(envelope) ? 'E_CHARTER' : 'E_FEED_GAP'
    return { ...plain, state: 'gap', code, reason: 'what it follows is not here', missing: fault.missing }
  }
  return { ...plain, state: fault.kind, code: fault.code, reason: fault.reason, final: fault.kind === 'refused' }
}

function faultOf(state: State, envelope: Envelope, mesh: Cid) {
  if (isCharter(envelope)) return charterFault(envelope, state.charters.byId, mesh)
  if (isFeed(envelope)) return feedFault(state, envelope, mesh)
  if (isSet(envelope)) return setFault(state, envelope, mesh)
  return { kind: 'refused', code: 'E_NOT_ALLOWED', reason: 'what is live does not last, and is not kept' } as const
}

/** What an admitted record names and that is not here. */
function missingOf(state: State, envelope: Envelope): readonly Cid[] {
  if (!isFeed(envelope)) return []
  const named = isVersion(envelope) ? envelope.body.parents : []
  const replaces = isCertificate(envelope) && envelope.body.replaces !== undefined ? [envelope.body.replaces] : []
  return [...envelope.body.feedPrev, ...named, ...replaces].filter((id) => !state.entries.has(id))
}

function changesOf(state: State, draft: Draft, results: readonly AddResult[], dropped: readonly Cid[]): Changes {
  const policies = new Set<string>()
  const peers = new Set<Key>()
  function note(at: State, id: Cid): void {
    const entry = at.entries.get(id)
    if (entry === undefined) return
    if (isVersion(entry)) policies.add(entry.body.policy)
    else if (isCertificate(entry)) peers.add(entry.body.peer)
    else if (isSet(entry)) peers.add(entry.body.key)
    const invite = isProvisional(entry) ? at.entries.get(entry.body.inviteId) : entry
    if (invite === undefined || !isInvite(invite)) return
    // One more than the uses ends the others' right.
    if (invite !== entry && (at.invites.get(invite.id)?.provisionals.length ?? 0) <= invite.body.uses) return
    for (const user of provisionalsOf(at, invite.id)) peers.add(user.body.key)
  }
  for (const result of results) {
    if (result.state !== 'admitted') continue
    note(draft, result.id)
    for (const by of draft.namedBy.get(result.id) ?? []) note(draft, by)
  }
  for (const id of dropped) note(state, id)
  return {
    charters: draft.charters !== state.charters,
    law: draft.law !== state.law,
    policies: [...policies].toSorted(),
    peers: [...peers].toSorted(),
  }
}
