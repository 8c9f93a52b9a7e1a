import { evaluateCondition, type Value } from '../../policies/index.ts'
import type { Group } from '../scenario/schema.ts'
import { nodesOf, type Scenario } from '../scenario/types.ts'
import type { Fleet, NodeSpec } from '../world/types.ts'
import { Areas } from './areas.ts'
import { drawOf } from './figures.ts'

type Facts = Readonly<Record<string, Value>>

/** Nodes that differ in nothing but their number and their place. */
interface Variant {
  readonly group: string
  readonly labels: Readonly<Record<string, string>>
  readonly facts: Facts
}

/** The nodes of a scenario: who is what and where, equal for equal questions, with labels and facts shared between equals. */
export class ScenarioFleet implements Fleet {
  readonly size: number
  readonly areas: Areas
  readonly groups: readonly string[]
  readonly #scenario: Scenario
  /** First node of each group, and the end. */
  readonly #starts: number[] = []
  readonly #variants = new Map<string, Variant>()
  readonly #absent: ReadonlySet<string>

  constructor(scenario: Scenario) {
    this.#scenario = scenario
    this.size = nodesOf(scenario)
    this.areas = new Areas(scenario)
    this.groups = scenario.exported === null ? Object.keys(scenario.fleet) : [EXPORTED]
    this.#absent = new Set(scenario.events.flatMap((event) => (event.kind === 'join' ? [event.what] : [])))
    let at = 0
    for (const group of Object.values(scenario.fleet)) {
      this.#starts.push(at)
      at += group.count
    }
  }

  at(node: number): NodeSpec {
    const { exported } = this.#scenario
    return exported === null ? this.#ofGroup(node) : this.#ofExport(node)
  }

  groupOf(node: number): string {
    return this.groups[this.#groupIndex(node)] ?? EXPORTED
  }

  group(name: string): Group | undefined {
    return this.#scenario.fleet[name]
  }

  regionOf(node: number): string {
    return this.areas.regionOf(this.at(node).region)
  }

  /** The nodes of a group, first and one past the last. */
  rangeOf(group: string): readonly [from: number, to: number] {
    const i = this.groups.indexOf(group)
    const from = this.#starts[i] ?? 0
    return [from, this.#starts[i + 1] ?? this.size]
  }

  /** Whether a condition of the scenario holds for a node: over labels, facts, node, region and group. */
  matches(condition: string, node: number): boolean {
    if (condition === 'true') return true
    const { name, labels, facts } = this.at(node)
    const scope = {
      labels,
      facts: plain(facts),
      node: { name, id: name },
      region: this.regionOf(node),
      group: this.groupOf(node),
    }
    return evaluateCondition(condition, scope).selected
  }

  /** Every node for which the condition holds, in order. */
  choose(condition: string): number[] {
    const chosen: number[] = []
    for (let node = 0; node < this.size; node++) if (this.matches(condition, node)) chosen.push(node)
    return chosen
  }

  #groupIndex(node: number): number {
    let low = 0
    let high = this.#starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#starts[middle] ?? 0) <= node) low = middle
      else high = middle - 1
    }
    return low
  }

  #ofGroup(node: number): NodeSpec {
    const index = this.#groupIndex(node)
    const name = this.groups[index] ?? ''
    const group = this.#scenario.fleet[name]
    if (group === undefined) throw new RangeError(`there is no node ${node}`)
    const place = node - (this.#starts[index] ?? 0)
    const region = group.region ?? this.areas.first
    const zones = this.#scenario.regions[region]?.zones ?? 1
    const { labels, facts } = this.#variantOf(name, group, node)
    return {
      name: `${name}-${place + 1}`,
      labels,
      facts,
      region: this.areas.of(region, place % zones, group.bandwidth),
      presence: group.presence ?? (group.laptops === undefined ? 'always' : 'intermittent'),
      dialable: !group.nat,
      absent: this.#absent.has(name),
    }
  }

  #ofExport(node: number): NodeSpec {
    const { exported, regions } = this.#scenario
    const found = exported?.[node]
    if (found === undefined) throw new RangeError(`there is no node ${node}`)
    const { name, labels, facts, presence, dialable } = found
    const scope = { labels, facts, node: { name, id: name } }
    const region = Object.entries(regions).find(
      ([, { match }]) => match !== undefined && evaluateCondition(match, scope).selected,
    )
    const place = region?.[0] ?? this.areas.first
    const zones = regions[place]?.zones ?? 1
    return { name, labels, facts, region: this.areas.of(place, node % zones, undefined), presence, dialable }
  }

  /** Which of the shares of a mix a node has is drawn from its number, so that it is the same whenever it is asked. */
  #variantOf(name: string, group: Group, node: number): Variant {
    const keys = Object.entries(group.mix)
    if (keys.length === 0) return this.#variant(name, name, group, [])
    const chosen = keys.map(
      ([key, parts]) => [key, pick(parts, drawOf(`${key} ${node}`, this.#scenario.seed))] as const,
    )
    return this.#variant(`${name}\n${chosen.map(([, value]) => value).join('\n')}`, name, group, chosen)
  }

  #variant(id: string, name: string, group: Group, chosen: readonly (readonly [string, string])[]): Variant {
    const known = this.#variants.get(id)
    if (known !== undefined) return known
    const labels = { ...group.labels }
    let facts: Facts = group.facts
    for (const [key, value] of chosen) {
      if (key.startsWith('labels.')) labels[key.slice('labels.'.length)] = value
      else facts = withFact(facts, key.split('.').slice(1), value)
    }
    const made: Variant = { group: name, labels, facts }
    this.#variants.set(id, made)
    return made
  }
}

/** The one group of a fleet that was exported from a mesh. */
const EXPORTED = 'exported'

function pick(parts: Readonly<Record<string, number>>, at: number): string {
  let sum = 0
  let last = ''
  for (const [value, part] of Object.entries(parts)) {
    sum += part
    last = value
    if (at < sum) return value
  }
  return last
}

function withFact(facts: Facts, path: readonly string[], value: string): Facts {
  const [first = '', ...rest] = path
  if (rest.length === 0) return { ...facts, [first]: value }
  const inner = facts[first]
  const map = typeof inner === 'object' && inner !== null && !isList(inner) ? inner : {}
  return { ...facts, [first]: withFact(map, rest, value) }
}

const isList = (value: Value): value is readonly Value[] => Array.isArray(value)

/** Facts came from the scenario, whose schema holds them to values. */
function plain(facts: Readonly<Record<string, unknown>>): Facts {
  return facts as Facts
}
