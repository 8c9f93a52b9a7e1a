import type { NodeRow } from '../../node/control/index.ts'
import { evaluateSelector } from '../../policies/index.ts'
import type { Value } from '../../policies/index.ts'

/** Keys of the nodes that a policy's `select` chooses. A grant may narrow that further; `chorus log` says so. */
export function selectedKeys(nodes: readonly NodeRow[], selector: string): ReadonlySet<string> {
  return new Set(nodes.filter((node) => evaluateSelector(selector, contextOf(node)).selected).map((node) => node.key))
}

export function contextOf(
  node: Pick<NodeRow, 'labels' | 'facts' | 'name' | 'id'>,
): Parameters<typeof evaluateSelector>[1] {
  // Facts came through the API's schema as plain JSON, which is what a Value is.
  const facts = node.facts as Readonly<Record<string, Value>>
  return { labels: node.labels, facts, node: { name: node.name, id: node.id } }
}
