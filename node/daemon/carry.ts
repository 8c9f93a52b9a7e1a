import { parseBundleRoot, chunksOf } from '../../policies/index.ts'
import type { BlobService } from '../blobs/types.ts'
import { ControlError } from '../control/errors.ts'
import type { Framed } from '../control/frames.ts'
import type { Cid, Envelope } from '../core/index.ts'
import { CID } from 'multiformats/cid'

/** Bundles and records on their way through the control socket, one block in memory at a time. */
export async function importBundle(
  blobs: BlobService,
  frames: AsyncIterable<Framed>,
): Promise<{ readonly root: Cid; readonly stored: number; readonly bytes: number }> {
  const blocks = frames[Symbol.asyncIterator]()
  const first = await blocks.next()
  if (first.done === true)
    throw new ControlError('E_BAD_REQUEST', 'There is no block in the stream: the root comes first.')
  const root = cidText(first.value.id)
  let stored = 0
  const bytes = await blobs.importBlocks(
    root,
    (async function* () {
      for (let next: IteratorResult<Framed> = first; next.done !== true; next = await blocks.next()) {
        stored += 1
        yield { cid: cidText(next.value.id), bytes: next.value.bytes }
      }
    })(),
  )
  return { root, stored, bytes }
}

/** Root first. @throws ControlError E_NOT_FOUND unless the bundle is held whole */
export async function bundleFrames(blobs: BlobService, cid: Cid): Promise<AsyncIterable<Framed>> {
  const root = parsed(cid)
  if (!(await blobs.has(cid)))
    throw new ControlError(
      'E_NOT_FOUND',
      `The bundle ${cid} is not held whole here: ask on a node that runs it, or that published it.`,
    )
  const bytes = await blobs.read(cid)
  const chunks = chunksOf(parseBundleRoot(bytes))
  return (async function* () {
    yield { id: root.bytes, bytes }
    for (const chunk of chunks.keys()) yield { id: CID.parse(chunk).bytes, bytes: await blobs.read(chunk) }
  })()
}

export function* recordFrames(records: Iterable<Envelope>): Generator<Framed> {
  for (const { id, bytes } of records) yield { id: CID.parse(id).bytes, bytes }
}

function cidText(id: Uint8Array): Cid {
  try {
    return CID.decode(id).toString()
  } catch {
    throw new ControlError('E_BAD_REQUEST', 'A frame is not named by a CID.')
  }
}

function parsed(cid: Cid): CID {
  try {
    return CID.parse(cid)
  } catch {
    throw new ControlError('E_BAD_REQUEST', `"${cid}" is no CID.`)
  }
}
