import { PolicyError } from '../errors.ts'
import { evaluateDeep } from '../expr/interpolate.ts'
import type { Scope } from '../expr/run.ts'
import { expression } from '../expr/expression.ts'
import { isMap, type ExprMap } from '../expr/value.ts'
import type { CompiledInstance, CompiledPolicy, Value } from '../model.ts'
import { isValueMap } from './merge.ts'
import { parameterProblem } from './parameters.ts'

/**
 * The scope of a resource that belongs to an instance of a component: `vars` are its parameters. Each is evaluated in the
 * scope of whoever uses the component, when it is read and not before: so a secret among them touches only what reads it.
 *
 * @throws PolicyError E_POLICY_SCHEMA if the policy has no such instance
 */
export function instanceScope(policy: CompiledPolicy, id: string | undefined, base: Scope): Scope {
  if (id === undefined) return base
  const { instances = {} } = policy
  const instance = Object.hasOwn(instances, id) ? instances[id] : undefined
  // An instance comes after the one around it in no order that can be relied on; a circle ends at the shorter name.
  if (instance === undefined || (instance.within !== undefined && !id.startsWith(`${instance.within}-`))) {
    throw new PolicyError('E_POLICY_SCHEMA', `the policy has no component '${id}'`)
  }
  const outer = outerScope(policy, id, instance, base)
  const vars: Record<string, Value> = {}
  for (const [name, parameter] of Object.entries(instance.params)) {
    let known: Value | undefined
    const get = (): Value => {
      known ??= evaluateDeep(parameter.value, outer)
      const problem = parameterProblem(parameter, known)
      if (problem !== undefined) throw new PolicyError('E_VALUE', `${id}: ${name} ${problem}`)
      return known
    }
    Object.defineProperty(vars, name, { enumerable: true, get })
  }
  const inside: ExprMap = vars
  const { each: _item, ...rest } = outer
  return { ...rest, vars: inside }
}

/** The scope of whoever uses the instance, with the item that it is there for. */
function outerScope(policy: CompiledPolicy, id: string, instance: CompiledInstance, base: Scope): Scope {
  const outer = instanceScope(policy, instance.within, base)
  const item = itemsIn(base)[id]
  return item === undefined ? outer : { ...outer, each: item }
}

/**
 * The scopes in which an instance is there on a node: one, or one for each item that it or an instance around it is
 * repeated for, with the items by instance in `instance`; none where a `when` is false.
 *
 * @throws PolicyError E_VALUE if `each` gives no map or list; those of expressions
 */
export function instanceTimes(policy: CompiledPolicy, id: string | undefined, base: Scope): readonly Scope[] {
  const instance = id === undefined ? undefined : policy.instances?.[id]
  if (id === undefined || instance === undefined) return [base]
  return instanceTimes(policy, instance.within, base).flatMap((around) => {
    const outer = instanceScope(policy, instance.within, around)
    const there = (scope: Scope): boolean =>
      instance.when === undefined || expression(instance.when, 'condition').test(scope)
    if (instance.each === undefined) return there(outer) ? [around] : []
    return itemsOf(evaluateDeep(instance.each, outer))
      .filter((each) => there({ ...outer, each }))
      .map((each) => ({ ...around, instance: { ...itemsIn(around), [id]: each } }))
  })
}

/** The items of what `each` gives: of a map by its sorted keys, of a list in order. @throws PolicyError E_VALUE */
export function itemsOf(value: Value): readonly { readonly key: string | number; readonly value: Value }[] {
  if (Array.isArray(value)) return value.map((item: Value, key) => ({ key, value: item }))
  if (!isValueMap(value)) throw new PolicyError('E_VALUE', 'each must give a map or a list')
  return Object.keys(value)
    .sort()
    .map((key) => ({ key, value: value[key] ?? null }))
}

/** The items that instances are there for, by instance. Their ids are plain names: none means a thing to objects. */
function itemsIn(scope: Scope): ExprMap {
  const items = scope['instance']
  return items !== undefined && isMap(items) ? items : {}
}

/** Characters that the keys of an instance's resources start with: its name, and the keys of items. */
export function instanceLength(policy: CompiledPolicy, id: string, scope: Scope): number {
  const items = itemsIn(scope)
  let length = id.length
  for (let at: string | undefined = id; at !== undefined; at = policy.instances?.[at]?.within) {
    const item = items[at]
    const key = item !== undefined && isMap(item) ? item['key'] : undefined
    if (typeof key === 'string' || typeof key === 'number') length += 1 + String(key).length
  }
  return length
}
