import type { ScenarioEvent } from '../scenario/events.ts'
import type { RunSetup } from './driver.ts'
import type { RunAgain } from './result.ts'
import { runScenario, type RunHooks } from './run.ts'

/** Runs at most: people wait for it. */
const RUNS_MAX = 24

/**
 * The fewest events that still break an invariant, as far as leaving them out one by one (the last first) can tell. The
 * result is a scenario that shows the same fault with less around it.
 */
export async function reduceEvents(
  setup: RunSetup,
  again: RunAgain,
  invariant: string,
  hooks: RunHooks = {},
): Promise<readonly ScenarioEvent[]> {
  let events = setup.scenario.events
  let runs = 0
  for (let i = events.length - 1; i >= 0 && runs < RUNS_MAX && hooks.signal?.aborted !== true; i--) {
    const fewer = events.filter((_, at) => at !== i)
    runs++
    const { violations } = await runScenario({ ...setup, scenario: { ...setup.scenario, events: fewer } }, again, hooks)
    if (violations.some((violation) => violation.invariant === invariant)) events = fewer
  }
  return events
}
