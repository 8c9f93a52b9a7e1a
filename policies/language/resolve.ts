import { PolicyError } from '../errors.ts'
import { evaluateDeep } from '../expr/interpolate.ts'
import type { Scope } from '../expr/run.ts'
import { nodeScope } from '../expr/selector.ts'
import { LIMITS } from '../limits.ts'
import type { CompiledPolicy, CompiledResource, NodeContext, ResolvedResource } from '../model.ts'
import { SecretUse, type SecretProvider } from '../secrets/use.ts'
import { shownKey } from './common.ts'
import { describeCycle, findCycle } from './graph.ts'
import { instanceScope, instanceTimes, itemsOf } from './instances.ts'
import { variablesFor } from './layers.ts'
import { KnownKeys, notThere } from './references.ts'
import type { BundlePaths } from './resolve-attributes.ts'
import { NOTHING, ResourceResolver } from './resolve-resource.ts'
import type { TypeTable } from './types.ts'
import { divide, type Waiter, type WaitingResource } from './waiting.ts'

export interface Resolved {
  readonly resources: readonly ResolvedResource[]
  /** Resources that wait for a secret, or stand on one that does. They are wanted, and not to be touched. */
  readonly waiting: readonly WaitingResource[]
  /** With any error nothing of the policy is to be applied: what is left could lack what it stands on. */
  readonly errors: readonly PolicyError[]
}

export interface ResolveOptions {
  /** The secrets of this node; without it every secret is waited for. */
  readonly secrets?: SecretProvider
}

/**
 * The resources of a policy for one node: layers merged, `each` repeated, `when` asked, expressions evaluated, templates
 * rendered, attributes checked. Pure and synchronous: the same on the node, in a plan and in the simulator.
 *
 * @param files paths of the bundle's files
 */
export function resolve(
  policy: CompiledPolicy,
  context: NodeContext,
  files: BundlePaths,
  types: TypeTable,
  options: ResolveOptions = {},
): Resolved {
  const errors: PolicyError[] = []
  const base = attempt(errors, {}, () => ({ ...nodeScope(context), vars: variablesFor(policy, context) }))
  if (base === undefined) return { resources: [], waiting: [], errors }
  const made = new Map<string, ResolvedResource>()
  const waiters: Waiter[] = []
  const keys = new Set<string>()
  const resolver = new ResourceResolver(policy, files, types, options.secrets ?? (() => 'waiting'))
  const none = new SecretUse(Object.keys(policy.secrets ?? {}), undefined)
  const structure = policy.secrets === undefined ? base : { ...base, secrets: none.scope }
  for (const resource of policy.resources) {
    const about = { resource: shownKey(resource.key), at: resource.at }
    for (const { around, each } of attempt(errors, about, () => timesOf(policy, resource, structure)) ?? []) {
      const one = attempt(errors, about, () => resolver.one(resource, around, each))
      if (one === undefined) continue
      const { key } = 'ready' in one ? one.ready : one.waiter
      if (keys.has(key))
        errors.push(new PolicyError('E_DUPLICATE_RESOURCE', `${key} is there twice on this node`, about))
      keys.add(key)
      if ('ready' in one) made.set(key, one.ready)
      else waiters.push(one.waiter)
      if (keys.size > LIMITS.resolvedResources) {
        const message = `the policy has more than ${LIMITS.resolvedResources} resources on this node`
        errors.push(new PolicyError('E_TOO_LARGE', message, about))
        return { resources: [], waiting: [], errors }
      }
    }
  }
  const { ready, waiting } = divide(made, waiters)
  const resources = linked(policy, ready, errors)
  const cycle = findCycle(resources)
  if (cycle !== undefined) errors.push(new PolicyError('E_CYCLE', describeCycle(cycle), { resource: cycle[0] ?? '' }))
  return { resources, waiting, errors }
}

interface About {
  readonly resource?: string
  readonly at?: CompiledResource['at']
}

function attempt<T>(errors: PolicyError[], about: About, action: () => T): T | undefined {
  try {
    return action()
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    const prefix = about.resource === undefined || error.resource !== undefined ? '' : `${about.resource}: `
    const hint = error.hint === undefined ? {} : { hint: error.hint }
    errors.push(new PolicyError(error.code, prefix + error.message, { ...about, ...hint }))
    return undefined
  }
}

const ONCE: readonly Scope[] = [NOTHING]

/** One time that a resource is there: the scope of its instance, and what its own `each` adds. */
export interface Time {
  readonly around: Scope
  readonly each: Scope
}

/** Every time that a resource is there: once, or for each item of its own `each` and of those of its instances. */
export function timesOf(policy: CompiledPolicy, resource: CompiledResource, base: Scope): readonly Time[] {
  const { each } = resource.attrs
  return instanceTimes(policy, resource.instance, base).flatMap((around) => {
    if (each === undefined) return ONCE.map((nothing) => ({ around, each: nothing }))
    const items = itemsOf(evaluateDeep(each, instanceScope(policy, resource.instance, around)))
    return items.map((item) => ({ around, each: { each: item } }))
  })
}

/** Drops references to resources that are absent on this node, and refuses those that the policy does not have. */
function linked(
  policy: CompiledPolicy,
  ready: readonly ResolvedResource[],
  errors: PolicyError[],
): readonly ResolvedResource[] {
  const present = new Set(ready.map((resource) => resource.key))
  const known = new KnownKeys(policy.resources.map((resource) => resource.key))
  return ready.map((resource) => {
    const there = (attr: 'require' | 'before' | 'notify' | 'subscribe'): readonly string[] =>
      resource[attr].length === 0
        ? resource[attr]
        : resource[attr].filter((target) => {
            if (present.has(target)) return true
            if (!known.has(target)) {
              const message = notThere(resource.key, attr, target, known)
              errors.push(new PolicyError('E_REFERENCE', message, { resource: resource.key, at: resource.at }))
            }
            return false
          })
    return {
      ...resource,
      require: there('require'),
      before: there('before'),
      notify: there('notify'),
      subscribe: there('subscribe'),
    }
  })
}
