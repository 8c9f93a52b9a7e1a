import type { CoreCode } from '../errors.ts'
import { isCertificate, isFeed, isInvite, isLeave, isProvisional, isRevoke, isVersion } from '../records/guards.ts'
import { notUnderstood } from '../records/schemas.ts'
import type {
  Certificate,
  Cid,
  Enroller,
  Envelope,
  FeedBody,
  Grant,
  Invite,
  Key,
  Labels,
  Past,
  Provisional,
  Revoke,
  Version,
} from '../records/types.ts'
import { covers, matchesPattern } from './law.ts'
import type { TipLaw } from './law.ts'
import { isConfirmed, provisionalsOf } from './sets.ts'
import { isBelow } from './state.ts'
import type { State } from './state.ts'
import type { Draft, Judgement } from './types.ts'

/**
 * Does it count? (RECORDS.md, section 3.) By the charters in force and the standing revocations, never by a clock. An
 * entry counts if it does under every charter in force; what does not count is void, and stays.
 */
const COUNTS: Judgement = { counts: true, code: null, reason: null }

function isVoid(code: CoreCode, reason: string): Judgement {
  return { counts: false, code, reason }
}

export function judge(state: State, envelope: Envelope): Judgement {
  if (isProvisional(envelope)) return judgeProvisional(state, envelope)
  if (isFeed(envelope)) return judgeEntry(state, envelope)
  if (isLeave(envelope) && notUnderstood(envelope.body).length === 0) return COUNTS
  return isVoid('E_NEWER', 'this build does not know what it means')
}

function judgeEntry(state: State, envelope: Envelope<FeedBody>): Judgement {
  if ('unknown' in envelope.body) return isVoid('E_NEWER', `this build does not know the type ${envelope.body.type}`)
  const newer = isVersion(envelope) ? [] : notUnderstood(envelope.body)
  if (newer.length > 0) return isVoid('E_NEWER', `this build does not understand: ${newer.join(', ')}`)
  const authority = judgeAuthority(state, envelope)
  if (!authority.counts) return authority
  if (isVersion(envelope)) return judgeSeq(state, envelope)
  if (isCertificate(envelope)) return judgeChain(state, envelope)
  return COUNTS
}

function judgeSeq(state: State, { id, body }: Envelope<Version>): Judgement {
  if (!state.badVersions.has(id)) return COUNTS
  return isVoid('E_SEQ', `its seq (${body.seq}) or its parents are wrong, or it descends from such a version`)
}

/** Roles and revocations under every charter in force. */
function judgeAuthority(state: State, envelope: Envelope<FeedBody>): Judgement {
  if (state.law.tips.length === 0) return isVoid('E_SCOPE', 'no charter is in force')
  for (const tip of state.law.tips) {
    const verdict = judgeUnder(state, tip, envelope)
    if (!verdict.counts) return verdict
  }
  return COUNTS
}

function judgeUnder(state: State, tip: TipLaw, envelope: Envelope<FeedBody>): Judgement {
  const { id, body } = envelope
  for (const revoke of tip.revokes.feed.get(body.key) ?? []) {
    if (!isBelow(state, state.law, body.key, revoke.body.heads, id)) {
      return isVoid('E_REVOKED', 'its feed is revoked, and this entry is not below the heads that stay valid')
    }
  }
  if (isVersion(envelope)) return judgeVersion(state, tip, envelope)
  if (isRevoke(envelope)) return judgeRevoke(tip, envelope)
  if (isInvite(envelope)) {
    if (tip.revokes.invite.has(envelope.body.invite)) return isVoid('E_REVOKED', 'the invite is revoked')
    return judgeEnroller(state, tip, envelope, [envelope.body.labels])
  }
  if (!isCertificate(envelope)) return COUNTS
  if (tip.revokes.member.has(envelope.body.peer)) return isVoid('E_REVOKED', 'its peer is revoked')
  return judgeEnroller(state, tip, envelope, [envelope.body.labels])
}

/** Past lines of this kind whose heads the entry is at or below. */
function pastLines<W extends Past['was']>(
  state: State,
  tip: TipLaw,
  was: W,
  key: Key,
  id: Cid,
): readonly Extract<Past, { was: W }>[] {
  return (tip.past.get(key) ?? []).filter(
    (line): line is Extract<Past, { was: W }> => line.was === was && isBelow(state, state.law, key, line.heads, id),
  )
}

/** `standing` was computed with the law; a revoke that does not stand fails here with the reason. */
function judgeRevoke(tip: TipLaw, envelope: Envelope<Revoke>): Judgement {
  const { what, target } = envelope.body
  if (tip.revokes[what].get(target)?.some((revoke) => revoke.id === envelope.id) === true) return COUNTS
  if (tip.untouchable.has(target)) return isVoid('E_SCOPE', 'it names a key that is or was a root or recovery key')
  if (tip.roots.has(envelope.body.key)) return isVoid('E_SCOPE', 'a charter lifts it')
  return isVoid('E_SCOPE', `its key is no root of charter ${tip.charter.body.n}, or a charter lifts it`)
}

/** The grant lines that give this version its force under one charter, present ones before past ones. */
export function coveringGrants(state: State, tip: TipLaw, version: Envelope<Version>): readonly Grant[] {
  return grantLines(state, tip, version).filter((grant) => grantFault(grant, version.body) === null)
}

/** The present lines that would give a new version its force. */
export function grantsFor(tip: TipLaw, draft: Draft): readonly Grant[] {
  return (tip.grants.get(draft.key) ?? []).filter((grant) => grantFault(grant, draft) === null)
}

function grantLines(state: State, tip: TipLaw, { id, body }: Envelope<Version>): readonly Grant[] {
  const past = pastLines(state, tip, 'grant', body.key, id).map((line) => line.line)
  return [...(tip.grants.get(body.key) ?? []), ...past]
}

type Fault = Judgement & { readonly counts: false }

function fault(code: CoreCode, reason: string): Fault {
  return { counts: false, code, reason }
}

function grantFault(grant: Grant, body: Draft): Fault | null {
  if (!grant.policies.some((pattern) => matchesPattern(pattern, body.policy))) {
    return fault('E_SCOPE', `the grant "${grant.name}" does not cover the policy ${body.policy}`)
  }
  const verb = body.action === 'apply' ? 'publish' : 'retire'
  if (!grant.verbs.includes(verb)) return fault('E_VERB', `the grant "${grant.name}" does not allow to ${verb}`)
  if (body.uses.includes('exec') && !grant.verbs.includes('exec')) {
    return fault('E_VERB', `the grant "${grant.name}" does not allow exec, which the policy uses`)
  }
  if (grant.expires !== undefined && body.at > grant.expires) {
    return fault('E_SCOPE', `the grant "${grant.name}" had expired when it was published`)
  }
  if (body.bundle !== null && body.bundle.size > grant.maxBlob) {
    return fault('E_SCOPE', `its bundle of ${body.bundle.size} bytes is over the grant's maxBlob of ${grant.maxBlob}`)
  }
  return null
}

function judgeVersion(state: State, tip: TipLaw, version: Envelope<Version>): Judgement {
  const faults: Fault[] = []
  for (const grant of grantLines(state, tip, version)) {
    const found = grantFault(grant, version.body)
    if (found === null) return COUNTS
    faults.push(found)
  }
  // A line that lacks only the verb is nearer to what the author wanted than one for other policies.
  const nearest = faults.find((found) => found.code === 'E_VERB') ?? faults[0]
  return nearest ?? isVoid('E_SCOPE', `its key has no grant in charter ${tip.charter.body.n}`)
}

function enrollerLines(state: State, tip: TipLaw, { id, body }: Envelope<FeedBody>): readonly Enroller[] {
  const past = pastLines(state, tip, 'enroller', body.key, id).map((line) => line.line)
  return [...(tip.enrollers.get(body.key) ?? []), ...past]
}

/** One line of the signer must cover all these label sets. */
function judgeEnroller(state: State, tip: TipLaw, envelope: Envelope<FeedBody>, sets: readonly Labels[]): Judgement {
  const lines = enrollerLines(state, tip, envelope)
  if (lines.some((line) => sets.every((labels) => covers(line.labels, labels)))) return COUNTS
  if (lines.length === 0) return isVoid('E_SCOPE', `its key is no enroller in charter ${tip.charter.body.n}`)
  return isVoid('E_SCOPE', 'its labels, or those of what it replaces, are outside what its enroller may give')
}

/**
 * Serials and what a certificate replaces, back to serial 0, which the peer itself signed: so no enroller can take a
 * peer over that it never enrolled. What is replaced may be void (its enroller was removed), but then the signer must
 * also cover what lies before it, down to one that counts: else an enroller could first replace a certificate outside
 * its labels by a void one of its own, and then that one.
 */
function judgeChain(state: State, envelope: Envelope<Certificate>): Judgement {
  if (envelope.body.serial === 0) {
    if (envelope.body.key === envelope.body.peer) return COUNTS
    return isVoid('E_SEQ', 'at serial 0 an enroller can certify only itself')
  }
  const chain: Envelope<Certificate>[] = []
  let bottom: Envelope | undefined = envelope
  while (bottom !== undefined && isCertificate(bottom) && bottom.body.replaces !== undefined) {
    chain.push(bottom)
    bottom = state.entries.get(bottom.body.replaces)
  }
  if (bottom === undefined) return isVoid('E_FEED_GAP', 'a certificate that it replaces, or one before, is not here')
  if (!isCertified(bottom)) return isVoid('E_SEQ', 'what it replaces is no certificate')
  return judgeLinks(state, chain.toReversed(), bottom)
}

type Certified = Envelope<Certificate> | Envelope<Provisional>

/** From serial 0 on; the verdict on the last. */
function judgeLinks(state: State, links: readonly Envelope<Certificate>[], bottom: Certified): Judgement {
  let previous = bottom
  let counts = isCertificate(bottom) && judgeEntry(state, bottom).counts
  let earlier: Labels[] = []
  let verdict: Judgement = COUNTS
  for (const link of links) {
    if (link.body.peer !== peerOf(previous)) return isVoid('E_SEQ', 'it replaces the certificate of another peer')
    verdict = judgeLink(state, link, previous, earlier)
    earlier = [...(counts ? [] : earlier), previous.body.labels]
    counts = verdict.counts
    if (counts) earlier = []
    previous = link
  }
  return verdict
}

function isCertified(envelope: Envelope): envelope is Certified {
  return isCertificate(envelope) || isProvisional(envelope)
}

function peerOf(envelope: Certified): Key {
  return isCertificate(envelope) ? envelope.body.peer : envelope.body.key
}

/** @param earlier labels before `previous` that must be covered too, as `previous` is void */
function judgeLink(
  state: State,
  link: Envelope<Certificate>,
  previous: Certified,
  earlier: readonly Labels[],
): Judgement {
  if (link.body.serial !== previous.body.serial + 1) {
    return isVoid('E_SEQ', `its serial is ${link.body.serial}, and must be ${previous.body.serial + 1}`)
  }
  const own = judgeAuthority(state, link)
  if (!own.counts) return own
  const sets = [link.body.labels, previous.body.labels, ...earlier]
  for (const tip of state.law.tips) {
    const verdict = judgeEnroller(state, tip, link, sets)
    if (!verdict.counts) return verdict
  }
  return COUNTS
}

/** Whatever the clock says; `certificateOf` asks that. */
function judgeProvisional(state: State, envelope: Envelope<Provisional>): Judgement {
  const { id, body } = envelope
  if (notUnderstood(body).length > 0) return isVoid('E_NEWER', 'this build does not understand it')
  const invite = state.entries.get(body.inviteId)
  if (invite === undefined || !isInvite(invite)) return isVoid('E_UNKNOWN_KEY', 'its invite is not here')
  const confirmed = isConfirmedByRight(state, id)
  for (const tip of state.law.tips) {
    if (tip.revokes.member.has(body.key)) return isVoid('E_REVOKED', 'its peer is revoked')
    const revokes = tip.revokes.invite.get(body.invite) ?? []
    if (!confirmed && revokes.some((revoke) => !revoke.body.keep.includes(id))) {
      return isVoid('E_REVOKED', 'its invite is revoked')
    }
  }
  const { authority, overused } = standingOf(state, invite)
  if (!authority.counts) return authority
  if (!confirmed && overused) {
    return isVoid('E_OVERUSED', `its invite was for ${invite.body.uses} peers, and more have used it`)
  }
  return COUNTS
}

/** The same for all who used an invite. */
function standingOf(state: State, invite: Envelope<Invite>): { authority: Judgement; overused: boolean } {
  const known = state.memberships.byInvite.get(invite.id)
  if (known !== undefined) return known
  const standing = { authority: judgeInvite(state, invite), overused: isOverused(state, invite) }
  state.memberships.byInvite.set(invite.id, standing)
  return standing
}

/** As the entry itself, but for its own revocation, of which confirmed and kept peers are free. */
function judgeInvite(state: State, invite: Envelope<Invite>): Judgement {
  if (state.law.tips.length === 0) return isVoid('E_SCOPE', 'no charter is in force')
  for (const tip of state.law.tips) {
    const revokedFeed = (tip.revokes.feed.get(invite.body.key) ?? []).some(
      (revoke) => !isBelow(state, state.law, invite.body.key, revoke.body.heads, invite.id),
    )
    if (revokedFeed) return isVoid('E_REVOKED', 'the feed of its invite is revoked')
    const verdict = judgeEnroller(state, tip, invite, [invite.body.labels])
    if (!verdict.counts) return verdict
  }
  return COUNTS
}

function isConfirmedByRight(state: State, id: Cid): boolean {
  if (!isConfirmed(state, id)) return false
  return (state.namedBy.get(id) ?? []).some((by) => {
    const above = state.entries.get(by)
    return above !== undefined && isCertificate(above) && judgeEntry(state, above).counts
  })
}

export function isOverused(state: State, { id, body }: Envelope<Invite>): boolean {
  // Mostly there are not even enough certificates, let alone peers.
  const certificates = state.invites.get(id)?.provisionals.length ?? 0
  return certificates > body.uses && peersOf(state, id).length > body.uses
}

/** Distinct peers that hold a provisional certificate of this invite, by key. */
export function peersOf(state: State, inviteId: Cid): readonly Key[] {
  return [...new Set(provisionalsOf(state, inviteId).map((envelope) => envelope.body.key))].toSorted()
}
