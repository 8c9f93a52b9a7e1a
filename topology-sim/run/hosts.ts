import { evaluateCondition } from '../../policies/index.ts'
import type { ResourceWork } from '../scenario/schema.ts'
import type { Scenario } from '../scenario/types.ts'
import type { HostModel } from '../world/hosts.ts'
import type { NodeFacts, PolicyBundle } from '../world/types.ts'
import { drawOf } from './figures.ts'
import { contextOf } from './policies.ts'

/** Called when a host starts to work on a policy. `resource`: what fails there, or null. */
export type Worked = (node: NodeFacts, policy: string, bundle: PolicyBundle, resource: string | null) => void

/**
 * What hosts do with the policies of a scenario. Whether a resource fails on a host is drawn from the seed and the names
 * alone: it fails there every time, as a missing package would.
 *
 * @param fail hosts on which every policy fails at its first resource (`--fail`)
 */
export function hostModel(
  scenario: Scenario,
  bundles: ReadonlyMap<string, PolicyBundle>,
  fail: string | null,
  worked: Worked,
): HostModel {
  // By bundle: two policies, or two versions of one, may have resources of the same key that behave differently.
  const works = new Map(
    Object.entries(scenario.policies).map(([name, { resources }]) => [bundles.get(name)?.cid, resources]),
  )
  const workOf = (bundle: string, key: string): ResourceWork | undefined => {
    const own = works.get(bundle)
    return own?.[key] ?? own?.['*']
  }
  const failing = (node: NodeFacts, policy: string, bundle: PolicyBundle): string | null => {
    const resources = bundle.resourcesOf(node)
    if (fail !== null && holds(fail, node)) return resources[0]?.key ?? null
    for (const { key } of resources) {
      const work = workOf(bundle.cid, key)
      if (work === undefined) continue
      if (work.failsOn !== undefined && holds(work.failsOn, node)) return key
      if (work.fails > 0 && drawOf(`${policy} ${key} ${node.name}`, scenario.seed) < work.fails) return key
    }
    return null
  }
  return {
    work: (bundle, key) => {
      const work = workOf(bundle, key)
      return work && { medianMs: work.takes.median, sigma: work.takes.sigma, driftsPerHour: work.drifts }
    },
    fails: (node, policy, bundle) => {
      const resource = failing(node, policy, bundle)
      worked(node, policy, bundle, resource)
      return resource
    },
  }
}

function holds(condition: string, node: NodeFacts): boolean {
  const { labels, facts, node: names } = contextOf(node)
  return evaluateCondition(condition, { labels, facts, node: names }).selected
}
