import { createHash } from 'node:crypto'
import {
  exactNetwork,
  makeWorld,
  runScenario,
  type RunHooks,
  type RunProgress,
  type RunResult,
  type RunSetup,
} from '../../topology-sim/index.ts'
import type { Prepared } from './prepare.ts'

export interface OnceOptions {
  readonly onProgress: (progress: RunProgress) => void
  readonly signal: AbortSignal
  readonly now: () => number
  /** Looked at while the world is made, when no signal and no message comes through. */
  readonly stopped?: () => boolean
}

/** One run in this thread, measured. Stopped early it gives what it had come to. */
export async function runOnce(
  prepared: Prepared,
  { onProgress, signal, now, stopped }: OnceOptions,
): Promise<RunResult> {
  const startedAt = now()
  const hooks: RunHooks = {
    signal,
    onSlice: async (progress) => {
      onProgress(progress)
      // Timers, signals and messages of other threads come through here.
      await new Promise((done) => setImmediate(done))
    },
  }
  const result = await runScenario(await setupOf(prepared, stopped), prepared.again, hooks)
  const tookMs = Math.max(1, now() - startedAt)
  const machine = {
    tookMs,
    eventsPerSecond: Math.round((result.events * 1000) / tookMs),
    peakBytes: process.resourceUsage().maxRSS * 1024,
  }
  return { ...result, machine }
}

/** The real GossipSub class is loaded only for those scenarios that ask for it. */
export async function setupOf(
  { scenario, bundles, again }: Prepared,
  stopped: () => boolean = () => false,
): Promise<RunSetup> {
  const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
  const network = scenario.network === 'exact' ? { network: await exactNetwork() } : {}
  const make: RunSetup['makeWorld'] = (options) => makeWorld({ ...options, stopped })
  return { scenario, bundles, fail: again.fail, hasher: { sha256 }, makeWorld: make, ...network }
}
