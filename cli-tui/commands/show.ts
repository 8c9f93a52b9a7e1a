import type { ControlClient, RecordView } from '../../node/control/index.ts'
import type { Context, Invocation } from '../command.ts'
import { CliError, EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { policyText, readBundle } from '../mesh/bundles.ts'
import { daemonOf } from '../mesh/daemon.ts'
import { findNode } from '../mesh/names.ts'
import { currentOf, versionNamed, versionsOf } from '../mesh/versions.ts'
import { facts } from '../out/grid.ts'
import type { Paint } from '../out/paint.ts'
import { bytes, safe } from '../out/text.ts'
import { countingHeads, entryOutput } from './log.ts'
import type { LogEntryOutput } from './log.ts'
import { run as showNode } from './nodes.ts'

/** `chorus show RECORD --json`. Bytes in `body` are hex. */
export interface ShowOutput {
  readonly id: string
  readonly type: string
  readonly counts: boolean
  readonly code: string | null
  readonly reason: string
  readonly signers: readonly string[]
  readonly body: Readonly<Record<string, unknown>>
}
/** `chorus show POLICY --json`. `text` is the compiled policy; null if its bundle is not held here. */
export interface ShowVersionOutput {
  readonly version: LogEntryOutput
  readonly text: string | null
  readonly files: readonly { readonly path: string; readonly size: number; readonly executable: boolean }[]
}

/** CIDs of records start like this. */
const RECORD = /^bafy[a-z2-7]+$/

export async function run(context: Context, input: Invocation): Promise<Exit> {
  const client = await daemonOf(context)
  if (input.options.flag('resolved')) return (await import('./show-resolved.ts')).run(context, input)
  const what = input.args[0]
  if (what === undefined)
    throw new CliError('E_USAGE', 'show wants a record, a policy or a node', 'Without one there is only --resolved.')
  if (RECORD.test(what)) return showRecord(context, await client.record(what))
  const [policy = '', version] = what.split('@', 2)
  const known = (await client.log()).entries
  if (known.some((entry) => entry.policy === policy)) return showVersion(context, client, policy, version)
  const { nodes } = await client.nodes()
  if (findNode(nodes, what) !== undefined) return showNode(context, input)
  // The end of an id, as other commands show it.
  const ending = what.length < 6 ? [] : known.filter((entry) => entry.id.endsWith(what))
  const [one] = ending
  if (one !== undefined && ending.length === 1) return showRecord(context, await client.record(one.id))
  const { didYouMean } = await import('../input/suggest.ts')
  const names = [...new Set([...known.flatMap((entry) => entry.policy ?? []), ...nodes.map((node) => node.name)])]
  throw new CliError(
    'E_NOT_FOUND',
    `"${what}" is no record, policy or node here${didYouMean(policy, names)}`,
    'See "chorus log" and "chorus nodes".',
  )
}

async function showVersion(
  context: Context,
  client: ControlClient,
  policy: string,
  version: string | undefined,
): Promise<Exit> {
  const versions = await versionsOf(client, policy)
  const chosen = version === undefined ? (currentOf(versions) ?? versions[0]) : versionNamed(versions, version)
  if (chosen === undefined) throw new CliError('E_NOT_FOUND', `${policy} has no version`)
  const bundle = chosen.bundle === null ? undefined : await readBundle(client, chosen.bundle.cid).catch(() => undefined)
  const data: ShowVersionOutput = {
    version: entryOutput(chosen, countingHeads(versions)),
    text: bundle === undefined ? null : policyText(bundle.policy),
    files: (bundle?.root.files ?? []).map(({ path, size, executable }) => ({ path, size, executable })),
  }
  context.out.result('version', data, versionText)
  return EXIT.done
}

function versionText({ version, text, files }: ShowVersionOutput, paint: Paint): string {
  const head = facts(paint, [
    [
      'policy',
      `${paint('bold', `${safe(version.policy ?? '')}@${version.seq ?? '?'}`)}${version.winner ? paint('green', '  in force') : ''}`,
    ],
    ['id', version.id],
    [
      'by',
      `${safe(version.author.name) || version.author.key}${version.message === '' ? '' : `: ${safe(version.message)}`}`,
    ],
    ['void', version.counts ? undefined : `${version.code ?? ''} ${safe(version.reason)}`],
    ['action', version.action === 'apply' ? undefined : (version.action ?? undefined)],
    ['parents', version.parents.length === 0 ? undefined : version.parents.join(' ')],
    ['bundle', version.bundle === null ? undefined : `${version.bundle.cid}, ${bytes(version.bundle.size)}`],
  ])
  const listing = files
    .map((file) => `${file.executable ? 'x' : '-'} ${bytes(file.size).padStart(9)}  ${safe(file.path)}\n`)
    .join('')
  const missing = version.bundle === null ? '' : paint('yellow', '\nIts bundle is not held here.\n')
  return `${head}${text === null ? missing : `\n${safe(text, true)}`}${listing === '' ? '' : `\n${paint('dim', 'files')}\n${listing}`}`
}

function showRecord(context: Context, record: RecordView): Exit {
  const { id, type, counts, code, reason, signers, body } = record
  context.out.result<ShowOutput>('record', { id, type, counts, code, reason, signers, body }, (data, paint) => {
    const state = data.counts ? paint('green', 'counts') : paint('red', `void: ${data.code ?? ''} ${safe(data.reason)}`)
    const head = facts(paint, [
      ['record', data.id],
      ['type', data.type],
      ['state', state],
      ['signed by', data.signers.join(' ')],
    ])
    return `${head}\n${safe(JSON.stringify(data.body, undefined, 2), true)}\n`
  })
  return EXIT.done
}
