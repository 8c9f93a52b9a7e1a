import type { Context, Invocation } from '../command.ts'
import { CliError, EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { changeCharter, charterInForce } from '../mesh/charter.ts'
import { daemonOf } from '../mesh/daemon.ts'
import { ledgerOf } from '../mesh/ledger.ts'
import { whoIs } from '../mesh/who.ts'

export async function run(context: Context, { args, options }: Invocation): Promise<Exit> {
  const client = await daemonOf(context)
  const [ledger, { nodes }] = [await ledgerOf(client), await client.nodes()]
  const { body } = charterInForce(ledger)
  const who = whoIs(context, args[0] ?? '', nodes, body.grants)
  const enrollers = body.enrollers.filter((line) => line.key !== who.key)
  if (enrollers.length === body.enrollers.length)
    throw new CliError('E_NOT_FOUND', `${who.name} is no enroller`, 'chorus charter lists the enrollers.')
  if (enrollers.length === 0)
    context.out.warn('this was the last enroller: nobody can invite nodes until another is added')
  await changeCharter(context, client, options, ledger, { enrollers }, `${who.name} may not enrol nodes any more`)
  return EXIT.done
}
