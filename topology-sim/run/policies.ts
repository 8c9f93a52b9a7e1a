import {
  compile,
  type Diagnostic,
  memorySource,
  type NodeContext,
  type PolicySource,
  RESOURCE_TYPES,
  usedNames,
  type UsedNames,
  viewOf,
} from '../../policies/index.ts'
import type { PolicyPart } from '../scenario/schema.ts'
import { bundleOfCompiled } from '../world/bundle.ts'
import type { NodeFacts, PolicyBundle } from '../world/types.ts'

export interface CompiledForFleet {
  readonly bundle: PolicyBundle | undefined
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * Compiles a policy of a scenario with the real compiler. One without a folder gets a file for each resource that the
 * scenario names.
 *
 * @param source of its folder; undefined if it has none
 */
export function compileForFleet(name: string, part: PolicyPart, source: PolicySource | undefined): CompiledForFleet {
  const from = source ?? memorySource({ 'policy.yaml': policyText(name, part) })
  const compiled = compile(from, { types: RESOURCE_TYPES, set: part.set, executes: EXECUTED })
  const { policy, diagnostics } = compiled
  if (policy === undefined) return { bundle: undefined, diagnostics }
  const bundle = bundleOfCompiled(compiled)
  return {
    diagnostics,
    bundle: {
      ...bundle,
      onFork: part.onFork ?? bundle.onFork,
      size: part.size ?? bundle.size,
      resourcesOf: remembered(bundle.resourcesOf, usedNames(policy)),
    },
  }
}

/** What nodes of this build execute beside resources: a simulation must not refuse what they would take. */
const EXECUTED = ['onChange', 'rollout', 'secrets'] as const

/** The real resolver, asked once for all nodes that look the same to the policy. */
function remembered(resourcesOf: PolicyBundle['resourcesOf'], used: UsedNames): PolicyBundle['resourcesOf'] {
  const known = new Map<string, ReturnType<PolicyBundle['resourcesOf']>>()
  return (node) => {
    const view = viewOf(contextOf(node), used)
    const found = known.get(view)
    if (found !== undefined) return found
    const made = resourcesOf(node)
    // A policy that looks at the names of nodes has as many views as nodes.
    if (known.size < VIEWS_MAX) known.set(view, made)
    return made
  }
}

/** Some 100 bytes each. */
const VIEWS_MAX = 10_000

export function contextOf({ name, id, labels, facts }: NodeFacts): NodeContext {
  // Facts came from the scenario, whose schema holds them to values.
  return { labels, facts: facts as NodeContext['facts'], node: { name, id } }
}

/** A policy that stands for one that is not written yet. */
function policyText(name: string, { select, resources }: PolicyPart): string {
  const keys = Object.keys(resources).filter((key) => key !== '*')
  const files = (keys.length === 0 ? ['file/main'] : keys).map((key) => [
    key,
    { path: `/srv/${key.split('/').slice(1).join('/')}`, content: name },
  ])
  // JSON is YAML.
  return JSON.stringify({ policy: name, select, resources: Object.fromEntries(files) })
}
