import type { CoreCode } from '../errors.ts'
import { isCertificate, isFeed, isInvite, isRevoke, isVersion } from '../records/guards.ts'
import type { Certificate, Cid, Envelope, FeedBody, Version } from '../records/types.ts'
import { isOpen, provenHeads } from './law.ts'
import { PMap } from './pmap.ts'
import { dropMismatched } from './sets.ts'
import { count, NO_FEED, NO_PEER, withId, withoutIds } from './state.ts'
import type { Draft, State } from './state.ts'

/**
 * Which entries the ledger takes (RECORDS.md, section 3, "Is it in the ledger?"). An open feed (its key has a role)
 * grows from below: everything that an entry follows is here first. A closed one (no role, or revoked) is proven from
 * above: by a head that a charter or a revoke names, by a version or certificate here, or by its own entry here.
 */
type FeedEnvelope = Envelope<FeedBody>

export type FeedFault =
  | { readonly kind: 'gap'; readonly missing: readonly Cid[] }
  | { readonly kind: 'unknownKey'; readonly code: CoreCode; readonly reason: string }
  | { readonly kind: 'refused'; readonly code: CoreCode; readonly reason: string }

/** Null: the entry may be added to this state. */
export function feedFault(state: State, envelope: FeedEnvelope, mesh: Cid): FeedFault | null {
  const { body } = envelope
  if (body.mesh !== mesh) return { kind: 'refused', code: 'E_WRONG_MESH', reason: 'it belongs to another mesh' }
  return isOpen(state.law, body.key) ? chainFault(state, envelope) : proofFault(state, envelope)
}

function chainFault(state: State, { body }: FeedEnvelope): FeedFault | null {
  let max = 0
  const missing: Cid[] = []
  for (const id of body.feedPrev) {
    const prev = state.entries.get(id)
    if (prev === undefined) missing.push(id)
    else if (!isFeed(prev) || prev.body.key !== body.key) {
      return { kind: 'refused', code: 'E_SEQ', reason: 'it follows a record that is not of its own feed' }
    } else max = Math.max(max, prev.body.feedSeq)
  }
  if (missing.length > 0) return { kind: 'gap', missing }
  if (body.feedSeq === max + 1) return null
  return { kind: 'refused', code: 'E_SEQ', reason: `its feedSeq is ${body.feedSeq}, and must be ${max + 1}` }
}

function proofFault(state: State, envelope: FeedEnvelope): FeedFault | null {
  const { id, body } = envelope
  if (state.feeds.get(body.key)?.below.includes(id)) return null
  if (provenHeads(state.law, body.key).includes(id)) return null
  if ((state.namedBy.get(id) ?? []).some((by) => provesBy(state, by, envelope))) return null
  const revoked = state.law.tips.some((tip) => tip.revokes.feed.has(body.key))
  return revoked
    ? { kind: 'unknownKey', code: 'E_REVOKED', reason: 'the feed is revoked, and this entry lies above what is kept' }
    : { kind: 'unknownKey', code: 'E_UNKNOWN_KEY', reason: 'its key has no role under the charters here' }
}

/** A version proves versions that it names as parents, a certificate the one that it replaces. */
function provesBy(state: State, by: Cid, envelope: FeedEnvelope): boolean {
  const above = state.entries.get(by)
  if (above === undefined) return false
  return (isVersion(above) && isVersion(envelope)) || (isCertificate(above) && isCertificate(envelope))
}

/**
 * Adds what can be added of a batch in any order,. Each admission wakes only those that may have
 * waited for it.
 */
export function addFeedEntries(draft: Draft, batch: readonly FeedEnvelope[], mesh: Cid): void {
  const pending = new Map(batch.map((envelope) => [envelope.id, envelope]))
  const waiting = new Map<Cid, Cid[]>()
  const queue = [...pending.values()].toSorted((a, b) => b.body.feedSeq - a.body.feedSeq || (a.id < b.id ? 1 : -1))
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (!pending.has(next.id) || draft.entries.has(next.id)) continue
    const fault = feedFault(draft, next, mesh)
    if (fault !== null) {
      if (fault.kind !== 'gap') continue
      for (const id of fault.missing) waiting.set(id, [...(waiting.get(id) ?? []), next.id])
      continue
    }
    insert(draft, next)
    pending.delete(next.id)
    const woken = [...(waiting.get(next.id) ?? []), ...namesOf(next), ...next.body.feedPrev]
    for (const id of woken) queue.push(...listed(pending.get(id)))
  }
}

function listed<T>(item: T | undefined): readonly T[] {
  return item === undefined ? [] : [item]
}

/** What an entry names beside its own feed, and thereby proves. */
export function namesOf(envelope: FeedEnvelope): readonly Cid[] {
  if (isVersion(envelope)) return envelope.body.parents
  return isCertificate(envelope) && envelope.body.replaces !== undefined ? [envelope.body.replaces] : []
}

function insert(draft: Draft, envelope: FeedEnvelope): void {
  const { id, body } = envelope
  const feed = draft.feeds.get(body.key) ?? NO_FEED
  const missing = body.feedPrev.filter((prev) => !draft.entries.has(prev))
  const heads = withoutIds(feed.heads, body.feedPrev)
  draft.feeds = draft.feeds.set(
    body.key,
    {
      heads: feed.below.includes(id) ? heads : withId(heads, id),
      size: feed.size + 1,
      maxSeq: Math.max(feed.maxSeq, body.feedSeq),
      below: missing.reduce(withId, withoutIds(feed.below, [id])),
    },
    draft.edit,
  )
  draft.entries = draft.entries.set(id, envelope, draft.edit)
  draft.absent = draft.absent.delete(id)
  for (const prev of missing) draft.absent = draft.absent.set(prev, true, draft.edit)
  for (const named of namesOf(envelope)) {
    draft.namedBy = draft.namedBy.set(named, withId(draft.namedBy.get(named) ?? [], id), draft.edit)
    if (!draft.entries.has(named)) draft.absent = draft.absent.set(named, true, draft.edit)
  }
  draft.added.push(id)
  count(draft, 'feeds', id, 1)
  if (isVersion(envelope)) insertVersion(draft, envelope)
  else if (isCertificate(envelope)) insertCertificate(draft, envelope)
  else if (isInvite(envelope)) {
    draft.inviteIds = draft.inviteIds.set(id, true, draft.edit)
    dropMismatched(draft, envelope)
  } else if (isRevoke(envelope)) {
    draft.revokes = [...draft.revokes, envelope].toSorted((a, b) => (a.id < b.id ? -1 : 1))
    count(draft, 'revocations', id, 1)
  }
  spreadFaults(draft, id)
}

const NO_SEQS: PMap<readonly Cid[]> = PMap.empty()

function insertVersion(draft: Draft, envelope: Envelope<Version>): void {
  const { id, body } = envelope
  const policy = draft.policies.get(body.policy)
  const heads = withoutIds(policy?.heads ?? [], body.parents)
  const seq = String(body.seq)
  const bySeq = policy?.bySeq ?? NO_SEQS
  draft.policies = draft.policies.set(
    body.policy,
    {
      heads: hasChild(draft, envelope) ? heads : withId(heads, id),
      bySeq: bySeq.set(seq, withId(bySeq.get(seq) ?? [], id)),
      size: (policy?.size ?? 0) + 1,
      maxSeq: Math.max(policy?.maxSeq ?? 0, body.seq),
    },
    draft.edit,
  )
}

function hasChild(state: State, { id, body }: Envelope<Version>): boolean {
  return (state.namedBy.get(id) ?? []).some((by) => {
    const child = state.entries.get(by)
    return child !== undefined && isVersion(child) && child.body.policy === body.policy
  })
}

function insertCertificate(draft: Draft, { id, body }: Envelope<Certificate>): void {
  const known = draft.peers.get(body.peer) ?? NO_PEER
  draft.peers = draft.peers.set(body.peer, { ...known, certificates: withId(known.certificates, id) }, draft.edit)
  draft.names = draft.names.set(body.name, withId(draft.names.get(body.name) ?? [], body.peer), draft.edit)
}

/** Marks versions with a wrong seq or parent, and all that descend from them, starting at what `id` changes. */
function spreadFaults(draft: Draft, id: Cid): void {
  const queue = [id, ...(draft.namedBy.get(id) ?? [])]
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const entry = draft.entries.get(next)
    if (entry === undefined || !isVersion(entry) || draft.badVersions.has(next) || !isBad(draft, entry)) continue
    draft.badVersions = draft.badVersions.set(next, true, draft.edit)
    queue.push(...(draft.namedBy.get(next) ?? []))
  }
}

function isBad(state: State, { body }: Envelope<Version>): boolean {
  let max = 0
  let whole = true
  for (const id of body.parents) {
    const parent = state.entries.get(id)
    // A set record can leave again, so it is not what a parent could be.
    if (parent === undefined || !isFeed(parent)) whole = false
    else if (!isVersion(parent) || parent.body.policy !== body.policy || state.badVersions.has(id)) return true
    else max = Math.max(max, parent.body.seq)
  }
  return whole && body.seq !== max + 1
}
