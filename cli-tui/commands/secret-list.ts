import type { Context, Invocation } from '../command.ts'
import { EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { daemonOf } from '../mesh/daemon.ts'
import { grid } from '../out/grid.ts'
import type { Paint } from '../out/paint.ts'
import { listed, plural, safe } from '../out/text.ts'
import { secretFile, secretFolder } from '../secrets/folder.ts'
import type { SecretFolder } from '../secrets/folder.ts'
import { secretRows } from '../secrets/state.ts'
import type { SecretRow } from '../secrets/state.ts'
import { folderSource } from '../source/folder.ts'

/** `chorus secret list --json`. */
export interface SecretListOutput {
  readonly policy: string
  readonly secrets: readonly SecretRow[]
  /** Secrets that each node finds by itself. */
  readonly onNode: readonly { readonly name: string; readonly source: 'file' | 'exec' }[]
  /** Nodes of the policy that have no file of a secret, since they lack a label that its name uses. */
  readonly unnamed: readonly { readonly name: string; readonly pattern: string; readonly nodes: readonly string[] }[]
}

export async function run(context: Context, { args }: Invocation): Promise<Exit> {
  const dir = args[0] ?? '.'
  const client = await daemonOf(context)
  const [{ mesh }, { nodes }] = await Promise.all([client.status(), client.nodes()])
  const folder = await secretFolder(context, dir, nodes)
  const there = folderSource(folder.dir).files.map(({ path }) => path)
  const data: SecretListOutput = {
    policy: folder.policy,
    secrets: secretRows(folder, mesh, there, (file) => secretFile(folder.dir, file)),
    onNode: onNode(folder),
    unnamed: folder.readers
      .filter(({ unnamed }) => unnamed.length > 0)
      .map(({ name, pattern, unnamed }) => ({ name, pattern, nodes: unnamed.map(({ node }) => node.name).sort() })),
  }
  context.out.result('secrets', data, human)
  return EXIT.done
}

function onNode({ secrets }: SecretFolder): SecretListOutput['onNode'] {
  return Object.entries(secrets).flatMap(([name, source]) =>
    'age' in source ? [] : [{ name, source: 'file' in source ? ('file' as const) : ('exec' as const) }],
  )
}

const SAYS: Readonly<Record<SecretRow['state'], readonly [colour: 'green' | 'yellow' | 'red' | 'dim', text: string]>> =
  {
    ok: ['green', 'ok'],
    rekey: ['yellow', 'rekey'],
    absent: ['yellow', 'not set'],
    damaged: ['red', 'damaged'],
    unused: ['dim', 'no reader'],
  }

function human(data: SecretListOutput, paint: Paint): string {
  const rows = data.secrets.map((row) => [
    paint('bold', safe(row.name)),
    safe(row.file),
    row.version === null ? '' : `${row.version}`,
    paint(...SAYS[row.state]),
    `${row.readers.length === 0 ? 'nobody' : listed(row.readers.map((name) => safe(name)))}${row.also.length === 0 ? '' : ` + ${plural(row.also.length, 'key')}`}`,
  ])
  const table = grid(
    paint,
    [{ title: 'SECRET' }, { title: 'FILE' }, { title: 'VERSION' }, { title: 'STATE' }, { title: 'READERS' }],
    rows,
  )
  const own = data.onNode.map(
    ({ name, source }) => `${safe(name)}: ${source === 'file' ? 'a file of each node' : 'a command on each node'}\n`,
  )
  const notes = [
    ...data.secrets.flatMap(notesOf),
    ...data.unnamed.map(
      ({ name, pattern, nodes }) =>
        `${listed(nodes.map((node) => safe(node)))} ${nodes.length === 1 ? 'has' : 'have'} no file of ${safe(name)}: ${safe(pattern)} uses a label that ${nodes.length === 1 ? 'it does' : 'they do'} not have\n`,
    ),
  ]
  if (table === '' && own.length === 0) return `${safe(data.policy)} declares no secrets\n`
  return `${table}${own.join('')}${notes.length === 0 ? '' : `\n${notes.join('')}`}`
}

function notesOf({ name, file, state, missing, keyless, strangers }: SecretRow): string[] {
  const who = (names: readonly string[]): string => listed(names.map((one) => safe(one)))
  return [
    ...(state === 'rekey' && missing.length > 0
      ? [`${who(missing)} cannot read ${safe(file)} yet: chorus secret rekey DIR\n`]
      : []),
    ...(state === 'rekey' && strangers > 0
      ? [`${plural(strangers, 'recipient')} of ${safe(file)} should not read it any more: rekey, and set a new value\n`]
      : []),
    ...(state === 'absent'
      ? [`${safe(name)} has no value for ${who(missing)}: chorus secret set ${safe(file)}\n`]
      : []),
    ...(state === 'unused' ? [`no node here has the labels for ${safe(file)}\n`] : []),
    ...(state === 'damaged'
      ? [`${safe(file)} is no secret ${safe(name)} of this policy and mesh: chorus secret set ${safe(file)}\n`]
      : []),
    ...(keyless.length > 0
      ? [`${who(keyless)} cannot read any secret: no age key in the certificate; it gets one by joining again\n`]
      : []),
  ]
}
