import { z } from 'zod'
import { PolicyError } from '../errors.ts'
import { TEMPORARY_PREFIX } from '../host.ts'
import { LIMITS } from '../limits.ts'
import { unpackInto, type TreeOptions } from './archive-tree.ts'
import { accountName, cleanPath, duration, durationMs, folderOf, foldersAbove, hostPath } from './attributes.ts'
import { bytesOf, checksum, hex, identityOf, shownUrl, url, type Origin } from './fetched.ts'
import { attributesFor, makeFoldersAbove } from './file-step.ts'
import { Trace } from './file-trace.ts'
import { removeOld, removeTree, MARKER, markerOf } from './archive-folders.ts'
import { fieldsOf } from './remembered.ts'
import { tarMembers, type ArchiveMember } from './tar.ts'
import { zipMembers } from './zip.ts'
import { defineType, KEPT, type TypeContext, type Typed } from './type.ts'

const schema = z
  .object({
    path: hostPath.describe('the folder that gets what is in the archive, and nothing else'),
    source: z.string().optional().describe('a tar, tar.gz or zip file of the policy folder'),
    url: url.optional().describe('or where such a file is fetched from'),
    checksum: checksum.optional().describe('with url: SHA-256 of the file'),
    creates: z
      .string()
      .regex(/^[^/\p{Cc}][^\p{Cc}]*$/u, 'must be a path within the folder')
      .optional()
      .describe('a path within the folder that the archive must bring, as in bin/shop'),
    strip: z.int().min(0).max(16).optional().describe('folders taken off the front of each name; 0 if nothing is said'),
    keep: z
      .int()
      .min(1)
      .max(1000)
      .optional()
      .describe(
        'how many unpacked archives stay beside each other in the folder above, the newest; all if nothing is said',
      ),
    owner: accountName.optional().describe('the user that all of it belongs to'),
    group: accountName.optional().describe('the group that all of it belongs to'),
    maxSize: z
      .int()
      .positive()
      .max(LIMITS.downloadMaxBytes)
      .optional()
      .describe('bytes that it may unpack to; 4 GiB if nothing is said'),
    timeout: duration.optional().describe('until fetching is stopped; 30m if nothing is said'),
  })
  .superRefine(({ source, url: from, checksum: sum }, issue) => {
    const problem = (message: string): void => issue.addIssue({ code: 'custom', message, path: [] })
    if ((source === undefined) === (from === undefined)) problem('an archive needs either source or url')
    if ((from === undefined) !== (sum === undefined)) problem('url and checksum go together')
  })

type ArchiveResource = Typed<z.output<typeof schema>>

export const archive = defineType({
  name: 'archive',
  summary: 'A folder with the content of a tar, tar.gz or zip file, unpacked beside it and then put in place at once.',
  schema,
  claims: ({ attrs }) => [`path:${cleanPath(attrs.path)}`],
  needs: ({ attrs }) => [
    ...foldersAbove(cleanPath(attrs.path)).flatMap((folder) => [`path:${folder}`, `mount:${folder}`]),
    ...(attrs.owner === undefined ? [] : [`user:${attrs.owner}`]),
    ...(attrs.group === undefined ? [] : [`group:${attrs.group}`]),
  ],
  watchPaths: ({ attrs }) => [cleanPath(attrs.path), `${cleanPath(attrs.path)}/${MARKER}`],
  check(context, { attrs }) {
    const { host } = context
    const path = cleanPath(attrs.path)
    const mark = markFor(context, attrs)
    const entry = host.lstat(path)
    if (entry !== null && entry.kind !== 'folder')
      throw new PolicyError('E_IN_THE_WAY', `${path} is no folder: move it away first`)
    const is = markerOf(host, path)
    const whole =
      attrs.creates === undefined || host.lstat(`${path}/${cleanPath(`/${attrs.creates}`).slice(1)}`) !== null
    if (entry !== null && is === mark && whole) return KEPT
    if (entry !== null && is === null && host.readdir(path, LIMITS.folderEntries).length > 0)
      throw new PolicyError('E_IN_THE_WAY', `${path} holds files that are not from an archive: move them away first`)
    const from = attrs.source ?? shownUrl(context, attrs.url ?? '')
    return {
      ok: false,
      changes: [entry === null ? `unpack ${from}` : `unpack ${from} again`],
      apply: () => unpack(context, attrs, mark),
    }
  },
  async undo(context) {
    const { path } = fieldsOf(context.remembered)
    if (typeof path !== 'string' || context.claimed(`path:${path}`) || markerOf(context.host, path) === null)
      return KEPT
    return { ok: false, changes: [`removal of ${path}`], apply: () => removeTree(context, path) }
  },
})

type ArchiveAttributes = ArchiveResource['attrs']

function originOf({ source, url: from, checksum: sum, timeout }: ArchiveAttributes): Origin {
  if (source !== undefined) return { source }
  return {
    url: from ?? '',
    checksum: sum ?? '',
    timeoutMs: timeout === undefined ? LIMITS.packagesMs : durationMs(timeout),
  }
}

/** Names content and how it is unpacked: a folder with another mark is unpacked again. */
function markFor(context: TypeContext, attrs: ArchiveAttributes): string {
  const { strip = 0, owner = '', group = '' } = attrs
  const text = JSON.stringify([identityOf(context, originOf(attrs)), strip, owner, group])
  return hex(context.host.sha256(new TextEncoder().encode(text)))
}

async function unpack(context: TypeContext, attrs: ArchiveAttributes, mark: string): Promise<void> {
  const { host } = context
  const path = cleanPath(attrs.path)
  const { uid, gid } = attributesFor(context, null, { owner: attrs.owner, group: attrs.group, freshMode: 0o755 })
  const name = path.slice(path.lastIndexOf('/') + 1)
  const fresh = `${folderOf(path)}/${TEMPORARY_PREFIX}${name}.new`
  const old = `${folderOf(path)}/${TEMPORARY_PREFIX}${name}.old`
  makeFoldersAbove(context, path, new Trace(null))
  // What an earlier run left when it was killed.
  for (const leftover of [fresh, old]) if (host.lstat(leftover) !== null) await removeTree(context, leftover)
  host.mkdir(fresh, { mode: 0o700, uid: host.uid, gid: host.gid })
  try {
    const maxBytes = attrs.maxSize ?? LIMITS.archiveBytes
    const files = await unpackAll(context, attrs, fresh, { strip: attrs.strip ?? 0, uid, gid, maxBytes })
    if (files === 0) throw new PolicyError('E_MALFORMED', `nothing of the archive is left: see strip`)
    if (attrs.creates !== undefined && host.lstat(`${fresh}/${attrs.creates}`) === null)
      throw new PolicyError('E_CONTENT', `the archive does not bring ${attrs.creates}`)
    const staged = host.stage(`${fresh}/${MARKER}`, { mode: 0o644, uid, gid })
    staged.write(new TextEncoder().encode(`${mark}\n`))
    await staged.commit()
    host.chmod(fresh, 0o755)
    if (uid !== host.uid || gid !== host.gid) host.chown(fresh, uid, gid)
  } catch (error) {
    await removeTree(context, fresh)
    throw error
  }
  const there = host.lstat(path) !== null
  if (there) host.rename(path, old)
  host.rename(fresh, path)
  context.remember({ path })
  if (there) await removeTree(context, old)
  if (attrs.keep !== undefined) await removeOld(context, path, attrs.keep)
}

async function unpackAll(
  context: TypeContext,
  attrs: ArchiveAttributes,
  to: string,
  options: TreeOptions,
): Promise<number> {
  const source = bytesOf(context, originOf(attrs), options.maxBytes)
  try {
    return await unpackInto(context.host, to, membersOf(context, source), options)
  } finally {
    await source.return(undefined)
  }
}

/** What it is, is known by its first bytes. gzip is unpacked as it comes; a zip file has its directory at its end. */
async function* membersOf(context: TypeContext, source: AsyncGenerator<Uint8Array>): AsyncGenerator<ArchiveMember> {
  const first = await source.next()
  if (first.done === true) throw new PolicyError('E_MALFORMED', 'the archive is empty')
  const { value } = first
  const kind = MAGIC.find(({ magic }) => magic.every((byte, i) => value[i] === byte))?.kind ?? 'tar'
  async function* whole(): AsyncGenerator<Uint8Array> {
    yield value
    yield* source
  }
  if (kind === 'zip') {
    const file = await joined(whole())
    yield* zipMembers(file, (bytes) => context.host.inflate(bytes))
    return
  }
  if (kind !== 'gzip' && kind !== 'tar')
    throw new PolicyError('E_UNSUPPORTED', `this is a file of ${kind}: pack it as tar, tar.gz or zip`)
  const bytes = kind === 'gzip' ? context.host.gunzip(whole()) : whole()
  yield* tarMembers(bytes)
  // tar ends before its file does: the rest must have come for the checksum to be known.
  for await (const _ of bytes) continue
}

const MAGIC = [
  { kind: 'gzip', magic: [0x1f, 0x8b] },
  { kind: 'zip', magic: [0x50, 0x4b] },
  { kind: 'xz', magic: [0xfd, 0x37] },
  { kind: 'bzip2', magic: [0x42, 0x5a] },
  { kind: 'zstd', magic: [0x28, 0xb5] },
] as const

/** A zip file is read from its end, so all of it is held. */
async function joined(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of source) {
    size += part.length
    if (size > LIMITS.archiveZipBytes)
      throw new PolicyError('E_TOO_LARGE', `a zip file may have ${LIMITS.archiveZipBytes} bytes: pack it as tar.gz`)
    parts.push(part)
  }
  const bytes = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
