import type { Target } from './converging.ts'

/**
 * By `after`, then by name: what a policy names comes first, if it is here. A circle is cut at its lowest name, so that
 * every node cuts it at the same place.
 */
export function inOrder(targets: readonly Target[]): readonly Target[] {
  const rest = new Map(targets.map((target) => [target.policy, target]))
  const names = [...rest.keys()].toSorted()
  const ordered: Target[] = []
  while (rest.size > 0) {
    const open = names.filter((name) => rest.has(name))
    const next = open.find((name) => afterOf(rest.get(name)).every((before) => !rest.has(before))) ?? open[0]
    const target = next === undefined ? undefined : rest.get(next)
    if (next === undefined || target === undefined) break
    rest.delete(next)
    ordered.push(target)
  }
  return ordered
}

/** A policy that names itself waits for nobody. */
function afterOf(target: Target | undefined): readonly string[] {
  return (target?.run?.body.after ?? []).filter((name) => name !== target?.policy)
}
