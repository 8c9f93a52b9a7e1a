import { resolve } from 'node:path'
import type { Entry } from '../archive/archive.ts'
import { writeArchive } from '../archive/archive.ts'
import type { Context, Invocation } from '../command.ts'
import { EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { bytes, plural } from '../out/text.ts'
import { buildFolder } from '../source/compile.ts'

/** `chorus build --json`. */
export interface BuildOutput {
  readonly policy: string
  /** CID of the bundle's root: the same for the same folder on any machine. */
  readonly bundle: string
  readonly size: number
  readonly files: number
  readonly file: string
}

export async function run(context: Context, { args, options }: Invocation): Promise<Exit> {
  const { policy, bundle } = await buildFolder(context, args[0] ?? '.', options.pairs('set'))
  const file = resolve(context.io.cwd, options.text('output') ?? `${policy.policy.replaceAll('/', '-')}.bundle`)
  const progress = context.out.progress(`writing ${bytes(bundle.size)}`)
  try {
    await writeArchive(
      file,
      { chorus: 'archive/1', kind: 'bundle', root: bundle.root.cid, size: bundle.size },
      entries(bundle.blocks),
      options.flag('force'),
    )
  } finally {
    progress.stop()
  }
  context.out.result<BuildOutput>(
    'build',
    { policy: policy.policy, bundle: bundle.root.cid, size: bundle.size, files: bundle.content.files.length, file },
    (data, paint) =>
      `${data.file}: ${data.policy}, ${bytes(data.size)}, ${plural(data.files, 'file')}\n${paint('dim', `bundle ${data.bundle}`)}\n`,
  )
  return EXIT.done
}

function* entries(blocks: Iterable<{ readonly cid: string; readonly bytes: Uint8Array }>): Generator<Entry> {
  for (const block of blocks) yield { tag: 'B', ...block }
}
