import { PolicyError } from '../errors.ts'
import { evaluateToText, interpolation } from '../expr/interpolate.ts'
import { liquidTemplate } from '../expr/liquid.ts'
import type { Scope } from '../expr/run.ts'
import { nodeScope } from '../expr/selector.ts'
import { toValue, isMap } from '../expr/value.ts'
import { termsOf, type Term } from '../expr/why-not.ts'
import type { CompiledPolicy, CompiledResource, NodeContext, Value } from '../model.ts'
import { explain } from './explain.ts'
import { instanceScope } from './instances.ts'
import { variablesFor } from './layers.ts'
import { timesOf } from './resolve.ts'

/** A name that an attribute uses, and where its value on a node comes from. */
export interface Origin {
  /** `vars.port`, `labels.env`, `each.value`, `secrets.tls_key`. */
  readonly name: string
  /** Undefined if the node has none; never of a secret. */
  readonly value: Value | undefined
  /** For a variable the layer that gives it: a file, `vars`, or `--set`. For a secret its source. */
  readonly from: string | undefined
}

export interface AttributeWhy {
  readonly attr: string
  /** As the policy writes it. */
  readonly written: Value
  readonly origins: readonly Origin[]
}

/** Why one resource is on a node, or is not, and why it is as it is. */
export interface ResourceWhy {
  /** The key as the policy writes it: `file/vhost-${each.key}`. */
  readonly written: string
  /** Its condition, term by term; undefined without one. */
  readonly when: Term | undefined
  readonly attributes: readonly AttributeWhy[]
}

/**
 * How a policy comes to a resource on a node: every way in which it is written (one, but for conditions that exclude each
 * other), with the origin of each value. Secrets are named, never read.
 *
 * @throws PolicyError if the variables of the node cannot be told
 */
export function whyResource(policy: CompiledPolicy, context: NodeContext, key: string): readonly ResourceWhy[] {
  const base: Scope = { ...nodeScope(context), vars: variablesFor(policy, context) }
  return policy.resources.flatMap((resource) => {
    const scope = scopeOf(policy, resource, base, key)
    if (scope === undefined) return []
    const { when, each, require: _1, before: _2, notify: _3, subscribe: _4, ...attrs } = resource.attrs
    const about: About = { policy, context, base, scope, instance: resource.instance }
    const attributes = Object.entries({ ...(each === undefined ? {} : { each }), ...attrs }).map(
      ([attr, written]): AttributeWhy => ({ attr, written, origins: originsOf(about, namesIn(policy, attr, written)) }),
    )
    return [{ written: resource.key, when: typeof when === 'string' ? termsOf(when, scope) : undefined, attributes }]
  })
}

/** The scope in which a resource has this key; undefined if it never has. */
function scopeOf(policy: CompiledPolicy, resource: CompiledResource, base: Scope, key: string): Scope | undefined {
  try {
    for (const { around, each } of timesOf(policy, resource, base)) {
      const scope = { ...instanceScope(policy, resource.instance, around), ...each }
      if (evaluateToText(resource.key, scope) === key) return scope
    }
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
  }
  return undefined
}

interface Name {
  readonly root: string
  readonly field: string | undefined
}

interface About {
  readonly policy: CompiledPolicy
  readonly context: NodeContext
  /** Of the policy itself, and of the instance whose resource it is. */
  readonly base: Scope
  readonly scope: Scope
  readonly instance: string | undefined
}

function namesIn(policy: CompiledPolicy, attr: string, written: Value): readonly Name[] {
  if (attr === 'template' && typeof written === 'string' && Object.hasOwn(policy.templates, written))
    return liquidTemplate(written, policy.templates[written] ?? '').references
  if (typeof written === 'string') return written.includes('${') ? interpolation(written).references : []
  if (typeof written !== 'object' || written === null) return []
  return Object.values(written).flatMap((item: Value) => namesIn(policy, '', item))
}

function originsOf(about: About, names: readonly Name[]): readonly Origin[] {
  const found = new Map<string, Origin>()
  for (const { root, field } of names) {
    const name = field === undefined ? root : `${root}.${field}`
    if (!found.has(name)) for (const origin of originOf(about, root, field, name)) found.set(origin.name, origin)
  }
  return [...found.values()]
}

function originOf(about: About, root: string, field: string | undefined, name: string): readonly Origin[] {
  const { policy, context, instance } = about
  if (root === 'secrets') return [{ name, value: undefined, from: secretSource(policy, field) }]
  if (root === 'vars' && field !== undefined) {
    if (instance !== undefined) return parameterOrigins(about, instance, field, name)
    const { winner } = explain(policy, context, field)
    return [{ name, value: valueIn(about.scope, root, field), from: winner }]
  }
  return [{ name, value: valueIn(about.scope, root, field), from: undefined }]
}

/** A parameter of a component, and what whoever uses the component gives it from. */
function parameterOrigins(about: About, instance: string, field: string, name: string): readonly Origin[] {
  const { policy, base } = about
  const used = policy.instances?.[instance]
  const within = used?.within
  const written = used !== undefined && Object.hasOwn(used.params, field) ? used.params[field]?.value : undefined
  const outer = namesIn(policy, '', written ?? null)
  const own: Origin = {
    name,
    value: valueIn(about.scope, 'vars', field),
    from: `component ${instance}`,
  }
  return [own, ...originsOf({ ...about, instance: within, scope: instanceScope(policy, within, base) }, outer)]
}

function secretSource(policy: CompiledPolicy, name: string | undefined): string | undefined {
  const source = name === undefined ? undefined : policy.secrets?.[name]
  if (source === undefined) return undefined
  if ('age' in source) return source.age
  return 'file' in source ? `the file ${source.file} of the node` : `what ${source.exec[0]} prints on the node`
}

function valueIn(scope: Scope, root: string, field: string | undefined): Value | undefined {
  const from = Object.hasOwn(scope, root) ? scope[root] : undefined
  if (from === undefined || field === undefined) return from === undefined ? undefined : toValue(from)
  try {
    const value = isMap(from) && Object.hasOwn(from, field) ? from[field] : undefined
    return value === undefined ? undefined : toValue(value)
  } catch (error) {
    // A parameter that hangs on a secret further out.
    if (error instanceof PolicyError) return undefined
    throw error
  }
}
