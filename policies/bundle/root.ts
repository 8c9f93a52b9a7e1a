import { PolicyError } from '../errors.ts'
import { pathProblem } from '../language/source.ts'
import { LIMITS } from '../limits.ts'
import type { BundleFile } from '../model.ts'
import { decodeCanonical, encodeCanonical } from './cbor.ts'
import { isChunkCid, parseCid } from './cid.ts'

/** Content that is cut into chunks of `LIMITS.chunkBytes`, the last one shorter. */
export interface Chunked {
  /** Bytes. */
  readonly size: number
  /** CIDs of the chunks, in order. */
  readonly chunks: readonly string[]
}

/** The first block of a bundle: what everything else in it is. */
export interface BundleRoot {
  /** The compiled policy in canonical DAG-CBOR. */
  readonly policy: Chunked
  /** Sorted by path. */
  readonly files: readonly BundleFile[]
}

const KIND = 'chorus/bundle'

/** A root nests: root, files, file, chunks, link. */
const ROOT_DEPTH = 6

export function encodeBundleRoot(root: BundleRoot): Uint8Array {
  const links = (chunks: readonly string[]) => chunks.map(parseCid)
  return encodeCanonical({
    v: 1,
    kind: KIND,
    policy: { size: root.policy.size, chunks: links(root.policy.chunks) },
    files: root.files.map((file) => ({
      path: file.path,
      size: file.size,
      executable: file.executable,
      chunks: links(file.chunks),
    })),
  })
}

/**
 * Reads a root block from an untrusted peer. Everything about it is bounded and checked, except that its chunks exist.
 *
 * @throws PolicyError E_MALFORMED, E_TOO_LARGE, E_PATH
 */
export function parseBundleRoot(bytes: Uint8Array): BundleRoot {
  const value = decodeCanonical(bytes, 'the bundle root', LIMITS.rootBytes, ROOT_DEPTH)
  const map = asFields(value, ['v', 'kind', 'policy', 'files'])
  if (map['v'] !== 1 || map['kind'] !== KIND) throw malformed('it is not a bundle of version 1')
  const policy = asChunked(asFields(map['policy'], ['size', 'chunks']), LIMITS.policyBytes, 'the policy')
  if (!Array.isArray(map['files'])) throw malformed('files is not a list')
  if (map['files'].length > LIMITS.bundleFiles) {
    throw new PolicyError(
      'E_TOO_LARGE',
      `the bundle has ${map['files'].length} files, the limit is ${LIMITS.bundleFiles}`,
    )
  }
  const files = map['files'].map(asFile)
  checkPaths(files)
  const root = { policy, files }
  checkBundleSize(bundleSize(root, bytes.length))
  return root
}

/** Bytes of a whole bundle: its root, its policy and its files, each counted in full even where chunks are shared. */
export function bundleSize(root: BundleRoot, rootBytes: number): number {
  return root.files.reduce((sum, file) => sum + file.size, rootBytes + root.policy.size)
}

/** @throws PolicyError E_TOO_LARGE */
export function checkBundleSize(size: number): void {
  if (size > LIMITS.bundleBytes)
    throw new PolicyError('E_TOO_LARGE', `the bundle has ${size} bytes, the limit is ${LIMITS.bundleBytes}`)
}

/** Every chunk of a bundle with its size, each once, in the order of need: the policy first. */
export function chunksOf(root: BundleRoot): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>()
  for (const { size, chunks } of [root.policy, ...root.files]) {
    chunks.forEach((cid, i) => sizes.set(cid, Math.min(LIMITS.chunkBytes, size - i * LIMITS.chunkBytes)))
  }
  return sizes
}

function asFile(value: unknown): BundleFile {
  const map = asFields(value, ['path', 'size', 'executable', 'chunks'])
  const { path, executable } = map
  if (typeof path !== 'string') throw malformed('the path of a file is not a text')
  const problem = pathProblem(path)
  if (problem !== undefined)
    throw new PolicyError(
      'E_PATH',
      `the bundle has a file whose path ${problem}: ${JSON.stringify(path.slice(0, 100))}`,
    )
  if (typeof executable !== 'boolean') throw malformed(`executable of ${path} is not true or false`)
  return { path, executable, ...asChunked(map, LIMITS.bundleBytes, path) }
}

function asChunked(map: Readonly<Record<string, unknown>>, maxBytes: number, what: string): Chunked {
  const { size, chunks } = map
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    throw malformed(`the size of ${what} is not a whole number`)
  if (size > maxBytes) throw new PolicyError('E_TOO_LARGE', `${what} has ${size} bytes, the limit is ${maxBytes}`)
  if (!Array.isArray(chunks) || chunks.length !== Math.ceil(size / LIMITS.chunkBytes)) {
    throw malformed(`the chunks of ${what} do not fit its size`)
  }
  return { size, chunks: chunks.map((cid) => asChunk(cid, what)) }
}

function asChunk(cid: unknown, what: string): string {
  if (isChunkCid(cid)) return cid.toString()
  throw malformed(`a chunk of ${what} is not a raw sha2-256 CID`)
}

/** @throws PolicyError E_MALFORMED unless sorted and unique; E_PATH where one file is the folder of another */
function checkPaths(files: readonly BundleFile[]): void {
  const seen = new Set<string>()
  let last: string | undefined
  for (const { path } of files) {
    if (last !== undefined && comparePaths(last, path) >= 0) throw malformed(`its files are not sorted at ${path}`)
    last = path
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      if (seen.has(path.slice(0, slash))) {
        throw new PolicyError('E_PATH', `${path.slice(0, slash)} is a file and a folder in the bundle`)
      }
    }
    seen.add(path)
  }
}

/** The order of paths in a bundle: by UTF-16 units, the same on every machine. */
export function comparePaths(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function asFields(value: unknown, keys: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed('a map is missing')
  const fields = Object.fromEntries(Object.entries(value))
  const given = Object.keys(fields)
  if (given.length !== keys.length || !keys.every((key) => Object.hasOwn(fields, key))) {
    throw malformed(`a map has the fields ${given.slice(0, 10).join(', ')} instead of ${keys.join(', ')}`)
  }
  return fields
}

function malformed(why: string): PolicyError {
  return new PolicyError('E_MALFORMED', `the bundle root is malformed: ${why}`)
}
