import { getHeapStatistics } from 'node:v8'
import { memoryOf, nodesOf, type Scenario } from '../../topology-sim/index.ts'
import { CliError } from '../errors.ts'
import { bytes } from '../out/text.ts'

/** Of a heap, what may be in use before collecting it takes longer than the run. */
const HEAP_SHARE = 0.6
/** What is asked for beside the estimate, as that is rough. */
const HEAP_SPARE = 1.6

export interface Memory {
  /** Estimated, for one run. */
  readonly bytes: number
  /** For a thread that is to hold it. */
  readonly heapBytes: number
  /** It fits into the heap of this process. */
  readonly fitsHere: boolean
}

/**
 * Whether a run fits into memory, before it starts.
 * @param jobs runs at once
 * @param available bytes that this machine (or container) can still give
 * @throws CliError E_MEMORY with the number of nodes that would fit
 */
export function memoryFor(scenario: Scenario, jobs: number, available: number): Memory {
  const needed = memoryOf(scenario)
  if (needed * jobs > available) {
    const fit = Math.floor((nodesOf(scenario) * available) / (needed * jobs) / 1000) * 1000
    const advice =
      jobs > 1 ? 'Use --jobs 1, or fewer --nodes.' : `Use --nodes ${Math.max(10, fit)}, or a larger machine.`
    const what = jobs > 1 ? `${jobs} runs at once need` : 'this run needs'
    throw new CliError(
      'E_MEMORY',
      `${what} about ${bytes(needed * jobs)} of memory, and ${bytes(available)} are free`,
      advice,
    )
  }
  const limit = getHeapStatistics().heap_size_limit
  return { bytes: needed, heapBytes: needed * HEAP_SPARE + 256e6, fitsHere: needed < limit * HEAP_SHARE }
}
