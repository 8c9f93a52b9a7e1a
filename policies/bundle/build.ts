import { PolicyError } from '../errors.ts'
import type { SourceFile } from '../language/source.ts'
import { LIMITS } from '../limits.ts'
import type { BundleFile, CompiledPolicy } from '../model.ts'
import { chunkCid, rootCid, type Sha256 } from './cid.ts'
import { encodePolicy } from './policy.ts'
import {
  bundleSize,
  checkBundleSize,
  comparePaths,
  encodeBundleRoot,
  parseBundleRoot,
  type BundleRoot,
  type Chunked,
} from './root.ts'

export interface Block {
  readonly cid: string
  readonly bytes: Uint8Array
}

export interface Bundle {
  readonly root: Block
  readonly content: BundleRoot
  /** Bytes of the whole bundle, root included: what a feed entry declares. */
  readonly size: number
  /**
   * Every block once, the root last: who has the root has everything. Reads the files again, one chunk at a time, so a
   * bundle of 1 GiB needs 256 KiB of memory.
   *
   * @throws PolicyError E_SOURCE_CHANGED if a file is not what it was
   */
  readonly blocks: Iterable<Block>
}

/**
 * Makes the canonical bundle of a compiled policy: the same policy and files give the same root CID on any machine.
 * Reads every file once, to hash it.
 *
 * @throws PolicyError E_TOO_LARGE, E_PATH, E_SOURCE_CHANGED
 */
export function buildBundle(policy: CompiledPolicy, files: ReadonlyMap<string, SourceFile>, sha256: Sha256): Bundle {
  const policyFile = bytesFile(encodePolicy(policy))
  const sources = [...files.values()].sort((a, b) => comparePaths(a.path, b.path))
  checkBundleSize(sources.reduce((sum, file) => sum + file.size, policyFile.size))
  const entries = sources.map((file): BundleFile => ({
    path: file.path,
    executable: file.executable,
    ...hash(file, sha256),
  }))
  const content: BundleRoot = { policy: hash(policyFile, sha256), files: entries }
  const bytes = encodeBundleRoot(content)
  // What this build writes, every node must be able to read: the same checks, here, where it can still be corrected.
  parseBundleRoot(bytes)
  const root = { cid: rootCid(bytes, sha256).toString(), bytes }
  const blocks = { [Symbol.iterator]: () => allBlocks([policyFile, ...sources], content, root, sha256) }
  return { root, content, size: bundleSize(content, bytes.length), blocks }
}

type Readable = Pick<SourceFile, 'path' | 'size' | 'read'>

function bytesFile(bytes: Uint8Array): Readable {
  return { path: 'the policy', size: bytes.length, read: (offset, length) => bytes.subarray(offset, offset + length) }
}

function hash(file: Readable, sha256: Sha256): Chunked {
  return { size: file.size, chunks: Array.from(chunksOf(file), (bytes) => chunkCid(bytes, sha256).toString()) }
}

/** The chunks of a file, in order. */
function* chunksOf(file: Readable): Generator<Uint8Array> {
  for (let offset = 0; offset < file.size; offset += LIMITS.chunkBytes) {
    const length = Math.min(LIMITS.chunkBytes, file.size - offset)
    const bytes = file.read(offset, length)
    if (bytes.length !== length) throw changed(file)
    yield bytes
  }
}

function* allBlocks(files: readonly Readable[], content: BundleRoot, root: Block, sha256: Sha256): Generator<Block> {
  const given = new Set<string>()
  const wanted = [content.policy, ...content.files]
  for (const [i, file] of files.entries()) {
    const chunks = wanted[i]?.chunks ?? []
    let n = 0
    for (const bytes of chunksOf(file)) {
      const cid = chunks[n++]
      if (cid === undefined || chunkCid(bytes, sha256).toString() !== cid) throw changed(file)
      if (given.has(cid)) continue
      given.add(cid)
      yield { cid, bytes }
    }
  }
  yield root
}

function changed(file: Readable): PolicyError {
  return new PolicyError('E_SOURCE_CHANGED', `${file.path} changed while the bundle was being built`)
}
