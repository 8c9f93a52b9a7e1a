import type { Block, Bundle } from '../../policies/index.ts'

/** The blocks of a bundle in the order in which a daemon takes them: the root first, so that it knows what to expect. */
export function* rootFirst(bundle: Bundle): Generator<Block> {
  yield bundle.root
  for (const block of bundle.blocks) if (block.cid !== bundle.root.cid) yield block
}
