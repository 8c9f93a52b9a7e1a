import { didYouMean } from '../expr/suggest.ts'
import type { CompiledResource } from '../model.ts'
import { REFERENCE_ATTRIBUTES } from './common.ts'
import type { Report } from './diagnostic.ts'
import { describeCycle, findCycle, referenceList, type Ordered } from './graph.ts'
import { patternOf } from './pattern.ts'

/** Reports references to resources that the policy does not have, and circles. What depends on a node waits for it. */
export function checkReferences(resources: readonly CompiledResource[], report: Report): void {
  const known = new KnownKeys(resources)
  const ordered: Ordered[] = []
  for (const resource of resources) {
    const links = { require: [], before: [], notify: [], subscribe: [] } as Record<
      (typeof REFERENCE_ATTRIBUTES)[number],
      string[]
    >
    for (const attr of REFERENCE_ATTRIBUTES) {
      for (const target of referenceList(resource.attrs[attr])) {
        if (known.has(target)) links[attr].push(target)
        else
          report.add(
            'E_REFERENCE',
            resource.at,
            `${resource.key} has ${attr}: ${target}, which is not in this policy.${known.suggestion(target)}`,
          )
      }
    }
    ordered.push({ key: resource.key, ...links })
  }
  const cycle = findCycle(ordered)
  const first = resources.find((resource) => resource.key === cycle?.[0])
  if (cycle !== undefined && first !== undefined) report.add('E_CYCLE', first.at, describeCycle(cycle))
}

/** The keys of a policy, of which some stand for many. */
export class KnownKeys {
  readonly #keys: ReadonlySet<string>
  readonly #patterns: readonly string[]

  constructor(resources: readonly { readonly key: string }[]) {
    this.#keys = new Set(resources.map((resource) => resource.key))
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
    return didYouMean(target, this.#keys)
  }
}
