import { PolicyError } from '../errors.ts'
import { evaluateDeep } from '../expr/interpolate.ts'
import type { Scope } from '../expr/run.ts'
import type { ExprMap } from '../expr/value.ts'
import type { CompiledPolicy, Value } from '../model.ts'
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
  const outer = instanceScope(policy, instance.within, base)
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
  return { ...outer, vars: inside }
}
