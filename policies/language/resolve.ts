import { PolicyError, type PolicyErrorCode } from '../errors.ts'
import { expression } from '../expr/expression.ts'
import { evaluateDeep, evaluateToText } from '../expr/interpolate.ts'
import type { Scope } from '../expr/run.ts'
import { nodeScope } from '../expr/selector.ts'
import { LIMITS } from '../limits.ts'
import type { CompiledPolicy, CompiledResource, NodeContext, ResolvedResource, Value } from '../model.ts'
import { keyProblem } from './common.ts'
import { describeCycle, findCycle, referenceList } from './graph.ts'
import { variablesFor } from './layers.ts'
import { isValueMap } from './merge.ts'
import { KnownKeys, notThere } from './references.ts'
import { resolveAttributes, type BundlePaths } from './resolve-attributes.ts'
import { typeNamed, type TypeTable } from './types.ts'

export interface Resolved {
  readonly resources: readonly ResolvedResource[]
  /** With any error nothing of the policy is to be applied: what is left could lack what it stands on. */
  readonly errors: readonly PolicyError[]
}

/**
 * The resources of a policy for one node: layers merged, `each` repeated, `when` asked, expressions evaluated, templates
 * rendered, attributes checked. Pure and synchronous: the same on the node, in a plan and in the simulator.
 *
 * @param files paths of the bundle's files
 */
export function resolve(policy: CompiledPolicy, context: NodeContext, files: BundlePaths, types: TypeTable): Resolved {
  const errors: PolicyError[] = []
  const base = attempt(errors, {}, () => ({ ...nodeScope(context), vars: variablesFor(policy, context) }))
  if (base === undefined) return { resources: [], errors }
  const made = new Map<string, ResolvedResource>()
  const resolving = new Resolving(policy, files, types)
  for (const resource of policy.resources) {
    const about = { resource: resource.key, at: resource.at }
    for (const scope of attempt(errors, about, () => repetitions(resource, base)) ?? []) {
      const one = attempt(errors, about, () => resolving.one(resource, scope))
      if (one === undefined) continue
      if (made.has(one.key))
        errors.push(new PolicyError('E_DUPLICATE_RESOURCE', `${one.key} is there twice on this node`, about))
      made.set(one.key, one)
      if (made.size > LIMITS.resolvedResources) {
        errors.push(
          new PolicyError(
            'E_TOO_LARGE',
            `the policy has more than ${LIMITS.resolvedResources} resources on this node`,
            about,
          ),
        )
        return { resources: [], errors }
      }
    }
  }
  const resources = linked(policy, made, errors)
  const cycle = findCycle(resources)
  if (cycle !== undefined) errors.push(new PolicyError('E_CYCLE', describeCycle(cycle), { resource: cycle[0] ?? '' }))
  return { resources, errors }
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

/** One scope for each time that a resource is there: once, or once for each item of `each`. */
function repetitions(resource: CompiledResource, base: Scope): readonly Scope[] {
  const { each } = resource.attrs
  if (each === undefined) return [base]
  const items = evaluateDeep(each, base)
  if (Array.isArray(items)) return items.map((value: Value, key) => ({ ...base, each: { key, value } }))
  if (!isValueMap(items)) throw new PolicyError('E_VALUE', 'each must give a map or a list')
  return Object.keys(items)
    .sort()
    .map((key) => ({ ...base, each: { key, value: items[key] ?? null } }))
}

class Resolving {
  readonly #policy: CompiledPolicy
  readonly #files: BundlePaths
  readonly #types: TypeTable

  constructor(policy: CompiledPolicy, files: BundlePaths, types: TypeTable) {
    this.#policy = policy
    this.#files = files
    this.#types = types
  }

  /** The resource in one scope, or undefined where its `when` is false. */
  one(resource: CompiledResource, scope: Scope): ResolvedResource | undefined {
    const { when, each, require, before, notify, subscribe, ...rest } = resource.attrs
    if (when !== undefined && !this.#holds(when, scope)) return undefined
    const key = evaluateToText(resource.key, scope)
    const problem = keyProblem(key)
    if (problem !== undefined) throw named(key, 'E_POLICY_NAME', `the key '${key}' ${problem}`)
    const type = typeNamed(this.#types, resource.type)
    if (type === undefined) throw named(key, 'E_UNKNOWN_TYPE', `this build has no resource type '${resource.type}'`)
    const { common, attrs } = resolveAttributes(
      { key, type, attrs: rest, templates: this.#policy.templates, files: this.#files },
      scope,
    )
    const references = (value: Value | undefined): readonly string[] =>
      value === undefined ? [] : referenceList(evaluateDeep(value, scope))
    return {
      policy: this.#policy.policy,
      key,
      type: resource.type,
      name: key.slice(key.indexOf('/') + 1),
      attrs,
      require: references(require),
      before: references(before),
      notify: references(notify),
      subscribe: references(subscribe),
      sensitive: common.sensitive ?? false,
      noop: common.noop ?? false,
      onRemove: common.onRemove ?? (each === undefined ? (type.onRemove ?? 'leave') : 'undo'),
      tags: referenceList(common.tags),
      at: resource.at,
    }
  }

  #holds(when: Value, scope: Scope): boolean {
    if (typeof when !== 'string') throw new PolicyError('E_SELECT', 'when must be a condition')
    return expression(when, 'condition').test(scope)
  }
}

function named(key: string, code: PolicyErrorCode, message: string): PolicyError {
  return new PolicyError(code, message, { resource: key })
}

/** Drops references to resources that are absent on this node, and refuses those that the policy does not have. */
function linked(
  policy: CompiledPolicy,
  made: ReadonlyMap<string, ResolvedResource>,
  errors: PolicyError[],
): ResolvedResource[] {
  const known = new KnownKeys(policy.resources.map((resource) => resource.key))
  return [...made.values()].map((resource) => {
    const present = (attr: 'require' | 'before' | 'notify' | 'subscribe'): readonly string[] =>
      resource[attr].filter((target) => {
        if (made.has(target)) return true
        if (!known.has(target)) {
          const message = notThere(resource.key, attr, target, known)
          errors.push(new PolicyError('E_REFERENCE', message, { resource: resource.key, at: resource.at }))
        }
        return false
      })
    return {
      ...resource,
      require: present('require'),
      before: present('before'),
      notify: present('notify'),
      subscribe: present('subscribe'),
    }
  })
}
