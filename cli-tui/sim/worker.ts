import { parentPort, workerData } from 'node:worker_threads'
import type { RunProgress, RunResult } from '../../topology-sim/index.ts'
import { runOnce } from './once.ts'
import { prepare, type SimRequest } from './prepare.ts'

/** What a thread says while it runs one seed. */
export type FromWorker =
  | { readonly type: 'progress'; readonly progress: RunProgress }
  | { readonly type: 'result'; readonly result: RunResult }
  | { readonly type: 'failed'; readonly code: string; readonly message: string; readonly hint: string | null }

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- of a thread, not of a window
const say = (message: FromWorker): void => parentPort?.postMessage(message)

const stop = new AbortController()
// The only message that comes: the command was interrupted.
parentPort?.on('message', () => stop.abort())
try {
  // Given by `seeds.ts`; this file runs nowhere else.
  const prepared = prepare(workerData as SimRequest, () => undefined)
  const onProgress = (progress: RunProgress): void => say({ type: 'progress', progress })
  say({ type: 'result', result: await runOnce(prepared, { onProgress, signal: stop.signal, now: Date.now }) })
} catch (error) {
  const [code, hint] = error instanceof Error ? [codeOf(error), hintOf(error)] : ['E_INTERNAL', null]
  say({ type: 'failed', code, message: error instanceof Error ? error.message : String(error), hint })
} finally {
  parentPort?.close()
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : 'E_INTERNAL'
}

function hintOf(error: Error): string | null {
  return 'hint' in error && typeof error.hint === 'string' ? error.hint : null
}
