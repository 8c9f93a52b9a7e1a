import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { BackupRecord } from '../../node/index.ts'
import type { Context, Invocation } from '../command.ts'
import { CliError, EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { bytes, safe, stamp } from '../out/text.ts'

interface Copy extends BackupRecord {
  readonly store: string
}

interface CopyRow {
  readonly id: string
  readonly path: string
  /** When it was overwritten, ms since 1970. */
  readonly at: number
  readonly bytes: number
  readonly mode: string
}

/** `chorus restore --json`: what was put back, or with `--list` what there is, newest first. */
export interface RestoreOutput {
  readonly restored: CopyRow | null
  readonly copies: readonly CopyRow[]
}

/** Works without the daemon: the store is a folder that only its owner can read. */
export async function run(context: Context, { args, options }: Invocation): Promise<Exit> {
  const [given] = args
  const path = given === undefined ? undefined : resolve(context.io.cwd, given)
  const { listBackups, openHost } = await import('../../node/index.ts')
  const stores = [join(context.stateDir, 'backup'), join(context.stateDir, 'converge', 'backup')].filter(existsSync)
  const copies = stores
    .flatMap((store): Copy[] => listBackups(store).map((record) => ({ ...record, store })))
    .filter((copy) => path === undefined || copy.path === path)
    .toSorted((a, b) => b.at - a.at)
  if (options.flag('list')) return list(context, copies)
  if (path === undefined) throw new CliError('E_USAGE', 'restore wants a PATH, or --list to show what there is')
  const wanted = options.text('id')
  const copy = copies.find(({ id }) => wanted === undefined || id.startsWith(wanted))
  if (copy === undefined) {
    const which = wanted === undefined ? '' : ` that starts with ${wanted}`
    const hint = 'See all of them with "chorus restore --list".'
    throw new CliError('E_NOT_FOUND', `the backup store in ${context.stateDir} has no copy of ${path}${which}`, hint)
  }
  const host = openHost({ backupDir: copy.store })
  // What is there now is kept as well: restoring again brings it back.
  if (host.lstat(path)?.kind === 'file') await host.backup(path)
  await host.restore(copy.id, path, { mode: copy.mode, uid: copy.uid, gid: copy.gid })
  await host.flush()
  const restored = rowOf(copy)
  context.out.result<RestoreOutput>(
    'restore',
    { restored, copies: [] },
    () => `${safe(path)} is as it was until ${stamp(copy.at)} (${bytes(copy.bytes)})`,
  )
  context.out.note(
    'A policy that manages this file will put its own content back: "chorus hold REASON" keeps it for now.',
  )
  return EXIT.done
}

function list(context: Context, copies: readonly Copy[]): Exit {
  context.out.result<RestoreOutput>('restore', { restored: null, copies: copies.map(rowOf) }, (data) =>
    data.copies.length === 0
      ? 'no copies'
      : data.copies
          .map((row) => `${stamp(row.at)}  ${row.id.slice(0, 12)}  ${bytes(row.bytes)}  ${safe(row.path)}`)
          .join('\n'),
  )
  return EXIT.done
}

function rowOf({ id, path, at, bytes: size, mode }: Copy): CopyRow {
  return { id, path, at, bytes: size, mode: mode.toString(8).padStart(4, '0') }
}
