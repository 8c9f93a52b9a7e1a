import type { BundleContent, BundleRoot, CompiledPolicy } from '../../policies/index.ts'
import { parseBundleRoot, PolicyError, readPolicy } from '../../policies/index.ts'
import type { BlobService } from '../blobs/types.ts'
import type { Cid } from '../core/index.ts'
import { NodeError } from '../errors.ts'
import { DAEMON_LIMITS } from './limits.ts'

/** A bundle that is held whole, read. */
export interface LoadedBundle {
  readonly cid: Cid
  readonly root: BundleRoot
  readonly policy: CompiledPolicy
  /** Its files by path. */
  readonly files: ReadonlyMap<string, BundleRoot['files'][number]>
}

/** Reads compiled policies from bundles, and keeps the last few in memory: runs come again and again. */
export class Bundles {
  readonly #blobs: Pick<BlobService, 'has' | 'read' | 'readChunks'>
  readonly #cache = new Map<Cid, LoadedBundle>()
  #cachedBytes = 0

  constructor(blobs: Pick<BlobService, 'has' | 'read' | 'readChunks'>) {
    this.#blobs = blobs
  }

  /**
   * @throws NodeError E_NOT_FOUND if any block of the bundle is missing
   * @throws PolicyError E_MALFORMED, E_TOO_LARGE, E_PATH, E_POLICY_SCHEMA: the bundle itself is wrong
   */
  async load(cid: Cid): Promise<LoadedBundle> {
    if (!(await this.#blobs.has(cid))) {
      this.#forget(cid)
      throw new NodeError('E_NOT_FOUND', `The bundle ${cid} is not held whole: it is being fetched.`, { cid })
    }
    const cached = this.#cache.get(cid)
    if (cached) {
      this.#cache.delete(cid)
      this.#cache.set(cid, cached)
      return cached
    }
    const root = parseBundleRoot(await this.#blobs.read(cid))
    const parts: Uint8Array[] = []
    for await (const part of this.#blobs.readChunks(root.policy.chunks)) parts.push(part)
    const policy = readPolicy(Buffer.concat(parts))
    const loaded = { cid, root, policy, files: new Map(root.files.map((file) => [file.path, file])) }
    this.#remember(loaded)
    return loaded
  }

  /** Null if the bundle's policy can be read, else the code of what is wrong with it. @throws NodeError E_NOT_FOUND */
  async check(cid: Cid): Promise<string | null> {
    try {
      await this.load(cid)
      return null
    } catch (error) {
      if (error instanceof PolicyError) return error.code
      throw error
    }
  }

  /** Contents for a run, by policy. */
  content(bundles: ReadonlyMap<string, LoadedBundle>): BundleContent {
    return {
      file: (policy, path) => bundles.get(policy)?.files.get(path),
      folder(policy, path) {
        const prefix = path === '' || path.endsWith('/') ? path : `${path}/`
        return (bundles.get(policy)?.root.files ?? []).filter((file) => file.path.startsWith(prefix))
      },
      chunk: async (cid) => await this.#blobs.read(cid),
    }
  }

  #remember(loaded: LoadedBundle): void {
    this.#cache.set(loaded.cid, loaded)
    this.#cachedBytes += loaded.root.policy.size
    for (const cid of this.#cache.keys()) {
      const over = this.#cache.size > DAEMON_LIMITS.policyCache || this.#cachedBytes > DAEMON_LIMITS.policyCacheBytes
      if (!over || cid === loaded.cid) break
      this.#forget(cid)
    }
  }

  #forget(cid: Cid): void {
    const known = this.#cache.get(cid)
    if (!known) return
    this.#cache.delete(cid)
    this.#cachedBytes -= known.root.policy.size
  }
}
