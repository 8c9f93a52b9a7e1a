import type { CoreCode } from '../errors.ts'
import { isCertificate, isInvite, isProvisional, isSet } from '../records/guards.ts'
import type { Cid, Envelope, Invite, Key, Provisional, SetBody } from '../records/types.ts'
import { isOpen } from './law.ts'
import { LEDGER_LIMITS } from './limits.ts'
import { count, NO_PEER, withId, withoutIds } from './state.ts'
import type { Draft, State } from './state.ts'

/**
 * Which set records the ledger takes: provisional certificates whose invite is here (or that a certificate here
 * confirms), and what known peers say of themselves. Where there are too many, the lowest CIDs stay: each record falls
 * under one bound or under one inside the other, so the order of arrival makes no difference.
 */
type SetEnvelope = Envelope<SetBody>

export type SetFault =
  | { readonly kind: 'unknownKey'; readonly code: CoreCode; readonly reason: string }
  | { readonly kind: 'refused'; readonly code: CoreCode; readonly reason: string; readonly final: boolean }

/** Null: it may be added, unless a bound says otherwise. */
export function setFault(state: State, envelope: SetEnvelope, mesh: Cid): SetFault | null {
  const { body } = envelope
  if (body.mesh !== mesh) return refused('E_WRONG_MESH', 'it belongs to another mesh')
  if (!isProvisional(envelope)) {
    return isKnown(state, body.key) ? null : unknown('its key is no peer here, and has no role')
  }
  const invite = state.entries.get(envelope.body.inviteId)
  if (invite === undefined || !isInvite(invite)) {
    return isConfirmed(state, envelope.id) ? null : unknown('its invite is not here')
  }
  return fits(envelope.body, invite.body) ? null : refused('E_SCOPE', 'its name or labels are not those of its invite')
}

function unknown(reason: string): SetFault {
  return { kind: 'unknownKey', code: 'E_UNKNOWN_KEY', reason }
}

function refused(code: CoreCode, reason: string): SetFault {
  return { kind: 'refused', code, reason, final: true }
}

function isKnown(state: State, key: Key): boolean {
  return (state.peers.get(key)?.certificates.length ?? 0) > 0 || isOpen(state.law, key)
}

/** Exactly the invite's key, name (if it fixes one) and labels. */
function fits(body: Provisional, invite: Invite): boolean {
  if (body.invite !== invite.invite || (invite.name !== undefined && invite.name !== body.name)) return false
  const names = Object.keys(invite.labels)
  return (
    names.length === Object.keys(body.labels).length &&
    names.every((name) => Object.hasOwn(body.labels, name) && body.labels[name] === invite.labels[name])
  )
}

/** A certificate here names it in `replaces`, whether that counts or not. */
export function isConfirmed(state: State, id: Cid): boolean {
  return (state.namedBy.get(id) ?? []).some((by) => {
    const above = state.entries.get(by)
    return above !== undefined && isCertificate(above)
  })
}

/** Adds what can be added of a batch; records that a bound pushes out leave the draft. */
export function addSets(draft: Draft, batch: readonly SetEnvelope[], mesh: Cid): void {
  const rank = (envelope: SetEnvelope) => (isProvisional(envelope) ? 0 : 1)
  for (const envelope of batch.toSorted((a, b) => rank(a) - rank(b) || (a.id < b.id ? -1 : 1))) {
    if (draft.entries.has(envelope.id) || setFault(draft, envelope, mesh) !== null) continue
    if (isProvisional(envelope)) insertProvisional(draft, envelope)
    else insertOwn(draft, envelope)
  }
}

function insertProvisional(draft: Draft, envelope: Envelope<Provisional>): void {
  const { id, body } = envelope
  const use = draft.invites.get(body.inviteId)
  const peer = draft.peers.get(body.key) ?? NO_PEER
  draft.invites = draft.invites.set(body.inviteId, { provisionals: withId(use?.provisionals ?? [], id) }, draft.edit)
  draft.peers = draft.peers.set(body.key, { ...peer, certificates: withId(peer.certificates, id) }, draft.edit)
  draft.names = draft.names.set(body.name, withId(draft.names.get(body.name) ?? [], body.key), draft.edit)
  insert(draft, envelope)
  for (const gone of surplus(draft, body)) removeProvisional(draft, gone)
}

/** Unconfirmed ones of an invite beyond one for each peer, and beyond what proves the overuse. */
function surplus(draft: Draft, { inviteId, key }: Provisional): readonly Envelope<Provisional>[] {
  const invite = draft.entries.get(inviteId)
  if (invite === undefined || !isInvite(invite)) return []
  const max = invite.body.uses + LEDGER_LIMITS.provisionalsBeyondUses
  const few = (draft.invites.get(inviteId)?.provisionals.length ?? 0) <= max
  if (few && (draft.peers.get(key)?.certificates.length ?? 0) <= 1) return []
  const open = provisionalsOf(draft, inviteId).filter(({ id }) => !isConfirmed(draft, id))
  const peers = new Set<Key>()
  return open.filter(({ body }) => {
    if (peers.has(body.key) || peers.size >= max) return true
    peers.add(body.key)
    return false
  })
}

/** By CID. */
export function provisionalsOf(state: State, inviteId: Cid): readonly Envelope<Provisional>[] {
  return (state.invites.get(inviteId)?.provisionals ?? []).flatMap((id) => {
    const entry = state.entries.get(id)
    return entry !== undefined && isProvisional(entry) ? [entry] : []
  })
}

function insertOwn(draft: Draft, envelope: SetEnvelope): void {
  const { key } = envelope.body
  const peer = draft.peers.get(key) ?? NO_PEER
  const sets = withId(peer.sets, envelope.id)
  draft.peers = draft.peers.set(key, { ...peer, sets: sets.slice(0, LEDGER_LIMITS.setsOfKey) }, draft.edit)
  insert(draft, envelope)
  for (const id of sets.slice(LEDGER_LIMITS.setsOfKey)) remove(draft, id)
}

function insert(draft: Draft, envelope: SetEnvelope): void {
  draft.entries = draft.entries.set(envelope.id, envelope, draft.edit)
  draft.absent = draft.absent.delete(envelope.id)
  draft.added.push(envelope.id)
  count(draft, 'sets', envelope.id, 1)
}

function remove(draft: Draft, id: Cid): void {
  draft.entries = draft.entries.delete(id)
  if (draft.namedBy.has(id)) draft.absent = draft.absent.set(id, true, draft.edit)
  draft.removed.push(id)
  count(draft, 'sets', id, -1)
}

/** An invite came whose name or labels are not those of provisional certificates that were taken without it. */
export function dropMismatched(draft: Draft, invite: Envelope<Invite>): void {
  for (const envelope of provisionalsOf(draft, invite.id)) {
    if (!fits(envelope.body, invite.body)) removeProvisional(draft, envelope)
  }
}

function removeProvisional(draft: Draft, { id, body }: Envelope<Provisional>): void {
  remove(draft, id)
  const provisionals = withoutIds(draft.invites.get(body.inviteId)?.provisionals ?? [], [id])
  draft.invites =
    provisionals.length > 0
      ? draft.invites.set(body.inviteId, { provisionals }, draft.edit)
      : draft.invites.delete(body.inviteId)
  const peer = draft.peers.get(body.key) ?? NO_PEER
  const certificates = withoutIds(peer.certificates, [id])
  const known = certificates.length > 0 || isOpen(draft.law, body.key)
  if (!known) for (const own of peer.sets) remove(draft, own)
  const sets = known ? peer.sets : []
  draft.peers =
    certificates.length + sets.length > 0
      ? draft.peers.set(body.key, { certificates, sets }, draft.edit)
      : draft.peers.delete(body.key)
  unname(draft, body.key, body.name, certificates)
}

/** Takes the peer from a name's holders if no other certificate of it has that name. */
function unname(draft: Draft, key: Key, name: string, certificates: readonly Cid[]): void {
  const still = certificates.some((id) => {
    const entry = draft.entries.get(id)
    return entry !== undefined && (isCertificate(entry) || isProvisional(entry)) && entry.body.name === name
  })
  if (still) return
  const holders = withoutIds(draft.names.get(name) ?? [], [key])
  draft.names = holders.length > 0 ? draft.names.set(name, holders, draft.edit) : draft.names.delete(name)
}

/** Every set record, by id. */
export function allSets(state: State): readonly SetEnvelope[] {
  const found: SetEnvelope[] = []
  for (const peer of state.peers.values()) {
    for (const id of [...peer.certificates, ...peer.sets]) {
      const entry = state.entries.get(id)
      if (entry !== undefined && isSet(entry)) found.push(entry)
    }
  }
  return found.toSorted((a, b) => (a.id < b.id ? -1 : 1))
}
