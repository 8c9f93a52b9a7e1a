import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
import { CID } from 'multiformats/cid'
import { bundleSize, chunksOf, LIMITS, parseBundleRoot, readPolicy } from '../../policies/index.ts'
import type { Block, BundleContent, BundleFile, BundleRoot, CompiledPolicy } from '../../policies/index.ts'
import { locateEntries, openArchive } from '../archive/archive.ts'
import { CliError } from '../errors.ts'
import { rootFirst } from '../mesh/blocks.ts'
import type { Built } from '../source/compile.ts'

/** A bundle that lies on this machine, as a folder or as a file, and not in a mesh. */
export interface LocalBundle {
  readonly cid: string
  /** Bytes of the whole bundle. */
  readonly size: number
  readonly policy: CompiledPolicy
  readonly files: ReadonlyMap<string, BundleFile>
  /** Verified. @throws CliError E_ARCHIVE, E_SOURCE if it is not what it was */
  readonly chunk: (cid: string) => Uint8Array
  /** All blocks, the root first. */
  readonly blocks: () => Iterable<Block> | AsyncIterable<Block>
  readonly close: () => void
}

export function bundleOfFolder(built: Built): LocalBundle {
  const { policy, sources } = built
  const whole = {
    get cid() {
      return built.bundle.root.cid
    },
    get size() {
      return built.bundle.size
    },
    blocks: () => rootFirst(built.bundle),
    close: () => undefined,
  }
  if (sources.size === 0) return Object.assign(whole, { policy, files: new Map<string, BundleFile>(), chunk: changed })
  const { bundle } = built
  const places = new Map<
    string,
    { readonly read: (offset: number, length: number) => Uint8Array; readonly offset: number; readonly length: number }
  >()
  for (const file of bundle.content.files) {
    const source = sources.get(file.path)
    if (source === undefined) continue
    file.chunks.forEach((cid, i) => {
      const offset = i * LIMITS.chunkBytes
      places.set(cid, {
        read: (from, bytes) => source.read(from, bytes),
        offset,
        length: Math.min(LIMITS.chunkBytes, file.size - offset),
      })
    })
  }
  const chunk = (cid: string): Uint8Array => {
    const place = places.get(cid)
    const bytes = place?.read(place.offset, place.length)
    return bytes === undefined || !isContentOf(cid, bytes) ? changed() : bytes
  }
  return Object.assign(whole, { policy, files: filesOf(bundle.content), chunk })
}

function changed(): never {
  throw new CliError('E_SOURCE', 'a file of the policy changed while it was being applied: run it again')
}

/** Reads the whole file once, to verify it; after that only what is needed. @throws CliError E_ARCHIVE */
export async function bundleOfArchive(path: string): Promise<LocalBundle> {
  const { head } = await openArchive(path)
  const rootCid = head.root
  if (head.kind !== 'bundle' || rootCid === undefined)
    throw new CliError(
      'E_ARCHIVE',
      `${path} is an export of a mesh, not a bundle`,
      'Take it in with "chorus import", or make a bundle with "chorus build".',
    )
  const places = await locateEntries(path)
  const fd = openSync(path, 'r')
  const chunk = (cid: string): Uint8Array => {
    const place = places.get(cid)
    if (place === undefined)
      throw new CliError(
        'E_ARCHIVE',
        `${path} is incomplete: it lacks the block ${cid}`,
        'Make it again with "chorus build".',
      )
    const bytes = Buffer.alloc(place.length)
    readSync(fd, bytes, 0, place.length, place.offset)
    if (!isContentOf(cid, bytes)) throw new CliError('E_ARCHIVE', `${path} changed while it was being used`)
    return bytes
  }
  try {
    const root = parseBundleRoot(chunk(rootCid))
    // The whole bundle is there before the first change.
    for (const cid of root.files.flatMap((file) => file.chunks)) if (!places.has(cid)) chunk(cid)
    const policy = readPolicy(Buffer.concat(root.policy.chunks.map(chunk)))
    const size = bundleSize(root, places.get(rootCid)?.length ?? 0)
    const blocks = function* (): Generator<Block> {
      yield { cid: rootCid, bytes: chunk(rootCid) }
      for (const cid of chunksOf(root).keys()) yield { cid, bytes: chunk(cid) }
    }
    return { cid: rootCid, size, policy, files: filesOf(root), chunk, blocks, close: () => closeSync(fd) }
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/** The bundle as the content of a run with this one policy. */
export function contentOf(bundle: LocalBundle): BundleContent {
  const mine = (policy: string): boolean => policy === bundle.policy.policy
  return {
    file: (policy, path) => (mine(policy) ? bundle.files.get(path) : undefined),
    folder: (policy, path) =>
      mine(policy) ? [...bundle.files.values()].filter((file) => file.path.startsWith(`${path}/`)) : [],
    chunk: bundle.chunk,
  }
}

const filesOf = (root: BundleRoot): ReadonlyMap<string, BundleFile> =>
  new Map(root.files.map((file) => [file.path, file]))

const isContentOf = (cid: string, bytes: Uint8Array): boolean =>
  createHash('sha256').update(bytes).digest().equals(CID.parse(cid).multihash.digest)
