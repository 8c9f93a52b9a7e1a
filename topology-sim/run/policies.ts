import {
  buildBundle,
  compile,
  type Compiled,
  type Diagnostic,
  memorySource,
  type NodeContext,
  type PolicySource,
  resolve,
  RESOURCE_TYPES,
  rolloutFor,
  type Sha256,
  usedNames,
  usesOf,
  viewOf,
} from '../../policies/index.ts'
import type { PolicyPart } from '../scenario/schema.ts'
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
export function compileForFleet(
  name: string,
  part: PolicyPart,
  source: PolicySource | undefined,
  sha256: Sha256,
): CompiledForFleet {
  const from = source ?? memorySource({ 'policy.yaml': policyText(name, part) })
  const compiled = compile(from, { types: RESOURCE_TYPES, set: part.set })
  const { policy, diagnostics } = compiled
  if (policy === undefined) return { bundle: undefined, diagnostics }
  const built = buildBundle(policy, compiled.files, sha256)
  const onFork = policy.extra['onFork'] === 'hold' ? 'hold' : 'newest'
  return {
    diagnostics,
    bundle: {
      policy: policy.policy,
      selector: policy.select,
      after: policy.after,
      onFork: part.onFork ?? onFork,
      rollout: rolloutFor(policy),
      uses: usesOf(policy),
      cid: built.root.cid,
      size: part.size ?? built.size,
      byName: [...(usedNames(policy).get('node') ?? [])].length > 0,
      resourcesOf: resourcesOf(policy, new Map(built.content.files.map((file) => [file.path, file]))),
    },
  }
}

type CompiledPolicy = NonNullable<Compiled['policy']>

/** The real resolver, asked once for all nodes that look the same to the policy. */
function resourcesOf(policy: CompiledPolicy, files: Parameters<typeof resolve>[2]): PolicyBundle['resourcesOf'] {
  const used = usedNames(policy)
  const known = new Map<string, readonly { readonly key: string; readonly type: string }[]>()
  return (node: NodeFacts) => {
    const context = contextOf(node)
    const view = viewOf(context, used)
    const found = known.get(view)
    if (found !== undefined) return found
    const made = resolve(policy, context, files, RESOURCE_TYPES).resources.map(({ key, type }) => ({ key, type }))
    // A policy that looks at the names of nodes has as many views as nodes.
    if (known.size < VIEWS_MAX) known.set(view, made)
    return made
  }
}

/** Some 100 bytes each. */
const VIEWS_MAX = 10_000

export function contextOf({ name, id, labels, facts }: NodeFacts): NodeContext {
  return { labels, facts, node: { name, id } }
}

/** A policy that stands for one that is not written yet. */
function policyText(name: string, { select, resources, rollout }: PolicyPart): string {
  const keys = Object.keys(resources).filter((key) => key !== '*')
  const files = (keys.length === 0 ? ['file/main'] : keys).map((key) => [
    key,
    { path: `/srv/${key.split('/').slice(1).join('/')}`, content: name },
  ])
  // JSON is YAML.
  return JSON.stringify({ policy: name, select, resources: Object.fromEntries(files), ...(rollout && { rollout }) })
}
