import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { installed } from '../../node/control/index.ts'
import type { RunProgress, RunResult } from '../../topology-sim/index.ts'
import { CliError } from '../errors.ts'
import { prepareHeap } from './heap.ts'
import type { Memory } from './memory.ts'
import type { SimRequest } from './prepare.ts'
import type { FromWorker, WorkerTask } from './worker.ts'

export interface SeedsOptions {
  /** Threads at once. */
  readonly jobs: number
  /** What each thread needs, and may need: a large fleet does not fit into what Node allows by itself. */
  readonly memory: Memory
  readonly onProgress: (seed: number, progress: RunProgress) => void
  readonly signal: AbortSignal
}

/** Runs each seed in a thread of its own. Results are in the order of the seeds; after a stop those that were begun, as far as they came. */
export async function runSeeds(
  request: SimRequest,
  seeds: readonly number[],
  options: SeedsOptions,
): Promise<RunResult[]> {
  const results = new Map<number, RunResult>()
  const waiting = [...seeds]
  const lane = async (): Promise<void> => {
    for (let seed = waiting.shift(); seed !== undefined && !options.signal.aborted; seed = waiting.shift()) {
      const result = await runSeed(request, seed, options)
      if (result !== null) results.set(seed, result)
    }
  }
  await Promise.all(Array.from({ length: Math.min(options.jobs, seeds.length) }, lane))
  return seeds.flatMap((seed) => results.get(seed) ?? [])
}

/** Null: it was stopped before there was anything to report. */
function runSeed(
  request: SimRequest,
  seed: number,
  { memory, onProgress, signal }: SeedsOptions,
): Promise<RunResult | null> {
  const file = join(
    installed().folder,
    import.meta.url.endsWith('.ts') ? 'cli-tui/sim/worker.ts' : 'dist/bin/sim-worker.js',
  )
  const flag = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(file, {
    workerData: { request: { ...request, seed }, stop: flag } satisfies WorkerTask,
    resourceLimits: prepareHeap(memory.bytes, memory.heapBytes),
  })
  const stop = (): void => {
    Atomics.store(flag, 0, 1)
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- of a thread, not of a window
    worker.postMessage('stop')
  }
  signal.addEventListener('abort', stop)
  return new Promise<RunResult | null>((done, failed) => {
    worker.on('message', (message: FromWorker) => {
      if (message.type === 'progress') onProgress(seed, message.progress)
      else if (message.type === 'result') done(message.result)
      else if (message.type === 'stopped') done(null)
      else failed(thrownBy(message, seed))
    })
    worker.on('error', (error) => failed(memoryError(error, seed)))
    worker.on('exit', () => failed(new CliError('E_INTERNAL', `the run of seed ${seed} ended without a result`)))
  }).finally(() => signal.removeEventListener('abort', stop))
}

/** An error of a thread, as it would be here. */
function thrownBy({ code, message, hint }: Extract<FromWorker, { type: 'failed' }>, seed: number): Error {
  return Object.assign(new Error(`seed ${seed}: ${message}`), { code, ...(hint === null ? {} : { hint }) })
}

function memoryError(error: unknown, seed: number): Error {
  if (error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY')
    return new CliError(
      'E_MEMORY',
      `the run of seed ${seed} needed more memory than was estimated`,
      'Use --nodes, or fewer --jobs.',
    )
  return error instanceof Error ? error : new Error(String(error))
}
