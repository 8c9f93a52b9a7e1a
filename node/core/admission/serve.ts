import type { EngineState } from '../engine/state.ts'
import { judgeNow } from '../engine/state.ts'
import { LIMITS } from '../limits.ts'
import type { Ledger } from '../ledger/types.ts'
import { isFeed, isProvisional } from '../records/guards.ts'
import type { Cid, Envelope } from '../records/types.ts'
import { chartersAbove, records } from '../sync/answers.ts'
import type { AdmissionFrame, AdmissionPull, Hello } from './frames.ts'

/** What this node says of itself in a handshake, and what it gives to someone whom it has accepted. */
export function ownHello(state: EngineState): Hello {
  const { certificate, invite } = ownPapers(state)
  const tips = state.durable.charters.inForce
    .slice(0, LIMITS.admission.tips)
    .map(({ id, body }) => ({ epoch: body.epoch, n: body.n, cid: id }))
  const { mesh } = state.ledger.env
  return { type: 'hello', wire: 1, agent: state.settings.agent, mesh, tips, certificate, invite }
}

/** The certificate in force; before the first sync the one that `join` made. */
function ownPapers(state: EngineState): { certificate: Uint8Array | null; invite: Uint8Array | null } {
  const { certificate } = state.durable.certificateOf(state.self, judgeNow(state))
  if (certificate === null) return state.settings.credentials ?? { certificate: null, invite: null }
  if (!isProvisional(certificate)) return { certificate: certificate.bytes, invite: null }
  const invite = state.durable.get(certificate.body.inviteId)?.bytes ?? state.settings.credentials?.invite ?? null
  return { certificate: certificate.bytes, invite }
}

/** @param room bytes that this handshake may still move */
export function answerPull(state: EngineState, pull: AdmissionPull, room: number): AdmissionFrame {
  const found = pullFrom(state, pull)
  // One charter may be as long as all that fits into a frame.
  const { envelopes, more } = records(found, Math.min(LIMITS.sync.answerBytes, Math.max(0, room / 2)))
  return { type: 'records', envelopes, more }
}

function pullFrom(state: EngineState, pull: AdmissionPull): readonly Envelope[] {
  const ledger = state.durable
  if (pull.kind === 'charters') return chartersAbove(ledger, pull.have)
  if (pull.kind === 'feed') return ledger.between(pull.key, pull.have, LIMITS.admission.records + 1)
  return proof(ledger, ownSigned(state))
}

/** The feed entry on which this node's membership rests: its certificate, or its invite. */
function ownSigned(state: EngineState): Cid | null {
  const { certificate } = state.durable.certificateOf(state.self, judgeNow(state))
  if (certificate === null) return null
  return isProvisional(certificate) ? certificate.body.inviteId : certificate.id
}

/** From the heads of its feed down to the entry, newest first: each is named by one before it or by the charter. */
function proof(ledger: Ledger, id: Cid | null): readonly Envelope[] {
  const entry = id === null ? undefined : ledger.get(id)
  if (entry === undefined || !isFeed(entry)) return []
  return [...ledger.between(entry.body.key, [entry.id]).toReversed(), entry]
}
