import { chunkCid } from '../bundle/cid.ts'
import { LIMITS } from '../limits.ts'
import type { BundleFile } from '../model.ts'
import type { BundleContent } from '../resources/type.ts'

/** Files of a bundle from texts or bytes; those whose names end in .sh are executable. */
export function contentOf(
  files: Readonly<Record<string, string | Uint8Array>>,
  sha256: (bytes: Uint8Array) => Uint8Array,
): BundleContent {
  const chunks = new Map<string, Uint8Array>()
  const all = Object.entries(files).map(([path, content]): BundleFile => {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
    const cids: string[] = []
    for (let at = 0; at < bytes.length; at += LIMITS.chunkBytes) {
      const part = bytes.subarray(at, at + LIMITS.chunkBytes)
      const cid = chunkCid(part, sha256).toString()
      chunks.set(cid, part)
      cids.push(cid)
    }
    return { path, size: bytes.length, executable: path.endsWith('.sh'), chunks: cids }
  })
  return {
    file: (_policy, path) => all.find((one) => one.path === path),
    folder: (_policy, path) => all.filter((one) => one.path.startsWith(`${path}/`)),
    chunk: async (cid) => {
      const bytes = await Promise.resolve(chunks.get(cid))
      if (bytes === undefined) throw new Error(`no chunk ${cid}`)
      return bytes
    },
  }
}
