import { parentPort, workerData } from 'node:worker_threads'
import { SimError, type RunProgress, type RunResult } from '../../topology-sim/index.ts'
import { runOnce } from './once.ts'
import { prepare, type SimRequest } from './prepare.ts'

/** What a thread says while it runs one seed. */
export type FromWorker =
  | { readonly type: 'progress'; readonly progress: RunProgress }
  | { readonly type: 'result'; readonly result: RunResult }
  /** Before there was anything to report. */
  | { readonly type: 'stopped' }
  | { readonly type: 'failed'; readonly code: string; readonly message: string; readonly hint: string | null }

/** Given by `seeds.ts`; this file runs nowhere else. */
export interface WorkerTask {
  readonly request: SimRequest
  /** One integer; not 0: the command was interrupted. Seen while the world is made, when no message comes through. */
  readonly stop: Int32Array
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- of a thread, not of a window
const say = (message: FromWorker): void => parentPort?.postMessage(message)

const stop = new AbortController()
// The only message that comes: the command was interrupted.
parentPort?.on('message', () => stop.abort())
try {
  const { request, stop: flag } = workerData as WorkerTask
  const prepared = prepare(request, () => undefined)
  const onProgress = (progress: RunProgress): void => say({ type: 'progress', progress })
  const stopped = (): boolean => Atomics.load(flag, 0) !== 0
  const options = { onProgress, signal: stop.signal, now: Date.now, stopped }
  say({ type: 'result', result: await runOnce(prepared, options) })
} catch (error) {
  if (error instanceof SimError && error.code === 'E_SIM_STOPPED') say({ type: 'stopped' })
  else {
    const [code, hint] = error instanceof Error ? [codeOf(error), hintOf(error)] : ['E_INTERNAL', null]
    say({ type: 'failed', code, message: error instanceof Error ? error.message : String(error), hint })
  }
} finally {
  parentPort?.close()
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : 'E_INTERNAL'
}

function hintOf(error: Error): string | null {
  return 'hint' in error && typeof error.hint === 'string' ? error.hint : null
}
