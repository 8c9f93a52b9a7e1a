import type { Context, Invocation } from '../command.ts'
import { CliError } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { daemonOf } from '../mesh/daemon.ts'
import { publishDraft } from '../mesh/publish.ts'
import { currentOf, versionNamed, versionsOf } from '../mesh/versions.ts'
import type { VersionEntry } from '../mesh/versions.ts'

export async function run(context: Context, { args, options }: Invocation): Promise<Exit> {
  const client = await daemonOf(context)
  const policy = args[0] ?? ''
  const versions = await versionsOf(client, policy)
  const current = currentOf(versions)
  const target = args[1] === undefined ? before(versions, current, policy) : versionNamed(versions, args[1])
  if (target.action === 'retire' || target.bundle === null)
    throw new CliError(
      'E_USAGE',
      `${policy}@${target.seq} retired the policy: there is nothing to return to; use "chorus retire"`,
    )
  const { body } = await client.record(target.id)
  return publishDraft(context, client, options, {
    policy,
    action: 'apply',
    selector: target.selector ?? 'true',
    after: texts(body['after']),
    onFork: body['onFork'] === 'hold' ? 'hold' : 'newest',
    // What is wrong must go everywhere at once, and the content was in force before.
    rollout: null,
    bundle: target.bundle,
    uses: texts(body['uses']),
    meta: metaOf(body['meta']),
    message: `rollback to ${policy}@${target.seq}`,
  })
}

/** The newest older version with other content: what an operator means by "back". */
function before(versions: readonly VersionEntry[], current: VersionEntry | undefined, policy: string): VersionEntry {
  const older = versions.find(
    (version) =>
      version.counts &&
      version.bundle !== null &&
      version.seq < (current?.seq ?? 0) &&
      version.bundle.cid !== current?.bundle?.cid,
  )
  if (older === undefined)
    throw new CliError(
      'E_NOT_FOUND',
      `${policy} has no earlier version with other content`,
      'chorus log shows its versions.',
    )
  return older
}

const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []

/** The old version's origin stays true of the new one, which has the same content. */
function metaOf(value: unknown): { repo: string; commit: string; dirty: boolean } {
  const meta = typeof value === 'object' && value !== null ? value : {}
  const text = (name: string): string => {
    const found: unknown = Reflect.get(meta, name)
    return typeof found === 'string' ? found : ''
  }
  return { repo: text('repo'), commit: text('commit'), dirty: Reflect.get(meta, 'dirty') === true }
}
