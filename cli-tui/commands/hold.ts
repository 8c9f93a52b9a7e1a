import type { Context, Invocation } from '../command.ts'
import { CliError, EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { daemonOf } from '../mesh/daemon.ts'
import { stamp } from '../out/text.ts'

/** `chorus hold --json`. */
export interface HoldOutput {
  readonly held: true
  readonly reason: string
  readonly until: number | null
}

export async function run(context: Context, { args, options }: Invocation): Promise<Exit> {
  const reason = (args[0] ?? '').trim()
  if (reason === '') throw new CliError('E_USAGE', 'hold wants a reason, for those who will wonder')
  const time = options.duration('for')
  const until = time === undefined ? null : context.io.now() + time
  await (await daemonOf(context)).hold(reason, until)
  context.out.result<HoldOutput>('hold', { held: true, reason, until }, (data) =>
    data.until === null ? 'on hold until "chorus unhold"' : `on hold until ${stamp(data.until)}`,
  )
  return EXIT.done
}
