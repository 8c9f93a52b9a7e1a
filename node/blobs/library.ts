import type { Cid } from '../core/index.ts'
import { NodeError } from '../errors.ts'
import type { BlockStore } from '../store/types.ts'
import { layoutOf } from './layout.ts'
import type { Layout } from './layout.ts'
import type { Holding } from './server.ts'
import type { Block } from './types.ts'

/** Layouts kept in memory; others are read again from their root block. A large one is about 1 MB. */
const CACHED_MAX = 32

/** Bundles that are held whole. */
export class Library {
  readonly #blocks: BlockStore
  readonly #whole = new Map<Cid, Layout>()

  constructor(blocks: BlockStore) {
    this.#blocks = blocks
  }

  add(layout: Layout): void {
    this.#whole.delete(layout.root)
    this.#whole.set(layout.root, layout)
    const oldest = this.#whole.size > CACHED_MAX ? this.#whole.keys().next().value : undefined
    if (oldest !== undefined) this.#whole.delete(oldest)
  }

  forget(root: Cid): void {
    this.#whole.delete(root)
  }

  async holding(root: Cid): Promise<Holding | undefined> {
    const layout = this.#whole.get(root) ?? (await this.#load(root))
    if (!layout) return undefined
    return { layout, complete: true, holds: (index) => index < layout.cids.length }
  }

  /** The blocks of a bundle of which at least the root is held: what must be kept of it. */
  async cids(root: Cid): Promise<readonly Cid[]> {
    const layout = this.#whole.get(root) ?? (await this.#layout(root))
    return layout?.cids ?? []
  }

  /** @throws NodeError E_BUNDLE, E_CID_MISMATCH, E_QUOTA, E_NO_SPACE, E_STORE_IO */
  async take(root: Cid, given: AsyncIterable<Block> | Iterable<Block>): Promise<Layout> {
    for await (const { cid, bytes } of given) await this.#blocks.put(cid, bytes)
    const layout = await this.#layout(root)
    if (!layout)
      throw new NodeError('E_BUNDLE', `The root block ${root} is missing from what was given.`, { cid: root })
    for (const cid of layout.cids) {
      if (!(await this.#blocks.has(cid)))
        throw new NodeError('E_BUNDLE', `Block ${cid} of bundle ${root} is missing from what was given.`, {
          cid: root,
          block: cid,
        })
    }
    await this.#blocks.sync(layout.cids)
    this.add(layout)
    return layout
  }

  async #layout(root: Cid): Promise<Layout | undefined> {
    try {
      return layoutOf(root, await this.#blocks.get(root))
    } catch {
      // Not held, or not a bundle: the same for everybody who asks for a bundle.
      return undefined
    }
  }

  async #load(root: Cid): Promise<Layout | undefined> {
    const layout = await this.#layout(root)
    if (!layout) return undefined
    for (const cid of layout.cids) if (!(await this.#blocks.has(cid))) return undefined
    this.add(layout)
    return layout
  }
}
