import { resolve } from 'node:path'
import type { ControlClient } from '../../node/control/index.ts'
import type { Entry } from '../archive/archive.ts'
import { writeArchive } from '../archive/archive.ts'
import type { Context, Invocation } from '../command.ts'
import { CliError, EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { daemonOf } from '../mesh/daemon.ts'
import { bytes, plural } from '../out/text.ts'

/** `chorus export --json`. `skipped`: bundles that this node does not hold whole. */
export interface ExportOutput {
  readonly file: string
  readonly mesh: string
  readonly records: number
  readonly bundles: number
  readonly skipped: readonly string[]
  readonly bytes: number
}

export async function run(context: Context, { args, options }: Invocation): Promise<Exit> {
  const fleet = options.text('fleet')
  if (fleet !== undefined && args[0] === undefined) {
    const { exportFleet } = await import('../sim/export-fleet.ts')
    return await exportFleet(context, fleet, options.flag('force'))
  }
  if (fleet !== undefined || args[0] === undefined)
    throw new CliError('E_USAGE', 'name one file: FILE for records and bundles, or --fleet FILE for a simulation')
  const client = await daemonOf(context)
  const file = resolve(context.io.cwd, args[0])
  const { mesh, meshName } = await client.status()
  const counts = { records: 0, bundles: 0, skipped: new Array<string>() }
  const progress = context.out.progress('exporting')
  let written
  try {
    const entries = everything(client, options.flag('bundles') ? await bundlesWorthKeeping(client) : [], counts)
    written = await writeArchive(
      file,
      { chorus: 'archive/1', kind: 'export', mesh, meshName },
      entries,
      options.flag('force'),
    )
  } finally {
    progress.stop()
  }
  context.out.result<ExportOutput>(
    'export',
    { file, mesh, ...counts, bytes: written.bytes },
    (data) =>
      `${data.file}: ${plural(data.records, 'record')}, ${plural(data.bundles, 'bundle')}, ${bytes(data.bytes)}\n`,
  )
  if (counts.skipped.length > 0)
    context.out.warn(`${plural(counts.skipped.length, 'bundle')} left out, because this node does not hold them`)
  return EXIT.done
}

/** Bundles of every head that counts: what a node that gets the file may need. */
async function bundlesWorthKeeping(client: ControlClient): Promise<readonly string[]> {
  const { entries } = await client.log()
  return [
    ...new Set(
      entries
        .filter((entry) => entry.counts && (entry.head || entry.winner))
        .flatMap((entry) => entry.bundle?.cid ?? []),
    ),
  ]
}

async function* everything(
  client: ControlClient,
  bundles: readonly string[],
  counts: { records: number; bundles: number; skipped: string[] },
): AsyncGenerator<Entry> {
  for await (const record of client.records()) {
    counts.records++
    yield { tag: 'R', ...record }
  }
  for (const cid of bundles) {
    try {
      for await (const block of client.bundle(cid)) yield { tag: 'B', ...block }
      counts.bundles++
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'E_NOT_FOUND')) throw error
      counts.skipped.push(cid)
    }
  }
}
