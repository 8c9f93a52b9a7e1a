import { LEDGER_LIMITS } from './limits.ts'
import type { LedgerEnv, NodeIdentity } from './types.ts'
import type { Selects } from './versions.ts'

/**
 * The environment's `selects` behind a memo: judging a policy asks the same few selectors for the same node again and
 * again. A selector that mentions neither the node nor its facts is asked once for equal labels.
 */
export function rememberSelections(env: LedgerEnv): Selects {
  const memo = new Map<string, boolean>()
  const texts = new WeakMap<NodeIdentity['labels'], string>()
  function labelsText({ labels }: NodeIdentity): string {
    const known = texts.get(labels)
    if (known !== undefined) return known
    const pairs = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1))
    const made = JSON.stringify(pairs)
    texts.set(labels, made)
    return made
  }
  return (selector, node) => {
    const about = selector.includes('node') || selector.includes('facts') ? JSON.stringify(node.name) : ''
    const name = `${selector}\n${labelsText(node)}${about}`
    const known = memo.get(name)
    if (known !== undefined) return known
    if (memo.size >= LEDGER_LIMITS.selectorMemo) memo.clear()
    const result = env.selects(selector, node)
    memo.set(name, result)
    return result
  }
}
