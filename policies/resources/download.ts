import { z } from 'zod'
import { LIMITS } from '../limits.ts'
import { accountName, cleanPath, duration, durationMs, foldersAbove, hostPath, octalMode } from './attributes.ts'
import { bytesOf, checksum, hex, shownUrl, url } from './fetched.ts'
import { attributesFor, attributeStep, makeFoldersAbove, refuse } from './file-step.ts'
import { Trace } from './file-trace.ts'
import { rewindFile, undoFile } from './file-undo.ts'
import { defineType, KEPT, type TypeContext, type Typed } from './type.ts'
import type { Entry } from '../host.ts'

const schema = z.object({
  url: url.describe('where it is fetched from'),
  checksum: checksum.describe('SHA-256 of its content: what comes with another one is refused'),
  path: hostPath.describe('the file that it becomes'),
  mode: octalMode.optional().describe('permission bits in quotes; a new file has "0644"'),
  owner: accountName.optional().describe('the user it belongs to'),
  group: accountName.optional().describe('the group it belongs to'),
  maxSize: z
    .int()
    .positive()
    .max(LIMITS.downloadMaxBytes)
    .optional()
    .describe('bytes that it may have; 1 GiB if nothing is said'),
  timeout: duration.optional().describe('until fetching is stopped; 30m if nothing is said'),
})

type DownloadResource = Typed<z.output<typeof schema>>

/** One object for each checksum, by which a file is recognised that was compared before. */
const identities = new Map<string, object>()
const IDENTITIES_MAX = 1_000

function identity(sum: string): object {
  const known = identities.get(sum) ?? { sum }
  if (identities.size >= IDENTITIES_MAX) identities.clear()
  identities.set(sum, known)
  return known
}

export const download = defineType({
  name: 'download',
  summary: 'A file from a URL, with the checksum that it must have.',
  schema,
  claims: ({ attrs }) => [`path:${cleanPath(attrs.path)}`],
  needs: ({ attrs }) => [
    ...foldersAbove(cleanPath(attrs.path)).map((folder) => `path:${folder}`),
    ...(attrs.owner === undefined ? [] : [`user:${attrs.owner}`]),
    ...(attrs.group === undefined ? [] : [`group:${attrs.group}`]),
  ],
  watchPaths: ({ attrs }) => [cleanPath(attrs.path)],
  async check(context, { attrs }) {
    const { host } = context
    const path = cleanPath(attrs.path)
    const entry = host.lstat(path)
    if (entry !== null && entry.kind !== 'file' && entry.kind !== 'link') return refuse(path, entry, 'a file')
    const wishes = { mode: attrs.mode, owner: attrs.owner, group: attrs.group, freshMode: 0o644 }
    if (entry?.kind !== 'file' || !(await hasChecksum(context, path, entry, attrs.checksum))) {
      return {
        ok: false,
        changes: [`fetch ${shownUrl(context, attrs.url)}`],
        apply: () => fetchTo(context, attrs, path, entry),
      }
    }
    const step = attributeStep(context, path, entry, wishes)
    if (step === null) return KEPT
    return {
      ok: false,
      changes: step.changes,
      async apply() {
        const trace = new Trace(context.remembered)
        await step.run(trace)
        context.remember(trace.asValue())
      },
    }
  },
  undo: (context) => undoFile(context),
  rewind: (context) => rewindFile(context),
})

async function hasChecksum(context: TypeContext, path: string, entry: Entry, sum: string): Promise<boolean> {
  const { host, seen } = context
  const object = identity(sum)
  if (seen?.matches(path, entry, object) === true) return true
  const same = `sha256:${hex(await host.hashFile(path, context.signal))}` === sum
  if (same) seen?.note(path, entry, object, host.now())
  return same
}

async function fetchTo(
  context: TypeContext,
  attrs: DownloadResource['attrs'],
  path: string,
  entry: Entry | null,
): Promise<void> {
  const { host } = context
  const timeoutMs = attrs.timeout === undefined ? LIMITS.packagesMs : durationMs(attrs.timeout)
  const trace = new Trace(context.remembered)
  const wishes = { mode: attrs.mode, owner: attrs.owner, group: attrs.group, freshMode: 0o644 }
  const attributes = attributesFor(context, entry?.kind === 'file' ? entry : null, wishes)
  makeFoldersAbove(context, path, trace)
  const staged = host.stage(path, attributes)
  try {
    const origin = { url: attrs.url, checksum: attrs.checksum, timeoutMs }
    for await (const part of bytesOf(context, origin, attrs.maxSize ?? LIMITS.downloadBytes)) staged.write(part)
    if (entry !== null) await trace.keep(host, path, entry)
  } catch (error) {
    staged.discard()
    throw error
  }
  await staged.commit()
  if (entry === null) trace.add(path)
  context.remember(trace.asValue())
}
