import type { CoreCode } from '../errors.ts'
import { isCertificate, isInvite, isLeave, isProvisional } from '../records/guards.ts'
import { shortId } from '../records/keys.ts'
import type { Certificate, Cid, Envelope, Invite, Key, Millis, Provisional } from '../records/types.ts'
import { isOverused, judge, peersOf } from './judge.ts'
import { LEDGER_LIMITS } from './limits.ts'
import type { State } from './state.ts'
import type { InviteView, Judgement, Membership, MemberState, NodeIdentity } from './types.ts'

/** Who belongs, under which name and labels, at a given time (RECORDS.md, section 4). */
type Certified = Envelope<Certificate> | Envelope<Provisional>

interface Judged {
  readonly certificate: Certified
  readonly judgement: Judgement
  readonly until: Millis | null
}

/** Of the certificates that count: the highest serial, then the lowest CID, whatever the peer presents. */
export function membershipOf(state: State, peer: Key, now: Millis): Membership {
  const known = state.memberships.byPeer.get(peer)
  if (known !== undefined && now >= known.from && now <= known.to) return known.membership
  const all = certificatesOf(state, peer)
  if (all.length > 1) all.sort(byRank)
  const membership = amongAll(state, peer, all, now)
  if (all.length > 0) {
    const alone = membership.state === 'member' && state.names.get(membership.name)?.length === 1
    const { from, to } = untilNextEnd(all, now)
    const name = alone ? membership.name : null
    const identity = alone ? { labels: membership.labels, name: membership.name } : null
    state.memberships.byPeer.set(peer, { from, to, membership, name, identity })
  }
  return membership
}

/** Labels and name of a member, as selectors see it; null for who is none. The same object until something changes. */
export function identityOf(state: State, peer: Key, now: Millis): NodeIdentity | null {
  const { byPeer } = state.memberships
  const known = byPeer.get(peer)
  if (known !== undefined && known.identity !== null && now >= known.from && now <= known.to) return known.identity
  const member = membershipOf(state, peer, now)
  if (member.state !== 'member') return null
  return byPeer.get(peer)?.identity ?? { labels: member.labels, name: nameOf(state, peer, now) ?? member.name }
}

/** The times, around now, at which the same certificates have ended: what was found holds for all of them. */
function untilNextEnd(all: readonly Judged[], now: Millis): { from: Millis; to: Millis } {
  let from = Number.NEGATIVE_INFINITY
  let to = Number.POSITIVE_INFINITY
  for (const { until } of all) {
    if (until === null) continue
    if (now > until) from = Math.max(from, until + 1)
    else to = Math.min(to, until)
  }
  return { from, to }
}

function amongAll(state: State, peer: Key, all: readonly Judged[], now: Millis): Membership {
  const counting = all.filter((one) => one.judgement.counts)
  // Provisional ones are alike (serial 0): one that has ended gives way to one that has not.
  const fresh = counting.find((one) => isCertificate(one.certificate) || !hasEnded(one, now))
  const best = fresh ?? counting[0]
  if (best === undefined) return withoutForce(peer, all)
  const left = lastLeave(state, peer)
  if (left !== null && left >= best.certificate.body.serial) return membership(peer, best, 'left', 'it has left')
  if (hasEnded(best, now)) return membership(peer, best, 'expired', 'its certificate has ended')
  return membership(peer, best, 'member', null)
}

function certificatesOf(state: State, peer: Key): Judged[] {
  const found: Judged[] = []
  for (const id of state.peers.get(peer)?.certificates ?? []) {
    const entry = state.entries.get(id)
    if (entry === undefined || !(isCertificate(entry) || isProvisional(entry))) continue
    found.push({ certificate: entry, judgement: judge(state, entry), until: endOf(state, entry) })
  }
  return found
}

function endOf(state: State, certificate: Certified): Millis | null {
  if (isCertificate(certificate)) return certificate.body.notAfter ?? null
  const invite = state.entries.get(certificate.body.inviteId)
  return invite !== undefined && isInvite(invite) ? invite.body.expires + LEDGER_LIMITS.provisionalGraceMs : null
}

function hasEnded({ until }: Judged, now: Millis): boolean {
  return until !== null && now > until
}

function byRank(a: Judged, b: Judged): number {
  return b.certificate.body.serial - a.certificate.body.serial || (a.certificate.id < b.certificate.id ? -1 : 1)
}

/** The highest serial of which the peer said that it leaves. A certificate with a higher one takes it in again. */
function lastLeave(state: State, peer: Key): number | null {
  let last: number | null = null
  for (const id of state.peers.get(peer)?.sets ?? []) {
    const entry = state.entries.get(id)
    if (entry !== undefined && isLeave(entry) && judge(state, entry).counts)
      last = Math.max(last ?? 0, entry.body.serial)
  }
  return last
}

/** Codes of states that no judgement explains. */
const STATE_CODES: Readonly<Partial<Record<MemberState, CoreCode>>> = { left: 'E_LEFT', expired: 'E_EXPIRED' }

function membership(peer: Key, one: Judged, memberState: MemberState, reason: string | null): Membership {
  const { body } = one.certificate
  return {
    peer,
    state: memberState,
    code: one.judgement.code ?? STATE_CODES[memberState] ?? null,
    reason,
    certificate: one.certificate,
    provisional: isProvisional(one.certificate),
    name: body.name,
    labels: body.labels,
    serial: body.serial,
    until: one.until,
  }
}

/** Why a peer with no certificate that counts does not belong, by the best of those that it has. */
function withoutForce(peer: Key, all: readonly Judged[]): Membership {
  const best = all.find((one) => one.judgement.code === 'E_REVOKED') ?? all[0]
  if (best === undefined) {
    const reason = 'no certificate for it is here'
    const nothing = { certificate: null, provisional: false, name: '', labels: {}, serial: 0, until: null }
    return { peer, state: 'none', code: 'E_UNKNOWN_KEY', reason, ...nothing }
  }
  const { code, reason } = best.judgement
  const memberState = code === 'E_REVOKED' ? 'revoked' : code === 'E_OVERUSED' ? 'overused' : 'none'
  return membership(peer, best, memberState, reason)
}

/** How good a claim to a name is: certified by an enroller, fixed by the invite, chosen by the peer. */
function claim(state: State, member: Membership): number {
  if (member.certificate === null || isCertificate(member.certificate)) return 2
  const invite = state.entries.get(member.certificate.body.inviteId)
  return invite !== undefined && isInvite(invite) && invite.body.name !== undefined ? 1 : 0
}

/** Members that hold this name, and to whom of them it belongs: to the only one with the best claim, else to none. */
export function holdersOf(state: State, name: string, now: Millis): { holders: readonly Key[]; owner: Key | null } {
  const members = (state.names.get(name) ?? [])
    .map((peer) => membershipOf(state, peer, now))
    .filter((member) => member.state === 'member' && member.name === name)
  const holders = members.map((member) => member.peer)
  if (members.length === 1) return { holders, owner: holders[0] ?? null }
  const best = Math.max(...members.map((member) => claim(state, member)))
  const owners = members.filter((member) => claim(state, member) === best)
  return { holders, owner: owners.length === 1 ? (owners[0]?.peer ?? null) : null }
}

/** The certified name if it belongs to the peer, else `name~id`; null for who is no member. */
export function nameOf(state: State, peer: Key, now: Millis): string | null {
  const member = membershipOf(state, peer, now)
  if (member.state !== 'member') return null
  const alone = state.memberships.byPeer.get(peer)?.name ?? null
  if (alone !== null) return alone
  return holdersOf(state, member.name, now).owner === peer ? member.name : `${member.name}~${shortId(peer)}`
}

export function inviteView(state: State, id: Cid): InviteView | undefined {
  const entry = state.entries.get(id)
  return entry !== undefined && isInvite(entry) ? viewOf(state, entry) : undefined
}

function viewOf(state: State, envelope: Envelope<Invite>): InviteView {
  const peers = peersOf(state, envelope.id)
  return {
    envelope,
    judgement: judge(state, envelope),
    revoked: state.law.tips.some((tip) => tip.revokes.invite.has(envelope.body.invite)),
    peers,
    overused: isOverused(state, envelope),
  }
}
