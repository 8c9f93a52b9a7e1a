import type { Context } from '../command.ts'
import { EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { daemonOf } from '../mesh/daemon.ts'

/** `chorus unhold --json`. */
export interface UnholdOutput {
  readonly held: false
}

export async function run(context: Context): Promise<Exit> {
  await (await daemonOf(context)).unhold()
  context.out.result<UnholdOutput>('hold', { held: false }, () => 'the hold is over; converging')
  return EXIT.done
}
