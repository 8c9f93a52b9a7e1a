import type { Entry } from './archive.ts'

/** How CIDs of bundle roots (v1, dag-cbor, sha2-256) start; chunks are raw and start with `bafkrei`. */
const ROOT = 'bafyrei'

/**
 * Cuts a run of blocks into bundles, each starting with its root, as a daemon takes them. Nothing is kept: read each bundle to its end
 * before asking for the next one.
 */
export async function* bundlesIn(blocks: AsyncIterable<Entry>): AsyncGenerator<AsyncIterable<Entry>> {
  const source = blocks[Symbol.asyncIterator]()
  let next = await source.next()
  async function* one(): AsyncGenerator<Entry> {
    while (next.done !== true) {
      yield next.value
      next = await source.next()
      if (next.done !== true && next.value.cid.startsWith(ROOT)) return
    }
  }
  while (next.done !== true) yield one()
}
