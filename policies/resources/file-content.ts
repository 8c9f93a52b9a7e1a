import { CID } from 'multiformats/cid'
import { HostError, type FileStat, type Ownership, type Validator } from '../host.ts'
import { LIMITS } from '../limits.ts'
import type { BundleFile } from '../model.ts'
import { unifiedDiff } from './diff.ts'
import { RESOURCE_LIMITS } from './limits.ts'
import type { ResourceContext } from './type.ts'

interface Content {
  readonly path: string
  readonly content?: string | Uint8Array | undefined
  readonly source?: string | undefined
}

/** @returns null if the content is as wanted; the diff is left out for what is sensitive */
export async function checkContent(
  attrs: Content,
  sensitive: boolean,
  stat: FileStat | null,
  context: ResourceContext,
): Promise<{ readonly change: string; readonly diff?: string } | null> {
  if (attrs.source !== undefined) {
    const file = sourceFile(attrs.source, context)
    if (stat !== null && (await equalsSource(attrs.path, stat, file, context))) return null
    return { change: `content differs (${stat?.size ?? 0} -> ${file.size} bytes)` }
  }
  const wanted = bytesOf(attrs.content ?? '')
  const found =
    stat === null || stat.size > RESOURCE_LIMITS.contentBytes
      ? null
      : context.host.readFile(attrs.path, RESOURCE_LIMITS.contentBytes)
  if (found !== null && equal(found, wanted)) return null
  const change = stat === null ? 'file is missing' : `content differs (${stat.size} -> ${wanted.length} bytes)`
  return sensitive ? { change } : { change, diff: unifiedDiff(attrs.path, found, wanted) }
}

export async function writeContent(
  attrs: Content,
  how: Ownership,
  validator: Validator | null,
  context: ResourceContext,
): Promise<void> {
  const { host, files } = context
  if (attrs.source !== undefined)
    return host.writeStream(attrs.path, files.open(sourceFile(attrs.source, context)), how, validator)
  const bytes = bytesOf(attrs.content ?? '')
  if (validator === null) host.writeFile(attrs.path, bytes, how)
  else await host.writeStream(attrs.path, bytes, how, validator)
}

/** Whether the file on the host has the content of a bundle's file: piece by piece against the hashes in the bundle. */
export async function equalsSource(
  path: string,
  stat: FileStat,
  file: BundleFile,
  { host }: ResourceContext,
): Promise<boolean> {
  if (stat.size !== file.size) return false
  const pieces = await host.hashPieces(path, LIMITS.chunkBytes)
  return pieces.length === file.chunks.length && pieces.every((hash, i) => hash === digestOf(file.chunks[i] ?? ''))
}

function sourceFile(source: string, { files }: ResourceContext): BundleFile {
  const file = files.file(source)
  if (file === undefined)
    throw new HostError('E_MISSING', `the bundle has no file '${source}'; publish the policy again`)
  return file
}

/** The sha2-256 inside a chunk's CID, hex. */
function digestOf(chunk: string): string {
  return Array.from(CID.parse(chunk).multihash.digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function bytesOf(content: string | Uint8Array): Uint8Array {
  return typeof content === 'string' ? new TextEncoder().encode(content) : content
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
