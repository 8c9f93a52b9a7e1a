import { buildVersion, seal } from '../../node/core/index.ts'
import type { Signer } from '../../node/core/index.ts'
import type { ControlClient, Published, PublishRequest } from '../../node/control/index.ts'
import { hasher } from '../../node/index.ts'
import type { Context } from '../command.ts'
import { CliError } from '../errors.ts'
import { ledgerOf } from './ledger.ts'

/** Signs a version with an operator's or CI's key file and hands it in; the daemon only carries it. */
export async function publishWithKey(
  context: Context,
  client: ControlClient,
  signer: Signer,
  request: PublishRequest,
  alone: boolean,
): Promise<Published> {
  const ledger = await ledgerOf(client)
  if (ledger.roleOf(signer.key) === null) {
    throw new CliError(
      'E_NOT_ALLOWED',
      `the key ${signer.key} has no grant in this mesh`,
      `Ask a root for: chorus grant ${signer.key} --publish ${request.policy}`,
    )
  }
  const { policy, action, selector, after, onFork, rollout, bundle, uses, meta } = request
  const body = buildVersion(ledger, signer.key, {
    at: context.io.now(),
    policy,
    action,
    selector,
    after,
    onFork,
    rollout,
    bundle,
    uses,
    meta,
  })
  const sent = await client.submit(seal(body, [signer], hasher).bytes)
  const heldBy =
    bundle === null || request.local || alone || !sent.counts
      ? 0
      : (await client.held(bundle.cid, request.timeoutMs)).heldBy
  return {
    id: sent.id,
    policy,
    seq: body.seq,
    parents: [...body.parents],
    counts: sent.counts,
    code: sent.code,
    reason: sent.reason,
    heldBy,
  }
}
