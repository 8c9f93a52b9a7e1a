import { CoreError } from '../errors.ts'
import { isFeed } from '../records/guards.ts'
import { RECORD_LIMITS } from '../records/limits.ts'
import type {
  Certificate,
  Cid,
  Envelope,
  Invite,
  Key,
  Labels,
  Leave,
  Millis,
  Provisional,
  Revoke,
  Version,
} from '../records/types.ts'
import type { Ledger } from './types.ts'

/** Bodies of everything but charters, ready to be signed (`seal`): they take their place in chain and DAG from the ledger. */

function feedHeader(ledger: Ledger, key: Key, at: Millis) {
  const charter = ledger.charters.current
  if (charter === null) throw new CoreError('E_CHARTER', 'No charter is here yet: sync with a member first.')
  // Heads are in order of their CIDs; more than 8 are joined by the entries that follow.
  const feedPrev = (ledger.feed(key)?.heads ?? []).slice(0, RECORD_LIMITS.parents)
  const hint = { n: charter.body.n, cid: charter.id }
  const feedSeq = 1 + Math.max(0, ...feedPrev.map((id) => seqOf(ledger.get(id))))
  return { v: 1, mesh: ledger.env.mesh, key, crit: [], feedSeq, feedPrev, charter: hint, at } as const
}

function seqOf(envelope: Envelope | undefined): number {
  return envelope !== undefined && isFeed(envelope) ? envelope.body.feedSeq : 0
}

export type NewVersion = Pick<Version, 'at' | 'policy' | 'action' | 'selector' | 'bundle' | 'uses' | 'meta'> &
  Partial<Pick<Version, 'after' | 'rollout' | 'onFork' | 'requires' | 'parents' | 'crit'>>

/** Names the heads that count as parents (8 of the highest seq), unless the caller names others. */
export function buildVersion(ledger: Ledger, key: Key, version: NewVersion): Version {
  const heads = ledger.policy(version.policy)?.countingHeads ?? []
  const parents = version.parents ?? heads.slice(0, RECORD_LIMITS.parents).map((head) => head.id)
  const seqs = parents.map((id) => {
    const parent = ledger.get(id)
    return parent !== undefined && 'seq' in parent.body ? parent.body.seq : 0
  })
  return {
    ...feedHeader(ledger, key, version.at),
    type: 'feed/version',
    after: [],
    rollout: null,
    onFork: 'newest',
    requires: { chorus: '' },
    ...version,
    parents: parents.toSorted(),
    seq: 1 + Math.max(0, ...seqs),
  }
}

export type NewInvite = Pick<Invite, 'at' | 'invite' | 'labels' | 'expires' | 'uses'> & Partial<Pick<Invite, 'name'>>

export function buildInvite(ledger: Ledger, key: Key, invite: NewInvite): Invite {
  return { ...feedHeader(ledger, key, invite.at), type: 'feed/invite', ...invite }
}

export interface NewCertificate {
  readonly at: Millis
  readonly peer: Key
  /** What is not given is taken over from the certificate that this one replaces. */
  readonly name?: string
  readonly labels?: Labels
  readonly ageRecipient?: string
  readonly notAfter?: Millis
}

/**
 * Confirms, renames or relabels: replaces the peer's certificate in force (or the best that it has). An enroller's first
 * certificate for itself has serial 0.
 * @throws CoreError E_UNKNOWN_KEY if the peer never joined, E_NOT_ALLOWED if a first one lacks name or recipient
 */
export function buildCertificate(ledger: Ledger, key: Key, wish: NewCertificate): Certificate {
  const { certificate } = ledger.certificateOf(wish.peer, wish.at)
  const header = { ...feedHeader(ledger, key, wish.at), type: 'feed/certificate', peer: wish.peer } as const
  const notAfter = wish.notAfter === undefined ? {} : { notAfter: wish.notAfter }
  if (certificate !== null) {
    const { name, labels, ageRecipient, serial } = certificate.body
    return {
      ...header,
      name: wish.name ?? name,
      labels: wish.labels ?? labels,
      ageRecipient: wish.ageRecipient ?? ageRecipient,
      serial: serial + 1,
      replaces: certificate.id,
      ...notAfter,
    }
  }
  if (wish.peer !== key) {
    throw new CoreError(
      'E_UNKNOWN_KEY',
      `The peer ${wish.peer} has no certificate here: invite it, and let it join first.`,
    )
  }
  if (wish.name === undefined) throw new CoreError('E_NOT_ALLOWED', 'A first certificate needs a name.')
  return {
    ...header,
    name: wish.name,
    labels: wish.labels ?? {},
    ageRecipient: wish.ageRecipient ?? '',
    serial: 0,
    ...notAfter,
  }
}

export interface NewProvisional {
  readonly at: Millis
  readonly peer: Key
  /** Needed if the invite fixes none. */
  readonly name?: string
  readonly ageRecipient: string
}

/** To be signed by the invite's key and by the peer's. @throws CoreError E_NOT_ALLOWED without a name */
export function buildProvisional(invite: Envelope<Invite>, wish: NewProvisional): Provisional {
  const { mesh, name = wish.name, labels } = invite.body
  if (name === undefined) throw new CoreError('E_NOT_ALLOWED', 'The invite fixes no name: give this node one.')
  return {
    v: 1,
    type: 'set/provisional',
    mesh,
    key: wish.peer,
    crit: [],
    invite: invite.body.invite,
    inviteId: invite.id,
    name,
    labels,
    serial: 0,
    ageRecipient: wish.ageRecipient,
    at: wish.at,
  }
}

export interface NewRevoke {
  readonly at: Millis
  readonly what: Revoke['what']
  /** A feed's key, a member's key, or an invite's public key. */
  readonly target: Key
  /** What stays valid of a feed: all that is here now, nothing, or up to these heads. @default 'none' */
  readonly heads?: 'now' | 'none' | readonly Cid[]
  /** Provisional certificates of an invite that stay. */
  readonly keep?: readonly Cid[]
}

/** @throws CoreError E_NOT_ALLOWED if the target is or was a root or recovery key */
export function buildRevoke(ledger: Ledger, key: Key, wish: NewRevoke): Revoke {
  const untouchable = ledger.charters.all.some(
    ({ body }) => body.roots.keys.includes(wish.target) || body.recovery.keys.includes(wish.target),
  )
  if (untouchable) {
    throw new CoreError(
      'E_NOT_ALLOWED',
      `${wish.target} is or was a root or recovery key: only a charter can replace it.`,
    )
  }
  const { heads = 'none', keep = [] } = wish
  const now = ledger.feed(wish.target)?.heads ?? []
  const valid = heads === 'now' ? now.slice(0, RECORD_LIMITS.heads) : heads === 'none' ? [] : heads
  return {
    ...feedHeader(ledger, key, wish.at),
    type: 'feed/revoke',
    what: wish.what,
    target: wish.target,
    heads: valid,
    keep,
  }
}

/** Says that this peer leaves. @throws CoreError E_UNKNOWN_KEY if it is no member */
export function buildLeave(ledger: Ledger, peer: Key, at: Millis): Leave {
  const { certificate, serial } = ledger.certificateOf(peer, at)
  if (certificate === null) throw new CoreError('E_UNKNOWN_KEY', `The peer ${peer} has no certificate here.`)
  return { v: 1, type: 'set/leave', mesh: ledger.env.mesh, key: peer, crit: [], serial, at }
}
