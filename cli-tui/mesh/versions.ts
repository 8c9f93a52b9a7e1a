import type { ControlClient, LogEntry } from '../../node/control/index.ts'
import { CliError } from '../errors.ts'
import { didYouMean } from '../input/suggest.ts'
import { listed, short } from '../out/text.ts'

export type VersionEntry = LogEntry & { readonly policy: string; readonly seq: number }

/** All versions of a policy, highest seq first. @throws CliError E_NOT_FOUND with a suggestion */
export async function versionsOf(client: ControlClient, policy: string): Promise<readonly VersionEntry[]> {
  const { entries } = await client.log(policy)
  const versions = entries.filter(isVersion).sort((a, b) => b.seq - a.seq || (a.id < b.id ? -1 : 1))
  if (versions.length > 0) return versions
  const known = [...new Set((await client.log()).entries.flatMap((entry) => entry.policy ?? []))].sort()
  throw new CliError(
    'E_NOT_FOUND',
    `no version of "${policy}" is known here${didYouMean(policy, known)}`,
    known.length === 0 ? 'Nothing was published yet.' : `Known policies: ${listed(known)}.`,
  )
}

const isVersion = (entry: LogEntry): entry is VersionEntry =>
  entry.type === 'feed/version' && entry.policy !== null && entry.seq !== null

/** The version that `text` means: a sequence number, or (the start or the shown end of) an id. @throws CliError E_NOT_FOUND, E_AMBIGUOUS */
export function versionNamed(versions: readonly VersionEntry[], text: string): VersionEntry {
  const bySeq = /^\d+$/.test(text) ? versions.filter((version) => version.seq === Number(text)) : []
  const byId = versions.filter(({ id }) => id.startsWith(text) || (text.length >= 6 && id.endsWith(text)))
  const found = bySeq.length > 0 ? bySeq : byId
  const policy = versions[0]?.policy ?? ''
  if (found.length > 1)
    throw new CliError(
      'E_AMBIGUOUS',
      `${policy} has several versions "${text}": ${listed(found.map((version) => short(version.id)))}; name one by its id`,
    )
  const [one] = found
  if (one === undefined)
    throw new CliError(
      'E_NOT_FOUND',
      `${policy} has no version "${text}"`,
      `It has ${listed(versions.map((version) => `${version.seq} (${short(version.id)})`))}.`,
    )
  return one
}

/** What is in force here, else the newest that counts. */
export function currentOf(versions: readonly VersionEntry[]): VersionEntry | undefined {
  return (
    versions.find((version) => version.winner) ??
    versions.find((version) => version.counts && version.head) ??
    versions.find((version) => version.counts)
  )
}
