import type { NodeRow } from '../../node/control/index.ts'
import { matchesPattern } from '../../node/core/index.ts'
import type { Charter, Key } from '../../node/core/index.ts'
import { evaluateSelector } from '../../policies/index.ts'
import type { Value } from '../../policies/index.ts'

/** Keys of the nodes that a policy's `select` chooses. */
export function selectedKeys(nodes: readonly NodeRow[], selector: string): ReadonlySet<string> {
  return new Set(nodes.filter((node) => evaluateSelector(selector, contextOf(node)).selected).map((node) => node.key))
}

/**
 * Of these nodes those on which a version by this author can be in force: some grant of the author's, under every charter in force, covers policy, verb
 * and node (RECORDS.md, section 3).
 */
export function grantedKeys(
  nodes: readonly NodeRow[],
  charters: readonly Charter[],
  author: Key,
  policy: string,
  verb: 'publish' | 'retire',
): ReadonlySet<string> {
  const sets = charters.map(({ grants }) => {
    const selectors = grants
      .filter(
        (grant) =>
          grant.key === author &&
          grant.verbs.includes(verb) &&
          grant.policies.some((pattern) => matchesPattern(pattern, policy)),
      )
      .map((grant) => grant.selector)
    return new Set(selectors.flatMap((selector) => [...selectedKeys(nodes, selector)]))
  })
  const [first = new Set<string>(), ...rest] = sets
  return new Set([...first].filter((key) => rest.every((set) => set.has(key))))
}

export function contextOf(
  node: Pick<NodeRow, 'labels' | 'facts' | 'name' | 'id'>,
): Parameters<typeof evaluateSelector>[1] {
  // Facts came through the API's schema as plain JSON, which is what a Value is.
  const facts = node.facts as Readonly<Record<string, Value>>
  return { labels: node.labels, facts, node: { name: node.name, id: node.id } }
}
