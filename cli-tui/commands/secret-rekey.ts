import { resolve } from 'node:path'
import { openSecret, PolicyError, readSecretHeader } from '../../policies/index.ts'
import type { AgeIdentity } from '../../node/index.ts'
import type { Context, Invocation } from '../command.ts'
import { CliError, EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { daemonOf } from '../mesh/daemon.ts'
import { plural, safe } from '../out/text.ts'
import { secretFile, secretFolder } from '../secrets/folder.ts'
import type { SecretFolder } from '../secrets/folder.ts'
import { writeSecret } from '../secrets/seal.ts'
import { secretRows } from '../secrets/state.ts'
import type { SecretRow } from '../secrets/state.ts'
import { folderSource } from '../source/folder.ts'

/** `chorus secret rekey --json`. */
export interface SecretRekeyOutput {
  readonly policy: string
  readonly files: readonly {
    readonly name: string
    readonly file: string
    readonly result: 'kept' | 'rekeyed' | 'unreadable' | 'skipped'
    readonly readers: readonly string[]
    readonly reason: string
  }[]
}

type Row = SecretRekeyOutput['files'][number]

export async function run(context: Context, { args, options }: Invocation): Promise<Exit> {
  const dir = args[0] ?? '.'
  const client = await daemonOf(context)
  const [{ mesh }, { nodes }] = await Promise.all([client.status(), client.nodes()])
  const folder = await secretFolder(context, dir, nodes)
  const there = folderSource(folder.dir).files.map(({ path }) => path)
  const rows = secretRows(folder, mesh, there, (file) => secretFile(folder.dir, file))
  const work = { context, folder, mesh, file: options.text('identity'), force: options.flag('force') }
  const files: Row[] = []
  for (const row of rows) files.push(await rekey(work, row))
  const data: SecretRekeyOutput = { policy: folder.policy, files }
  context.out.result('secrets', data, (shown, paint) =>
    shown.files.length === 0
      ? `${safe(shown.policy)} has no encrypted secrets\n`
      : shown.files
          .map(({ file, result, reason }) => {
            const colour = result === 'unreadable' ? 'red' : result === 'rekeyed' ? 'green' : 'dim'
            return `${paint(colour, result.padEnd(10))} ${safe(file)}  ${safe(reason)}\n`
          })
          .join(''),
  )
  const unreadable = files.filter(({ result }) => result === 'unreadable')
  if (unreadable.length > 0)
    throw new CliError(
      'E_NOT_ALLOWED',
      `${plural(unreadable.length, 'file')} cannot be opened with the key of this node${work.file === undefined ? '' : ' or of --identity'}`,
      'Give a key that can with --identity FILE, or set the value again: chorus secret set FILE.',
    )
  return EXIT.done
}

interface Work {
  readonly context: Context
  readonly folder: SecretFolder
  readonly mesh: string
  /** An age identity beside the node's. */
  readonly file: string | undefined
  readonly force: boolean
}

async function rekey(work: Work, row: SecretRow): Promise<Row> {
  const { folder, mesh } = work
  const { name, file, state, readers, version } = row
  const told = (result: Row['result'], reason: string): Row => ({ name, file, result, readers, reason })
  if (state === 'ok' && !work.force) return told('kept', 'its recipients are its readers')
  const bytes = secretFile(folder.dir, file)
  if (bytes === undefined || version === null || state === 'damaged')
    return told('skipped', bytes === undefined ? 'it has no value yet' : 'it is no secret of this policy and mesh')
  const nodes = recipientsOf(folder, name, file)
  const { also } = readSecretHeader(bytes).recipients
  if (nodes.length + also.length === 0) return told('skipped', 'no node here can read it')
  const value = await opened(work, bytes, name)
  if (value === undefined) return told('unreadable', 'it is not encrypted for this key')
  await writeSecret(folder.dir, file, { mesh, policy: folder.policy, name, version }, value, { nodes, also })
  const left =
    row.strangers === 0
      ? ''
      : `; ${plural(row.strangers, 'key')} less: who had it may have kept the value, so set a new one`
  return told('rekeyed', `for ${plural(nodes.length, 'node')}${left}`)
}

function recipientsOf({ readers }: SecretFolder, name: string, file: string): readonly string[] {
  const found = readers.find((one) => one.name === name)?.files.find((one) => one.file === file)
  return (found?.readers ?? []).flatMap(({ recipient }) => recipient ?? [])
}

/** The value, by the first key that opens it; undefined if none does. */
async function opened(
  { context, folder, mesh, file }: Work,
  bytes: Uint8Array,
  name: string,
): Promise<Uint8Array | undefined> {
  for (const identity of await identities(context, file)) {
    try {
      return await openSecret(bytes, { mesh, policy: folder.policy, name }, identity.decrypt)
    } catch (error) {
      // It opened, and is not what it says to be.
      if (error instanceof PolicyError) throw error
    }
  }
  return undefined
}

async function identities(context: Context, file: string | undefined): Promise<readonly AgeIdentity[]> {
  const { ageIdentity, readIdentity } = await import('../../node/index.ts')
  if (file !== undefined)
    return [await readIdentity(resolve(context.io.cwd, file)), await ageIdentity(context.stateDir)]
  return [await ageIdentity(context.stateDir)]
}
