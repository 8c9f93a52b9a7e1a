import { didYouMean } from '../expr/suggest.ts'
import { complainKey, type Work } from './work.ts'
import type { YamlEntry } from './yaml.ts'

/** Keys of a policy, in the order in which `chorus fmt` writes them. */
export const POLICY_KEYS = [
  'policy',
  'extends',
  'select',
  'after',
  'priority',
  'onFork',
  'vars',
  'data',
  'secrets',
  'components',
  'onChange',
  'resources',
  'health',
  'rollout',
] as const

/** Keys of a component, in order: a policy without `select`, whose variables are parameters. */
export const COMPONENT_KEYS = ['policy', 'extends', 'parameters', 'components', 'resources'] as const

/** Reports keys that a policy does not have. */
export function checkPolicyKeys(work: Work, entries: readonly YamlEntry[]): void {
  for (const entry of entries) {
    if (entry.key === 'parameters') {
      const hint = 'Write vars, or remove select if this is a component.'
      complainKey(work, entry, 'E_UNKNOWN_KEY', 'only a component has parameters', hint)
    } else if (!POLICY_KEYS.some((key) => key === entry.key)) {
      const message = `a policy has no '${entry.key}'.${didYouMean(entry.key, POLICY_KEYS)}`
      complainKey(work, entry, 'E_UNKNOWN_KEY', message, `It has ${POLICY_KEYS.join(', ')}.`)
    }
  }
}

const NOT_IN_COMPONENT: Readonly<Record<string, string>> = {
  select: 'A component runs where the policy runs that uses it. To reuse a whole policy, extend it.',
  vars: 'Declare it in parameters, with a default.',
  data: 'Layers belong to the policy that uses the component; it gives the values in `with`.',
  secrets: 'Declare it in the policy that uses the component, and give it in `with`.',
}

/** Reports keys that a component does not have. */
export function checkComponentKeys(work: Work, entries: readonly YamlEntry[]): void {
  for (const entry of entries) {
    if (COMPONENT_KEYS.some((key) => key === entry.key)) continue
    const hint = Object.hasOwn(NOT_IN_COMPONENT, entry.key) ? NOT_IN_COMPONENT[entry.key] : undefined
    const meant = hint === undefined ? didYouMean(entry.key, COMPONENT_KEYS) : ''
    const message = `a component has no '${entry.key}'.${meant}`
    complainKey(work, entry, 'E_UNKNOWN_KEY', message, hint ?? `It has ${COMPONENT_KEYS.join(', ')}.`)
  }
}
