import { userInfo } from 'node:os'
import type { Key } from '../../node/core/index.ts'
import type { ControlClient, NodeRow, Published, PublishRequest } from '../../node/control/index.ts'
import type { Context } from '../command.ts'
import type { Exit } from '../errors.ts'
import { CliError, EXIT } from '../errors.ts'
import type { Options } from '../input/options.ts'
import { safe, short } from '../out/text.ts'
import { signerOf } from '../keys/signers.ts'
import { publishWithKey } from './publish-key.ts'
import { reportWait, WAIT_MS, waitFor } from './wait.ts'
import type { WaitOutput } from './wait.ts'

/** What publish, rollback and retire print. `wait` is null without `--wait`. */
export interface PublishOutput {
  readonly id: string
  readonly policy: string
  readonly seq: number
  readonly action: 'apply' | 'retire'
  readonly parents: readonly string[]
  readonly bundle: { readonly cid: string; readonly size: number } | null
  /** False: the version is void. `code` and `reason` say why. */
  readonly counts: boolean
  readonly code: string | null
  readonly reason: string
  /** Peers that said that they hold the bundle. */
  readonly heldBy: number
  readonly wait: WaitOutput | null
}

export type Draft = Omit<PublishRequest, 'local' | 'timeoutMs' | 'meta'> & {
  readonly meta: Omit<PublishRequest['meta'], 'by' | 'message'>
  readonly message: string
}

/** Signs a draft with the node's key or with `--key`, publishes it, and waits if asked to. */
export async function publishDraft(
  context: Context,
  client: ControlClient,
  options: Options,
  draft: Draft,
): Promise<Exit> {
  const { message, ...rest } = draft
  const timeoutMs = options.duration('timeout')
  const request: PublishRequest = {
    ...rest,
    meta: { ...draft.meta, by: claimedAuthor(), message: options.text('message') ?? message },
    local: options.flag('local'),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  }
  const keyFile = options.text('key')
  const signer = keyFile === undefined ? undefined : await signerOf(context, options, keyFile)
  const before = await client.status()
  const alone = before.fleet.nodes <= 1
  const progress = context.out.progress(
    alone || request.local ? 'publishing' : 'publishing, until another peer holds the bundle',
  )
  let published: Published
  try {
    published =
      signer === undefined
        ? await client.publish({ ...request, local: request.local || alone })
        : await publishWithKey(context, client, signer, request, alone)
  } finally {
    progress.stop()
  }
  const wait =
    options.flag('wait') && published.counts
      ? await waitFor(
          context,
          client,
          {
            policy: draft.policy,
            version: published.id,
            action: draft.action,
            selected: await selectedBy(client, draft, signer?.key ?? before.node.key),
          },
          timeoutMs ?? WAIT_MS,
        )
      : null
  context.out.result<PublishOutput>(
    'publish',
    outputOf(published, draft, wait),
    (data, paint) =>
      `${paint('bold', `${safe(data.policy)}@${data.seq}`)} ${data.action === 'retire' ? 'retired' : 'published'}  ${paint('dim', short(data.id))}\n`,
  )
  if (!published.counts)
    throw new CliError(
      'E_NOT_ALLOWED',
      `the version is in the ledger and void: ${published.reason} (${published.code ?? 'void'})`,
      'Ask a root for a grant that covers this policy: chorus grant.',
    )
  if (published.parents.length > 1) context.out.note(`It merges ${published.parents.length} heads of a fork.`)
  return wait === null ? EXIT.done : reportWait(context, wait)
}

/** For a retired policy whoever runs it now; else whom the policy's selector and the author's grant choose. */
async function selectedBy(
  client: ControlClient,
  draft: Draft,
  author: Key,
): Promise<(nodes: readonly NodeRow[]) => ReadonlySet<string>> {
  const [{ grantedKeys, selectedKeys }, { chartersOf }] = await Promise.all([
    import('./select.ts'),
    import('./charters.ts'),
  ])
  const charters = chartersOf((await client.charter()).tips).map((envelope) => envelope.body)
  const verb = draft.action === 'retire' ? 'retire' : 'publish'
  const running = new Set(
    (await client.nodes()).nodes.filter((node) => node.policies[draft.policy] !== undefined).map((node) => node.key),
  )
  return (nodes) => {
    const granted = grantedKeys(nodes, charters, author, draft.policy, verb)
    const wanted = draft.action === 'retire' ? running : selectedKeys(nodes, draft.selector)
    return new Set([...wanted].filter((key) => granted.has(key)))
  }
}

function outputOf(published: Published, draft: Draft, wait: WaitOutput | null): PublishOutput {
  const { id, policy, seq, parents, counts, code, reason, heldBy } = published
  return { id, policy, seq, action: draft.action, parents, bundle: draft.bundle, counts, code, reason, heldBy, wait }
}

/** Shown as claimed; the key says who it was. */
function claimedAuthor(): string {
  try {
    return userInfo().username
  } catch {
    return ''
  }
}
