import { PolicyError, type PolicyErrorCode } from '../errors.ts'
import { expression } from '../expr/expression.ts'
import { evaluateDeep, evaluateToText } from '../expr/interpolate.ts'
import type { Scope } from '../expr/run.ts'
import type { CompiledPolicy, CompiledResource, ResolvedResource, Value } from '../model.ts'
import { SecretUse, type SecretProvider } from '../secrets/use.ts'
import { pacingOf } from '../resources/timing.ts'
import { keyProblem } from './common.ts'
import { referenceList } from './graph.ts'
import { instanceLength, instanceScope } from './instances.ts'
import { resolveAttributes, type BundlePaths, type ResolvedAttributes } from './resolve-attributes.ts'
import { typeNamed, type TypeSchema, type TypeTable } from './types.ts'
import type { Waiter } from './waiting.ts'

type One = { readonly ready: ResolvedResource } | { readonly waiter: Waiter }

const NONE: readonly string[] = []

/** What a resource without `each` adds to its scope. */
export const NOTHING: Scope = {}

/** Resolves single resources of one policy for one node. */
export class ResourceResolver {
  readonly #policy: CompiledPolicy
  readonly #files: BundlePaths
  readonly #types: TypeTable
  readonly #provider: SecretProvider
  readonly #secrets: readonly string[]

  constructor(policy: CompiledPolicy, files: BundlePaths, types: TypeTable, provider: SecretProvider) {
    this.#policy = policy
    this.#files = files
    this.#types = types
    this.#provider = provider
    this.#secrets = Object.keys(policy.secrets ?? {})
  }

  /**
   * The resource in one scope, or undefined where its `when` is false.
   *
   * @param structure the scope of keys, conditions and references, where no secret can be read
   * @param each what `each` adds to it
   */
  one(resource: CompiledResource, structure: Scope, each: Scope): One | undefined {
    const around = instanceScope(this.#policy, resource.instance, structure)
    const scope = each === NOTHING ? around : { ...around, ...each }
    const { when, each: repeats, require, before, notify, subscribe, ...rest } = resource.attrs
    if (when !== undefined && !holds(when, scope)) return undefined
    const key = evaluateToText(resource.key, scope)
    const problem = keyProblem(key)
    if (problem !== undefined) throw named(key, 'E_POLICY_NAME', `the key '${key}' ${problem}`)
    const type = typeNamed(this.#types, resource.type)
    if (type === undefined) throw named(key, 'E_UNKNOWN_TYPE', `this build has no resource type '${resource.type}'`)
    const references = (value: Value | undefined): readonly string[] =>
      value === undefined ? NONE : referenceList(evaluateDeep(value, scope))
    const prefix = resource.instance === undefined ? 0 : instanceLength(this.#policy, resource.instance, structure) + 1
    const head = {
      policy: this.#policy.policy,
      key,
      type: resource.type,
      name: key.slice(key.indexOf('/') + 1 + prefix),
      require: references(require),
      before: references(before),
      notify: references(notify),
      subscribe: references(subscribe),
    }
    const use = this.#secrets.length === 0 ? undefined : new SecretUse(this.#secrets, this.#provider)
    const resolved = this.#attributes(resource, { key, type, rest, structure, each, scope }, use)
    if (resolved === undefined) {
      const reason = use?.reason ?? ''
      return { waiter: { ...head, reason, code: 'E_SECRET' } }
    }
    const { common, attrs } = resolved
    return {
      ready: {
        ...head,
        attrs,
        sensitive: common.sensitive === true || (use !== undefined && use.names.size > 0),
        noop: common.noop ?? false,
        onRemove:
          common.onRemove ??
          (repeats === undefined && structure['instance'] === undefined ? (type.onRemove ?? 'leave') : 'undo'),
        tags: referenceList(common.tags),
        ...pacingOf(common),
        at: resource.at,
      },
    }
  }

  /** Undefined if a secret that it uses is not there yet. */
  #attributes(
    resource: CompiledResource,
    { key, type, rest, structure, each, scope }: Around,
    use: SecretUse | undefined,
  ): ResolvedAttributes | undefined {
    const unresolved = { key, type, attrs: rest, templates: this.#policy.templates, files: this.#files }
    if (use === undefined) return resolveAttributes(unresolved, scope)
    const open = { ...instanceScope(this.#policy, resource.instance, { ...structure, secrets: use.scope }), ...each }
    try {
      return resolveAttributes(unresolved, open)
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error
      if (use.waiting.size > 0) return undefined
      if (use.names.size === 0) throw error
      // Messages quote values, and these could be secret.
      const message = `what it makes of the secret ${[...use.names].sort().join(', ')} does not fit its attributes`
      throw new PolicyError(error.code, message, {
        hint: 'The exact message is withheld, since it could show the secret.',
      })
    }
  }
}

interface Around {
  readonly key: string
  readonly type: TypeSchema
  readonly rest: Readonly<Record<string, Value>>
  readonly structure: Scope
  readonly each: Scope
  readonly scope: Scope
}

function holds(when: Value, scope: Scope): boolean {
  if (typeof when !== 'string') throw new PolicyError('E_SELECT', 'when must be a condition')
  return expression(when, 'condition').test(scope)
}

function named(key: string, code: PolicyErrorCode, message: string): PolicyError {
  return new PolicyError(code, message, { resource: key })
}
