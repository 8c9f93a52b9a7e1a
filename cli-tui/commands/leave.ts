import type { Context, Invocation } from '../command.ts'
import { EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { confirmed } from '../input/confirm.ts'
import { daemonOf } from '../mesh/daemon.ts'

/** `chorus leave --json`. */
export interface LeaveOutput {
  readonly left: string
  readonly note: string
}

export async function run(context: Context, { options }: Invocation): Promise<Exit> {
  const client = await daemonOf(context)
  const { node, meshName } = await client.status()
  await confirmed(context, options, `Take ${node.name} out of the mesh ${meshName} for good?`)
  const { note } = await client.leave()
  context.out.result<LeaveOutput>(
    'leave',
    { left: node.name, note },
    (data) => `${data.left} has left; what policies set up stays as it is. Stop the daemon now.`,
  )
  return EXIT.done
}
