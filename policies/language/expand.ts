import type { PolicyError } from '../errors.ts'
import { evaluateSelector } from '../expr/selector.ts'
import { LIMITS } from '../limits.ts'
import type { CompiledPolicy, NodeContext } from '../model.ts'
import { resolve } from './resolve.ts'
import type { BundlePaths } from './resolve-attributes.ts'
import type { TypeTable } from './types.ts'
import { usedNames, viewOf } from './used-names.ts'

/** Nodes that are all the same to a policy. */
export interface Combination {
  /** Those labels of theirs that the policy looks at. */
  readonly labels: Readonly<Record<string, string>>
  /** Names of the nodes, sorted. */
  readonly nodes: readonly string[]
  /** Why it cannot be resolved for them; nothing of it would be applied there. */
  readonly errors: readonly PolicyError[]
  readonly resources: number
  /** Keys of resources that wait for a secret; all that use one, as nobody knows at publish what a node can decrypt. */
  readonly waiting: readonly string[]
}

export interface Expansion {
  /** Number of nodes that the policy is for. */
  readonly selected: number
  /** Nodes for which `select` fails: they are not selected. */
  readonly unclear: readonly { readonly node: string; readonly error: PolicyError }[]
  /** Those that cannot be resolved first, then by the name of their first node. */
  readonly combinations: readonly Combination[]
  /** Combinations beyond the limit, which were not looked at. */
  readonly skipped: number
}

/**
 * Resolves a policy for every combination of what it looks at, among the nodes that are known: so that publishing can say
 * which nodes would be left without a variable, a file or a template. Combinations that no node has are not made up.
 *
 * @param files paths of the bundle's files
 */
export function expandCombinations(
  policy: CompiledPolicy,
  nodes: readonly NodeContext[],
  files: BundlePaths,
  types: TypeTable,
): Expansion {
  const used = usedNames(policy)
  const unclear: { node: string; error: PolicyError }[] = []
  const groups = new Map<string, NodeContext[]>()
  let selected = 0
  for (const context of nodes.toSorted((a, b) => (a.node.name < b.node.name ? -1 : 1))) {
    const selection = evaluateSelector(policy.select, context)
    if (selection.error !== undefined) unclear.push({ node: context.node.name, error: selection.error })
    if (!selection.selected) continue
    selected++
    const view = viewOf(context, used)
    const group = groups.get(view)
    if (group === undefined) groups.set(view, [context])
    else group.push(context)
  }
  const shown = [...groups.values()].slice(0, LIMITS.combinations)
  const fields = used.get('labels') ?? new Set()
  const combinations = shown.flatMap(([first, ...others]): Combination[] => {
    if (first === undefined) return []
    const { resources, waiting, errors } = resolve(policy, first, files, types)
    const labels = Object.entries(first.labels).filter(([name]) => fields.has(name) || fields.has('*'))
    return [
      {
        labels: Object.fromEntries(labels.sort(([a], [b]) => (a < b ? -1 : 1))),
        nodes: [first, ...others].map((context) => context.node.name),
        errors,
        resources: resources.length + waiting.length,
        waiting: waiting.map((resource) => resource.key),
      },
    ]
  })
  return {
    selected,
    unclear,
    combinations: combinations.sort((a, b) => Number(a.errors.length === 0) - Number(b.errors.length === 0)),
    skipped: groups.size - shown.length,
  }
}
