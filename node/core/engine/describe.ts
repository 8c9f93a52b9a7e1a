import { isCertificate, isInvite, isProvisional, isVersion } from '../records/guards.ts'
import type { Envelope } from '../records/types.ts'

/** A record in a few words, for events: `web/site seq 3`, `the certificate 2 of web-1`. */
export function describe(envelope: Envelope): string {
  if (isVersion(envelope)) {
    const { policy, seq, action } = envelope.body
    return action === 'retire' ? `the end of ${policy} (seq ${seq})` : `${policy} seq ${seq}`
  }
  if (isCertificate(envelope)) return `certificate ${envelope.body.serial} of ${envelope.body.name}`
  if (isProvisional(envelope)) return `the provisional certificate of ${envelope.body.name}`
  if (isInvite(envelope)) return `an invite for ${envelope.body.name ?? 'any name'}`
  return `a ${envelope.body.type}`
}
