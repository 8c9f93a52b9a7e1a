import { didYouMean } from '../expr/suggest.ts'
import type { SourcePlace } from '../model.ts'
import { REFERENCE_ATTRIBUTES, shownKey } from './common.ts'
import type { Report } from './diagnostic.ts'
import { describeCycle, findCycle } from './graph.ts'
import { patternOf } from './pattern.ts'
import { placeOf, textsIn, type Work } from './work.ts'
import type { YamlEntry } from './yaml.ts'

type ReferenceAttribute = (typeof REFERENCE_ATTRIBUTES)[number]

/** One reference as it is written. */
export interface WrittenReference {
  readonly from: string
  readonly attr: ReferenceAttribute
  readonly target: string
  readonly at: SourcePlace
}

/** The references of one resource as they are written. */
export function writtenReferences(work: Work, key: string, parts: readonly YamlEntry[]): readonly WrittenReference[] {
  return REFERENCE_ATTRIBUTES.flatMap((attr) => {
    const node = parts.find((part) => part.key === attr)?.value
    if (node === undefined) return []
    return Array.from(textsIn(node), ({ text, node: at }) => ({ from: key, attr, target: text, at: placeOf(work, at) }))
  })
}

/**
 * Reports references to resources that the policy does not have, and circles. What depends on a node waits for it.
 *
 * @param keys keys of all resources, also of those that are wrong in themselves
 */
export function checkReferences(
  keys: readonly string[],
  references: readonly WrittenReference[],
  report: Report,
): void {
  const known = new KnownKeys(keys)
  const ordered = new Map<string, Record<ReferenceAttribute, string[]>>()
  for (const key of keys) ordered.set(key, { require: [], before: [], notify: [], subscribe: [] })
  for (const { from, attr, target, at } of references) {
    if (known.has(target)) ordered.get(from)?.[attr].push(target)
    else report.add('E_REFERENCE', at, notThere(from, attr, target, known))
  }
  const cycle = findCycle(Array.from(ordered, ([key, links]) => ({ key, ...links })))
  const first = references.find(({ from, target }) => cycle?.includes(from) === true && cycle.includes(target))
  if (cycle !== undefined && first !== undefined) report.add('E_CYCLE', first.at, describeCycle(cycle))
}

export function notThere(from: string, attr: string, target: string, known: KnownKeys): string {
  return `${shownKey(from)} has ${attr}: ${target}, which is not in this policy.${known.suggestion(target)}`
}

/** The keys of a policy, of which some stand for many. */
export class KnownKeys {
  readonly #keys: ReadonlySet<string>
  readonly #patterns: readonly string[]

  constructor(keys: readonly string[]) {
    this.#keys = new Set(keys)
    this.#patterns = [...this.#keys].filter((key) => key.includes('${'))
  }

  /** Whether `target` is, or can be on some node, the key of a resource. */
  has(target: string): boolean {
    if (this.#keys.has(target)) return true
    if (!target.includes('${')) return this.#patterns.some((key) => patternOf(key).matches(target))
    const type = target.slice(0, target.indexOf('/') + 1)
    return [...this.#keys].some((key) => type === '' || key.startsWith(type))
  }

  suggestion(target: string): string {
    return didYouMean(target, [...this.#keys].map(shownKey))
  }
}
