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
  const durations: Record<string, { medianMs: number; sigma: number }> = {}
  const driftsPerHour: Record<string, number> = {}
  let otherMs: number | undefined
  const works = new Map<string, Readonly<Record<string, ResourceWork>>>()
  for (const [name, { resources }] of Object.entries(scenario.policies)) {
    works.set(bundles.get(name)?.policy ?? name, resources)
    for (const [key, { takes, drifts }] of Object.entries(resources)) {
      if (key === '*') otherMs = takes.median
      else durations[key] = { medianMs: takes.median, sigma: takes.sigma }
      if (drifts === 0) continue
      for (const type of key === '*' ? (bundles.get(name)?.uses ?? []) : [key]) driftsPerHour[type] = drifts
    }
  }
  const failing = (node: NodeFacts, policy: string, bundle: PolicyBundle): string | null => {
    const resources = bundle.resourcesOf(node)
    if (fail !== null && holds(fail, node)) return resources[0]?.key ?? null
    const own = works.get(policy)
    if (own === undefined) return null
    for (const { key } of resources) {
      const work = own[key] ?? own['*']
      if (work === undefined) continue
      if (work.failsOn !== undefined && holds(work.failsOn, node)) return key
      if (work.fails > 0 && drawOf(`${policy} ${key} ${node.name}`, scenario.seed) < work.fails) return key
    }
    return null
  }
  return {
    durations,
    driftsPerHour,
    ...(otherMs === undefined ? {} : { otherMs }),
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
