import { collect } from './collect.ts'
import { Driver, type RunSetup } from './driver.ts'
import type { RunAgain, RunResult } from './result.ts'

/** How far a run is. */
export interface RunProgress {
  readonly nowMs: number
  /** The latest end; it may come earlier. */
  readonly endMs: number
  readonly events: number
}

export interface RunHooks {
  /** Awaited between slices of some thousand events: for progress, and to let signals come through. */
  readonly onSlice?: (progress: RunProgress) => Promise<void>
  /** Ends the run early; what it has come to is kept. */
  readonly signal?: AbortSignal
}

/** Runs a scenario to its end. The same setup gives the same result. */
export async function runScenario(setup: RunSetup, again: RunAgain, hooks: RunHooks = {}): Promise<RunResult> {
  const driver = new Driver(setup)
  const { onSlice, signal } = hooks
  const end = await driver.run({
    ...(signal === undefined ? {} : { signal }),
    ...(onSlice === undefined ? {} : { pause: () => onSlice(progressOf(driver)) }),
  })
  return collect(driver, again, end.why !== 'aborted')
}

function progressOf({ world, scenario }: Driver): RunProgress {
  return { nowMs: world.nowMs, endMs: scenario.run, events: world.events }
}
