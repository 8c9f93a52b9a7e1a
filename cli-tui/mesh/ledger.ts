import type { Envelope, Ledger } from '../../node/core/index.ts'
import { decodeEnvelope, emptyLedger, verifyEnvelope } from '../../node/core/index.ts'
import type { ControlClient } from '../../node/control/index.ts'
import { createVerifier, hasher } from '../../node/index.ts'
import { evaluateSelector } from '../../policies/index.ts'
import { CliError } from '../errors.ts'

/**
 * The daemon's ledger, built again here: what a command that signs starts from. Charters are verified here as well, because a root key must
 * not sign what a daemon made up.
 */
export async function ledgerOf(client: ControlClient): Promise<Ledger> {
  const { mesh } = await client.status()
  const verifier = createVerifier()
  const envelopes: Envelope[] = []
  for await (const { bytes } of client.records()) {
    const envelope = decodeEnvelope(bytes, hasher)
    if (envelope.family === 'charter' && !verifyEnvelope(envelope, verifier)) {
      throw new CliError(
        'E_NOT_ALLOWED',
        `the daemon gave a charter whose signatures are not valid (${envelope.id}): do not sign anything on this machine`,
      )
    }
    envelopes.push(envelope)
  }
  const selects = (
    selector: string,
    node: { readonly labels: Readonly<Record<string, string>>; readonly name: string },
  ): boolean =>
    evaluateSelector(selector, { labels: node.labels, facts: {}, node: { name: node.name, id: '' } }).selected
  const { ledger } = emptyLedger({ mesh, selects }).add(envelopes)
  if (ledger.charters.current === null)
    throw new CliError('E_NOT_FOUND', 'this node has no charter yet: wait until it has met a member of the mesh')
  return ledger
}
