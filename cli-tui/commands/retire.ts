import type { Context, Invocation } from '../command.ts'
import { CliError } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { confirmed } from '../input/confirm.ts'
import { daemonOf } from '../mesh/daemon.ts'
import { publishDraft } from '../mesh/publish.ts'
import { versionsOf } from '../mesh/versions.ts'

export async function run(context: Context, { args, options }: Invocation): Promise<Exit> {
  const client = await daemonOf(context)
  const policy = args[0] ?? ''
  const versions = await versionsOf(client, policy)
  const head = versions.find((version) => version.head && version.counts) ?? versions[0]
  if (head === undefined || head.action === 'retire') throw new CliError('E_NOT_FOUND', `${policy} is retired already`)
  await confirmed(context, options, `End ${policy} on every node?`)
  return publishDraft(context, client, options, {
    policy,
    action: 'retire',
    selector: head.selector ?? 'true',
    after: [],
    onFork: 'newest',
    rollout: null,
    bundle: null,
    uses: [],
    meta: { repo: '', commit: '', dirty: false },
    message: `retire ${policy}`,
  })
}
