import { event } from '../engine/emit.ts'
import type { EngineState } from '../engine/state.ts'
import type { Beacon } from '../records/types.ts'

/**
 * A node says something else than in its last beacon that was heard here: told to the driver, for screens and for measuring how fast versions
 * spread. `before` is null if nothing was known of it, so that nothing can be said about when it changed.
 */
export function tellChange(state: EngineState, before: Beacon | null, now: Beacon): void {
  if (state.settings.events !== 'debug') return
  const policies = Object.entries(now.policies).filter(([policy, said]) => {
    const was = before?.policies[policy]
    return was?.version !== said.version || was.state !== said.state
  })
  if (before !== null && before.health === now.health && policies.length === 0) return
  event(state, 'debug', 'beaconChanged', `${now.key.slice(0, 8)} is ${now.health}.`, {
    key: now.key,
    health: now.health,
    was: before?.health ?? null,
    policies: Object.fromEntries(policies),
  })
}
