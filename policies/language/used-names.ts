import { expression } from '../expr/expression.ts'
import { interpolation } from '../expr/interpolate.ts'
import { liquidTemplate } from '../expr/liquid.ts'
import type { CompiledPolicy, NodeContext, Value } from '../model.ts'

/** What of a node a policy looks at: fields of `labels`, `facts` and `node` by root; `*` for all of one. */
export type UsedNames = ReadonlyMap<string, ReadonlySet<string>>

/** Every name of a node that anything in the policy can use, `select` aside. */
export function usedNames(policy: CompiledPolicy): UsedNames {
  const used = new Map<string, Set<string>>(['labels', 'facts', 'node'].map((root) => [root, new Set()]))
  const note = ({ root, field }: { readonly root: string; readonly field: string | undefined }): void =>
    void used.get(root)?.add(field ?? '*')
  const texts = (value: Value | undefined): void => {
    if (typeof value === 'string') {
      if (value.includes('${')) interpolation(value).references.forEach(note)
    } else if (typeof value === 'object' && value !== null) Object.values(value).forEach(texts)
  }
  for (const { key, attrs } of policy.resources) {
    const { when, ...rest } = attrs
    if (typeof when === 'string') expression(when, 'condition').references.forEach(note)
    texts(key)
    texts(rest)
  }
  texts(policy.vars)
  texts(policy.data)
  texts(policy.layers)
  for (const source of Object.values(policy.secrets ?? {})) texts({ ...source })
  for (const { params, when, each } of Object.values(policy.instances ?? {})) {
    for (const { value } of Object.values(params)) texts(value)
    if (when !== undefined) expression(when, 'condition').references.forEach(note)
    texts(each)
  }
  for (const [file, source] of Object.entries(policy.templates)) liquidTemplate(file, source).references.forEach(note)
  return used
}

/** What a policy sees of a node, as a text: nodes with the same one get the same resources. */
export function viewOf(context: NodeContext, used: UsedNames): string {
  const pick = (from: Readonly<Record<string, Value>>, fields: ReadonlySet<string> | undefined): unknown => {
    const names = fields?.has('*') === true ? Object.keys(from) : [...(fields ?? [])]
    return names.sort().map((name) => [name, Object.hasOwn(from, name) ? from[name] : null])
  }
  const { labels, facts, node } = context
  return JSON.stringify([
    pick(labels, used.get('labels')),
    pick(facts, used.get('facts')),
    pick({ name: node.name, id: node.id }, used.get('node')),
  ])
}
