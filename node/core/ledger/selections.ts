import { LEDGER_LIMITS } from './limits.ts'
import type { LedgerEnv, NodeIdentity } from './types.ts'
import type { Selects } from './versions.ts'

/**
 * The environment's `selects` behind a memo: judging a policy asks the same few selectors for the same node again and
 * again. A selector that does not mention the node is asked once for equal labels.
 */
export function rememberSelections(env: LedgerEnv): Selects {
  const memo = new Map<string, boolean>()
  const texts = new WeakMap<NodeIdentity, string>()
  function labelsText(node: NodeIdentity): string {
    const known = texts.get(node)
    if (known !== undefined) return known
    const pairs = Object.entries(node.labels).toSorted(([a], [b]) => (a < b ? -1 : 1))
    const made = JSON.stringify(pairs)
    texts.set(node, made)
    return made
  }
  return (selector, node) => {
    const about = selector.includes('node') ? JSON.stringify(node.name) : ''
    const name = `${selector}\n${labelsText(node)}${about}`
    const known = memo.get(name)
    if (known !== undefined) return known
    if (memo.size >= LEDGER_LIMITS.selectorMemo) memo.clear()
    const result = env.selects(selector, node)
    memo.set(name, result)
    return result
  }
}
