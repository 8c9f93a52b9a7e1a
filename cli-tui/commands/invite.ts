import type { Context, Invocation } from '../command.ts'
import { EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { checkNodeName } from '../input/name.ts'
import { daemonOf } from '../mesh/daemon.ts'
import { plural, stamp } from '../out/text.ts'

/** `chorus invite --json`. */
export interface InviteOutput {
  readonly token: string
  /** Id of the invite, for `chorus revoke`. */
  readonly id: string
  readonly expires: number
  readonly uses: number
}

export async function run(context: Context, { options }: Invocation): Promise<Exit> {
  const uses = options.count('uses') ?? 1
  const name = options.text('name')
  if (name !== undefined) checkNodeName(name)
  const expiresMs = options.duration('expires')
  const client = await daemonOf(context)
  const made = await client.invite({
    ...(name === undefined ? {} : { name }),
    labels: options.pairs('label'),
    uses,
    ...(expiresMs === undefined ? {} : { expiresMs }),
  })
  context.out.result<InviteOutput>(
    'invite',
    { token: made.token, id: made.id, expires: made.expires, uses },
    (data) => data.token,
  )
  if (!context.out.json) {
    context.out.note(
      `For ${plural(uses, 'machine')}, until ${stamp(made.expires)}. On the new machine: chorus join TOKEN && chorus up`,
    )
    context.out.note(`The token is a secret. Take it back with: chorus revoke ${made.id.slice(0, 20)}`)
  }
  return EXIT.done
}
