import { bundleSize, chunksOf, parseBundleRoot } from '../../policies/index.ts'
import type { Cid } from '../core/index.ts'
import { NodeError } from '../errors.ts'

/** Which blocks make a bundle: `cids[0]` is the root. */
export interface Layout {
  readonly root: Cid
  readonly cids: readonly Cid[]
  /** Bytes of each block. */
  readonly sizes: readonly number[]
  /** Bytes of the bundle as records declare it (`bundleSize`). */
  readonly declared: number
}

/**
 * Reads a verified root block.
 * @throws PolicyError E_MALFORMED, E_TOO_LARGE, E_PATH
 */
export function layoutOf(root: Cid, bytes: Uint8Array): Layout {
  const content = parseBundleRoot(bytes)
  const chunks = chunksOf(content)
  return {
    root,
    cids: [root, ...chunks.keys()],
    sizes: [bytes.length, ...chunks.values()],
    declared: bundleSize(content, bytes.length),
  }
}

/** @throws NodeError E_BUNDLE unless the bundle is as large as its record says */
export function checkDeclared(layout: Layout, size: number): void {
  if (layout.declared === size) return
  throw new NodeError(
    'E_BUNDLE',
    `The bundle ${layout.root} has ${layout.declared} bytes, its record says ${size}: publish it again.`,
    {
      cid: layout.root,
      size: layout.declared,
      declared: size,
    },
  )
}
