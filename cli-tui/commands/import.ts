import { resolve } from 'node:path'
import type { ControlClient } from '../../node/control/index.ts'
import type { Entry } from '../archive/archive.ts'
import { openArchive } from '../archive/archive.ts'
import type { Context, Invocation } from '../command.ts'
import { CliError, EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { bundlesIn } from '../archive/bundles.ts'
import { daemonOf } from '../mesh/daemon.ts'
import { plural, safe } from '../out/text.ts'

/** `chorus import --json`. */
export interface ImportOutput {
  readonly admitted: number
  readonly known: number
  readonly refused: readonly { readonly id: string; readonly code: string; readonly reason: string }[]
  readonly blocks: number
}

export async function run(context: Context, { args }: Invocation): Promise<Exit> {
  const client = await daemonOf(context)
  const file = resolve(context.io.cwd, args[0] ?? '')
  const { head } = await openArchive(file)
  if (head.kind === 'export') {
    const { mesh, meshName } = await client.status()
    if (head.mesh !== mesh)
      throw new CliError(
        'E_ARCHIVE',
        `${file} is of the mesh ${head.meshName ?? head.mesh ?? '?'}, and this node belongs to ${meshName}`,
      )
  }
  const progress = context.out.progress('importing')
  let data: ImportOutput
  try {
    // The whole file is checked before any of it is taken in.
    for await (const _ of (await openArchive(file)).entries);
    const records =
      head.kind === 'export' ? await client.importRecords(only(file, 'R')) : { admitted: 0, known: 0, refused: [] }
    data = { ...records, blocks: await importBlocks(client, file) }
  } finally {
    progress.stop()
  }
  context.out.result('import', data, (shown) => {
    const refused = shown.refused.map((record) => `    ${record.code} ${safe(record.reason)}\n`).join('')
    return `${plural(shown.admitted, 'new record')}, ${shown.known} known, ${shown.refused.length} refused, ${plural(shown.blocks, 'block')}\n${refused}`
  })
  return data.refused.length > 0 ? EXIT.error : EXIT.done
}

async function* only(file: string, tag: Entry['tag']): AsyncGenerator<Entry> {
  for await (const entry of (await openArchive(file)).entries) if (entry.tag === tag) yield entry
}

async function importBlocks(client: ControlClient, file: string): Promise<number> {
  let stored = 0
  for await (const bundle of bundlesIn(only(file, 'B'))) stored += (await client.putBlocks(bundle)).stored
  return stored
}
