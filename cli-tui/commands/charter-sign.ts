import type { Context, Invocation } from '../command.ts'
import { EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { signDraft } from '../mesh/charter.ts'
import { daemonOf } from '../mesh/daemon.ts'

export async function run(context: Context, { args, options }: Invocation): Promise<Exit> {
  await signDraft(context, await daemonOf(context), options, args[0] ?? '')
  return EXIT.done
}
