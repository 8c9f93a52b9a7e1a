import { rolloutFor } from '../../policies/index.ts'
import type { Context, Invocation } from '../command.ts'
import { EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { daemonOf } from '../mesh/daemon.ts'
import { rootFirst } from '../mesh/blocks.ts'
import { publishDraft } from '../mesh/publish.ts'
import { facts } from '../out/grid.ts'
import { bytes, plural } from '../out/text.ts'
import { buildFolder } from '../source/compile.ts'
import type { Built } from '../source/compile.ts'
import { checkClaims } from '../source/claims.ts'
import { checkForNodes } from '../source/expand.ts'
import { checkSecrets } from '../source/secrets.ts'
import { checkFirstWave } from '../source/waves.ts'
import { gitMeta } from '../source/git.ts'

/** `chorus publish --dry-run --json`. Without --dry-run see PublishOutput. */
export interface DryRunOutput {
  readonly policy: string
  readonly select: string
  readonly bundle: string
  readonly size: number
  readonly resources: readonly string[]
  readonly uses: readonly string[]
  readonly files: readonly string[]
}

export async function run(context: Context, { args, options }: Invocation): Promise<Exit> {
  const built = await buildFolder(context, args[0] ?? '.', options.pairs('set'))
  if (options.flag('dry-run')) return dryRun(context, built)
  const { policy, bundle, uses, dir } = built
  const client = await daemonOf(context)
  const { nodes } = await client.nodes()
  checkForNodes(context, built, nodes, options.flag('partial'))
  checkFirstWave(context, built, nodes, options.flag('partial'))
  if (policy.secrets !== undefined)
    checkSecrets(context, built, (await client.status()).mesh, nodes, options.flag('partial'))
  const progress = context.out.progress(`handing ${bytes(bundle.size)} to the daemon`)
  try {
    await client.putBlocks(rootFirst(bundle))
  } finally {
    progress.stop()
  }
  await checkClaims(context, client, built, nodes, options.flag('partial'))
  const { repo, commit, dirty } = await gitMeta(dir)
  return publishDraft(context, client, options, {
    policy: policy.policy,
    action: 'apply',
    selector: policy.select,
    after: [...policy.after],
    onFork: policy.extra['onFork'] === 'hold' ? 'hold' : 'newest',
    rollout: rolloutFor(policy),
    bundle: { cid: bundle.root.cid, size: bundle.size },
    uses: [...uses],
    meta: { repo, commit, dirty },
    message: '',
  })
}

function dryRun(context: Context, { policy, bundle, uses }: Built): Exit {
  const data: DryRunOutput = {
    policy: policy.policy,
    select: policy.select,
    bundle: bundle.root.cid,
    size: bundle.size,
    resources: policy.resources.map((resource) => resource.key),
    uses,
    files: bundle.content.files.map((file) => file.path),
  }
  context.out.result('dry-run', data, (shown, paint) =>
    facts(paint, [
      ['policy', paint('bold', shown.policy)],
      ['select', shown.select],
      ['bundle', `${shown.bundle}, ${bytes(shown.size)}, ${plural(shown.files.length, 'file')}`],
      ['resources', shown.resources.join(' ')],
    ]),
  )
  context.out.note('Nothing was published. What it would change here: chorus plan DIR')
  return EXIT.done
}
