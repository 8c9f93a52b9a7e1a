import type { Charter, Envelope } from '../../node/core/index.ts'
import { decodeEnvelope } from '../../node/core/index.ts'
import type { CharterView } from '../../node/control/index.ts'
import { hasher } from '../../node/index.ts'

/** Charters out of the daemon's answer. */
export function chartersOf(rows: CharterView['tips']): readonly Envelope<Charter>[] {
  return rows.map((row) => decodeEnvelope(Buffer.from(row.envelope, 'base64'), hasher)).filter(isCharter)
}

const isCharter = (envelope: Envelope): envelope is Envelope<Charter> => envelope.body.type === 'charter'
