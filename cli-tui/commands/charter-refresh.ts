import type { Context, Invocation } from '../command.ts'
import { EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { changeCharter } from '../mesh/charter.ts'
import { daemonOf } from '../mesh/daemon.ts'
import { ledgerOf } from '../mesh/ledger.ts'
import { stamp } from '../out/text.ts'

const YEAR_MS = 365 * 86_400_000

export async function run(context: Context, { options }: Invocation): Promise<Exit> {
  const client = await daemonOf(context)
  const refreshBy = context.io.now() + (options.duration('for') ?? YEAR_MS)
  await changeCharter(
    context,
    client,
    options,
    await ledgerOf(client),
    { refreshBy },
    `fresh until ${stamp(refreshBy)}`,
  )
  return EXIT.done
}
