import { didYouMean } from '../expr/suggest.ts'
import type { Report } from './diagnostic.ts'
import type { YamlEntry, YamlMap, YamlNode } from './yaml.ts'

/** How a key of a policy that extends another is laid on that of its base. */
type Rule = 'replace' | 'own' | 'join' | 'deep' | 'named' | 'resources'

/**
 * `own`: not inherited. `join`: the base's items, then those of the policy that are not there yet. `deep`: maps merge,
 * null deletes. `named`: as deep, but what has a name is replaced whole, since its fields exclude each other.
 */
const RULES: Readonly<Record<string, Rule>> = {
  policy: 'own',
  extends: 'own',
  after: 'join',
  data: 'join',
  vars: 'deep',
  parameters: 'named',
  secrets: 'named',
  components: 'deep',
  onChange: 'deep',
  resources: 'resources',
}

/** Lays a policy on the one that it extends: what the policy says wins. Nodes keep the files and places they come from. */
export function extendPolicy(base: YamlMap, over: YamlMap, report: Report): YamlMap {
  const inherited = base.entries.filter((entry) => rule(entry.key) !== 'own')
  return { ...over, entries: laidEntries(inherited, over.entries, (under, top) => laidPart(under, top, report)) }
}

function rule(key: string): Rule {
  return Object.hasOwn(RULES, key) ? (RULES[key] ?? 'replace') : 'replace'
}

function laidPart(under: YamlEntry, over: YamlEntry, report: Report): YamlNode | undefined {
  switch (rule(over.key)) {
    case 'join':
      return joined(under.value, over.value)
    case 'deep':
      return deep(under.value, over.value)
    case 'named':
      return isNull(over.value) ? undefined : laidMaps(under.value, over.value, (_, top) => unlessNull(top.value))
    case 'resources':
      reportAbsent(under.value, over.value, report)
      return laidMaps(under.value, over.value, (lower, top) => deep(lower.value, top.value))
    default:
      return unlessNull(over.value)
  }
}

function deep(under: YamlNode, over: YamlNode): YamlNode | undefined {
  return isNull(over) ? undefined : laidMaps(under, over, (lower, top) => deep(lower.value, top.value))
}

type Lay = (under: YamlEntry, over: YamlEntry) => YamlNode | undefined

/** Two maps merged by `lay`; if one is no map, the upper one. */
function laidMaps(under: YamlNode, over: YamlNode, lay: Lay): YamlNode {
  if (under.kind !== 'map' || over.kind !== 'map') return over
  return { ...over, entries: laidEntries(under.entries, over.entries, lay) }
}

/** Entries in the order of the base, then new ones. An entry that both have stands where the upper one is written. */
function laidEntries(under: readonly YamlEntry[], over: readonly YamlEntry[], lay: Lay): YamlEntry[] {
  const top = new Map(over.map((entry) => [entry.key, entry]))
  const lower = new Set(under.map((entry) => entry.key))
  const kept = under.flatMap((entry) => {
    const upper = top.get(entry.key)
    if (upper === undefined) return [entry]
    const value = lay(entry, upper)
    return value === undefined ? [] : [{ ...upper, value }]
  })
  return [...kept, ...over.filter((entry) => !lower.has(entry.key))]
}

function joined(under: YamlNode, over: YamlNode): YamlNode | undefined {
  if (isNull(over)) return undefined
  const items = itemsOf(under)
  const texts = new Set(items.map(textOf))
  return { ...over, kind: 'list', items: [...items, ...itemsOf(over).filter((item) => !texts.has(textOf(item)))] }
}

function itemsOf(node: YamlNode): readonly YamlNode[] {
  return node.kind === 'list' ? node.items : [node]
}

function textOf(node: YamlNode): unknown {
  return node.kind === 'scalar' ? node.value : node
}

function isNull(node: YamlNode): boolean {
  return node.kind === 'scalar' && node.value === null
}

function unlessNull(node: YamlNode): YamlNode | undefined {
  return isNull(node) ? undefined : node
}

/** Where a policy extends another, null takes a resource away. If there is nothing to take away, a name is misspelt. */
function reportAbsent(under: YamlNode, over: YamlNode, report: Report): void {
  if (under.kind !== 'map' || over.kind !== 'map') return
  const keys = under.entries.map((entry) => entry.key)
  for (const { key, value, file, offset } of over.entries) {
    if (!isNull(value) || keys.includes(key)) continue
    const message = `there is no ${key} in what this policy extends, so nothing can be removed.${didYouMean(key, keys)}`
    report.add(
      'E_REFERENCE',
      report.place(file, offset),
      message,
      `For a resource without attributes, write ${key}: {}.`,
    )
  }
}
