import { createHash } from 'node:crypto'
import { read } from 'node:fs'
import { promisify } from 'node:util'
import { PolicyError, type StagedFile } from '../../policies/index.ts'
import { HOST_LIMITS } from '../limits.ts'

const readInto = promisify(read)

/** SHA-256 of each piece of an open file, one piece in memory at a time; other work goes on between them. */
export async function hashPieces(
  fd: number,
  pieceBytes: number,
  path: string,
  signal: AbortSignal | undefined,
): Promise<readonly Uint8Array[]> {
  const piece = Buffer.allocUnsafe(pieceBytes)
  const digests: Uint8Array[] = []
  for (;;) {
    if (signal?.aborted === true) throw new PolicyError('E_CANCELLED', `reading ${path} was cancelled`)
    const filled = await fill(fd, piece)
    if (filled > 0) digests.push(createHash('sha256').update(piece.subarray(0, filled)).digest())
    if (filled < pieceBytes) return digests
  }
}

/** SHA-256 of an open file, other work goes on between its pieces. */
export async function hashWhole(fd: number, path: string, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const piece = Buffer.allocUnsafe(HOST_LIMITS.atOnceBytes)
  const hash = createHash('sha256')
  for (;;) {
    if (signal?.aborted === true) throw new PolicyError('E_CANCELLED', `reading ${path} was cancelled`)
    const filled = await fill(fd, piece)
    hash.update(piece.subarray(0, filled))
    if (filled < piece.length) return hash.digest()
  }
}

/** Copies an open file into one that is being written, and ends it. */
export async function copyInto(staged: StagedFile, fd: number, bytes: number): Promise<void> {
  const piece = Buffer.allocUnsafe(Math.min(bytes, HOST_LIMITS.atOnceBytes))
  try {
    for (let left = bytes; left > 0; left -= piece.length) staged.write(piece.subarray(0, await fill(fd, piece)))
  } catch (error) {
    staged.discard()
    throw error
  }
  await staged.commit()
}

/** Reads until the buffer is full or the file ends. */
async function fill(fd: number, piece: Buffer): Promise<number> {
  let filled = 0
  while (filled < piece.length) {
    const { bytesRead } = await readInto(fd, piece, filled, piece.length - filled, null)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return filled
}
