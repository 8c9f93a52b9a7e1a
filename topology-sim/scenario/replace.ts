import { policySchema } from './schema.ts'
import type { ScenarioEvent } from './events.ts'
import type { Scenario } from './types.ts'

/** When a policy is published that a scenario without any publish is given. */
const FIRST_MS = 1_000

/**
 * The scenario with other policies (`--policy`): they are published, in their order, where the scenario publishes its
 * first one, and nothing else is. What happens beside that stays.
 *
 * @param folders by the name that each gets in the scenario
 */
export function withPolicies(scenario: Scenario, folders: Readonly<Record<string, string>>): Scenario {
  const first = scenario.events.find((event) => event.kind === 'publish')
  const by = first?.more.by ?? Object.keys(scenario.publishers)[0]
  const publishes = Object.keys(folders).map((what, i): ScenarioEvent => ({
    kind: 'publish',
    atMs: (first?.atMs ?? FIRST_MS) + i * FIRST_MS,
    line: first?.line ?? 1,
    what,
    more: { by },
  }))
  const rest = scenario.events.filter((event) => event.kind !== 'publish')
  return {
    ...scenario,
    policies: {
      ...scenario.policies,
      ...Object.fromEntries(Object.entries(folders).map(([name, folder]) => [name, policySchema.parse({ folder })])),
    },
    events: [...publishes, ...rest].toSorted((a, b) => a.atMs - b.atMs),
    // What is expected of a policy that is not published any more cannot be met.
    expect: scenario.expect.filter(
      ({ more }) => !('policy' in more) || more.policy === undefined || more.policy in folders,
    ),
  }
}
