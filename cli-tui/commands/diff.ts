import { unifiedDiff } from '../../policies/index.ts'
import type { Context, Invocation } from '../command.ts'
import { CliError, EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { policyText, readBundle } from '../mesh/bundles.ts'
import type { ReadBundle } from '../mesh/bundles.ts'
import { daemonOf } from '../mesh/daemon.ts'
import { versionNamed, versionsOf } from '../mesh/versions.ts'
import type { VersionEntry } from '../mesh/versions.ts'
import { diffText } from '../out/outcomes.ts'
import type { Paint } from '../out/paint.ts'
import { safe, short } from '../out/text.ts'

/** `chorus diff --json`. `diff` is unified; `policy` is the compiled policy, the others are files. */
export interface DiffOutput {
  readonly policy: string
  readonly from: { readonly id: string; readonly seq: number }
  readonly to: { readonly id: string; readonly seq: number }
  readonly select: { readonly from: string; readonly to: string } | null
  readonly changes: readonly { readonly path: string; readonly diff: string }[]
}

export async function run(context: Context, { args }: Invocation): Promise<Exit> {
  const client = await daemonOf(context)
  const policy = args[0] ?? ''
  const versions = await versionsOf(client, policy)
  const to = args[2] === undefined ? versions[0] : versionNamed(versions, args[2])
  if (to === undefined) throw new CliError('E_NOT_FOUND', `${policy} has no version`)
  const from = args[1] === undefined ? parentOf(versions, to) : versionNamed(versions, args[1])
  const [before, after] = [await bundleOf(from), await bundleOf(to)]
  const data: DiffOutput = {
    policy,
    from: { id: from.id, seq: from.seq },
    to: { id: to.id, seq: to.seq },
    select: from.selector === to.selector ? null : { from: from.selector ?? '', to: to.selector ?? '' },
    changes: changesBetween(before, after),
  }
  context.out.result('diff', data, human)
  return EXIT.done

  async function bundleOf(version: VersionEntry): Promise<ReadBundle | undefined> {
    return version.bundle === null ? undefined : readBundle(client, version.bundle.cid)
  }
}

function parentOf(versions: readonly VersionEntry[], to: VersionEntry): VersionEntry {
  const parent =
    versions.find((version) => to.parents.includes(version.id)) ?? versions.find((version) => version.seq < to.seq)
  if (parent === undefined)
    throw new CliError(
      'E_NOT_FOUND',
      `${to.policy}@${to.seq} is the first version: there is nothing before it`,
      'See it with "chorus show".',
    )
  return parent
}

function changesBetween(before: ReadBundle | undefined, after: ReadBundle | undefined): DiffOutput['changes'] {
  const old = partsOf(before)
  const fresh = partsOf(after)
  return [...new Set([...old.keys(), ...fresh.keys()])].sort().flatMap((path) => {
    const [a, b] = [old.get(path), fresh.get(path)]
    if (a?.id === b?.id) return []
    if (a !== undefined && a.bytes === undefined) return [{ path, diff: `${path}: too large to show\n` }]
    if (b !== undefined && b.bytes === undefined) return [{ path, diff: `${path}: too large to show\n` }]
    return [{ path, diff: unifiedDiff(path, a?.bytes ?? null, b?.bytes ?? new Uint8Array()) }]
  })
}

interface Part {
  readonly id: string
  readonly bytes: Uint8Array | undefined
}

/** The policy, its templates and its files, by name. */
function partsOf(bundle: ReadBundle | undefined): ReadonlyMap<string, Part> {
  if (bundle === undefined) return new Map()
  const text = (content: string): Part => ({ id: content, bytes: Buffer.from(content) })
  return new Map<string, Part>([
    ['policy', text(policyText(bundle.policy))],
    ...Object.entries(bundle.policy.templates).map(([name, content]) => [name, text(content)] as const),
    ...bundle.root.files.map(
      (file) =>
        [
          file.path,
          { id: `${file.chunks.join()}${file.executable ? ' x' : ''}`, bytes: bundle.content(file) },
        ] as const,
    ),
  ])
}

function human(data: DiffOutput, paint: Paint): string {
  const head = `${paint('bold', `${safe(data.policy)}@${data.from.seq} → @${data.to.seq}`)}  ${paint('dim', `${short(data.from.id)} → ${short(data.to.id)}`)}\n`
  const select = data.select === null ? '' : diffText(paint, `-select: ${data.select.from}\n+select: ${data.select.to}`)
  const changes = data.changes.map((change) => diffText(paint, change.diff)).join('')
  return `${head}${select}${changes}${select === '' && changes === '' ? 'The content is the same.\n' : ''}`
}
