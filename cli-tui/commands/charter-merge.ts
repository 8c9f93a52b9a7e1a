import { nextCharter } from '../../node/core/index.ts'
import type { Context, Invocation } from '../command.ts'
import { CliError, EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { rootSigners } from '../keys/signers.ts'
import { needed, signAndSend } from '../mesh/charter.ts'
import { daemonOf } from '../mesh/daemon.ts'
import { ledgerOf } from '../mesh/ledger.ts'

/** `chorus charter merge --json` when there is nothing to merge; else see CharterOutput. */
export interface MergeOutput {
  readonly merged: 0
}

export async function run(context: Context, { options }: Invocation): Promise<Exit> {
  const client = await daemonOf(context)
  const ledger = await ledgerOf(client)
  const rivals = ledger.charters.inForce
  if (rivals.length < 2) {
    context.out.result<MergeOutput>(
      'charter',
      { merged: 0 },
      () => 'One charter is in force: there is nothing to merge.',
    )
    return EXIT.done
  }
  const base = options.text('base')
  const found =
    base === undefined
      ? undefined
      : rivals.filter((charter) => charter.id.startsWith(base) || charter.id.endsWith(base))
  if (found !== undefined && found.length !== 1)
    throw new CliError(
      'E_NOT_FOUND',
      `no single rival charter has the id "${base ?? ''}"`,
      'chorus charter lists them.',
    )
  const [chosen] = found ?? []
  const next = nextCharter(ledger, {
    issuedAt: context.io.now(),
    ...(chosen === undefined ? { merge: 'union' } : { base: chosen.id, merge: 'base' }),
  })
  const sets = rivals.map((charter) => charter.body.roots)
  const signers = await rootSigners(context, options, { keys: sets.flatMap((set) => [...set.keys]), threshold: 1 })
  await signAndSend(context, client, next, signers, needed(sets), `merges ${rivals.length} rivals`)
  return EXIT.done
}
