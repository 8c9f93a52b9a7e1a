import { setFlagsFromString } from 'node:v8'
import type { ResourceLimits } from 'node:worker_threads'

/** Below this a collector at its defaults costs next to nothing. Bytes. */
const LARGE = 500e6
/** Of the heap, the part that is young: what one step leaves behind dies there. */
const YOUNG_SHARE = 0.125
/** Half of the young generation, at most. Measured at 300,000 nodes: 70 scavenges instead of 200, half of their time. MiB. */
const SEMI_SPACE_MAX = 256

/**
 * Settings of V8 for a heap in which almost everything lives until the end. Looking through it again each time that it has
 * grown, which is the default, takes more than half of a run of a million nodes and frees a few per cent.
 *
 * @param bytes that the run is expected to need at its peak
 */
export function heapFlags(bytes: number): readonly string[] {
  if (bytes < LARGE) return []
  return [
    `--initial-old-space-size=${mebibytes(bytes)}`,
    `--max-semi-space-size=${semiSpace(bytes)}`,
    // Typed arrays count towards that size; otherwise every few megabytes of them start a collection.
    '--external-memory-accounted-in-global-limit',
  ]
}

/** For threads that are made from now on. @returns limits of one that may need `heapBytes`, and is expected to need `bytes` */
export function prepareHeap(bytes: number, heapBytes: number): ResourceLimits {
  for (const flag of heapFlags(bytes)) setFlagsFromString(flag)
  const limits = { maxOldGenerationSizeMb: mebibytes(heapBytes) }
  // Two halves and a space for large objects.
  return bytes < LARGE ? limits : { ...limits, maxYoungGenerationSizeMb: 3 * semiSpace(bytes) }
}

/** A power of two. */
function semiSpace(bytes: number): number {
  return Math.min(SEMI_SPACE_MAX, 2 ** Math.floor(Math.log2(mebibytes(bytes * YOUNG_SHARE))))
}

function mebibytes(bytes: number): number {
  return Math.ceil(bytes / 2 ** 20)
}
