import type { EngineState } from '../engine/state.ts'
import { judgeNow } from '../engine/state.ts'
import { covers } from '../ledger/law.ts'
import type { Ledger } from '../ledger/types.ts'
import { isCertificate, isInvite, isProvisional } from '../records/guards.ts'
import type { Certificate, Envelope, Invite, Key, Labels, Provisional } from '../records/types.ts'
import { isOlder, versionOf } from './version.ts'

/** Does this peer belong? A pure question to the ledger, the clock, and what the peer presents. */
export type Judged =
  | { readonly ok: true; readonly take: readonly Envelope[] }
  /** `unproven`: more records may change the answer. */
  | { readonly ok: false; readonly code: string; readonly reason: string; readonly unproven: boolean }

export interface Presented {
  readonly certificate: Envelope | null
  readonly invite: Envelope | null
  /** `chorus/1.2.3` */
  readonly agent: string
}

/** @param presented with valid signatures */
export function judgePeer(state: EngineState, peer: Key, presented: Presented): Judged {
  const { ledger } = state
  const take = [presented.invite, presented.certificate].filter((envelope) => envelope !== null)
  if (!state.synced && state.settings.trusted.includes(peer)) return { ok: true, take }
  if (ledger.charters.inForce.length === 0) {
    return no('E_CHARTER', 'this node has no charter yet, and its token does not name you', true)
  }
  const minVersion = ledger.charters.inForce.map((charter) => charter.body.minVersion)
  if (minVersion.some((least) => isOlder(versionOf(presented.agent), least))) {
    return no('E_NEWER', `the charter asks for version ${minVersion.join(', ')} or newer: upgrade`, false)
  }
  const wrong = wrongPaper(state, peer, presented)
  if (wrong !== null) return wrong
  // What is presented may be newer than what is here, or be all that there is; what is here may be newer as well.
  const trial = ledger.add(take).ledger
  const member = trial.certificateOf(peer, judgeNow(state))
  if (member.state === 'member') return { ok: true, take }
  if (member.state === 'none') return standsAlone(state, ledger, peer, presented, take)
  return no(member.code ?? 'E_UNKNOWN_KEY', member.reason ?? 'it is no member', false)
}

function no(code: string, reason: string, unproven: boolean): Judged {
  return { ok: false, code, reason, unproven }
}

function wrongPaper(state: EngineState, peer: Key, { certificate, invite }: Presented): Judged | null {
  if (certificate === null) return null
  const { mesh } = state.ledger.env
  if (certificate.body.mesh !== mesh || (invite !== null && invite.body.mesh !== mesh)) {
    return no('E_WRONG_MESH', 'its certificate or its invite is of another mesh', false)
  }
  const of = isCertificate(certificate)
    ? certificate.body.peer
    : isProvisional(certificate)
      ? certificate.body.key
      : null
  if (of !== peer) return no('E_BAD_SIG', 'its certificate is that of another peer', false)
  if (!isProvisional(certificate)) return null
  if (invite !== null && (!isInvite(invite) || invite.id !== certificate.body.inviteId)) {
    return no('E_MALFORMED', 'its invite is not the one that its certificate names', false)
  }
  return isExpired(state, certificate, invite)
}

/**
 * Asked only here, by a member that does not hold the certificate yet, and not in that member's own first sync: so an
 * invite's end stops strangers, and never someone who was let in before.
 */
function isExpired(state: EngineState, certificate: Envelope<Provisional>, presented: Envelope | null): Judged | null {
  if (!state.synced || state.ledger.has(certificate.id)) return null
  const held = state.ledger.get(certificate.body.inviteId)
  const invite = held !== undefined && isInvite(held) ? held : presented
  if (invite === null || !isInvite(invite) || judgeNow(state) <= invite.body.expires) return null
  return no('E_EXPIRED', 'its invite has expired: ask for a new one', false)
}

/**
 * The certificate's feed is not here as far as the certificate, so the ledger cannot take it yet: judge it by its
 * signature, its signer's role and the revocations. Sync brings the rest, and puts it right if something newer says no.
 */
function standsAlone(
  state: EngineState,
  ledger: Ledger,
  peer: Key,
  { certificate, invite }: Presented,
  take: readonly Envelope[],
): Judged {
  if (certificate === null) return no('E_UNKNOWN_KEY', 'it presents no certificate, and none is here', true)
  if (isRevoked(ledger, 'member', peer)) return no('E_REVOKED', 'its peer is revoked', false)
  if (isCertificate(certificate)) {
    if (hasEnded(certificate, state)) return no('E_EXPIRED', 'its certificate has ended', false)
    return mayEnroll(ledger, certificate, certificate.body.labels, take)
  }
  if (!isProvisional(certificate) || invite === null || !isInvite(invite)) {
    return no('E_UNKNOWN_KEY', 'its invite is not here, and it does not present it', true)
  }
  if (isRevoked(ledger, 'invite', invite.body.invite)) return no('E_REVOKED', 'its invite is revoked', false)
  if (invite.body.invite !== certificate.body.invite || !sameLabels(invite.body.labels, certificate.body.labels)) {
    return no('E_SCOPE', 'its certificate does not say what its invite says', false)
  }
  return mayEnroll(ledger, invite, invite.body.labels, take)
}

function mayEnroll(
  ledger: Ledger,
  signed: Envelope<Certificate> | Envelope<Invite>,
  labels: Labels,
  take: readonly Envelope[],
): Judged {
  // It is here, counts, and only what it replaces is not.
  const judgement = ledger.judge(signed.id)
  if (judgement?.counts === true || judgement?.code === 'E_FEED_GAP') return { ok: true, take }
  const role = ledger.roleOf(signed.body.key)
  if (role?.everywhere === true && role.enroller.some((line) => covers(line.labels, labels))) return { ok: true, take }
  if (role !== null && role.enroller.length > 0)
    return no('E_SCOPE', 'its labels are outside what its enroller may give', false)
  return no('E_UNPROVEN', 'the enroller of its certificate has no role here, and nothing proves that it had', true)
}

function isRevoked(ledger: Ledger, what: 'member' | 'invite', target: Key): boolean {
  return ledger
    .revocations()
    .some(({ id, body }) => body.what === what && body.target === target && ledger.judge(id)?.counts === true)
}

function hasEnded(certificate: Envelope<Certificate>, state: EngineState): boolean {
  const { notAfter } = certificate.body
  return notAfter !== undefined && judgeNow(state) > notAfter
}

function sameLabels(a: Labels, b: Labels): boolean {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && a[name] === b[name])
}
