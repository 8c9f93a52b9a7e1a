import type { z } from 'zod'
import { type Diagnostic, didYouMean, kindOfNode, readYaml, Report, type YamlNode } from '../../policies/index.ts'
import { checkNode, nodeAt } from './check.ts'
import { type ExportedNode, parseFleet } from './fleet-file.ts'
import { EVENT_KINDS, eventSchema, type ScenarioEvent } from './events.ts'
import { EXPECTATION_KINDS, expectationSchema, type Expectation } from './expectations.ts'
import {
  groupSchema,
  headSchema,
  linksSchema,
  overlaySchema,
  policySchema,
  publisherSchema,
  regionSchema,
} from './schema.ts'
import { checkSense } from './sense.ts'
import type { Scenario } from './types.ts'

export interface ReadScenario {
  /** Undefined if there is any diagnostic. */
  readonly scenario: Scenario | undefined
  readonly diagnostics: readonly Diagnostic[]
}

export interface ReadOptions {
  /** The text of a file that the scenario names, relative to it; undefined if there is none. */
  readonly readFile?: (path: string) => string | undefined
  /** Whether a folder that the scenario names is there, relative to it. @default all are */
  readonly isFolder?: (path: string) => boolean
  /** Replaces its fleet: `--fleet`. */
  readonly exported?: readonly ExportedNode[]
}

/** Keys of a scenario file, in the order in which people write them. */
export const SCENARIO_KEYS = [
  ...Object.keys(headSchema.shape),
  'fleet',
  'regions',
  'links',
  'overlay',
  'publishers',
  'policies',
  'events',
  'expect',
] as const

/**
 * Reads a scenario: strict YAML, every part against its schema, and then whether it makes sense as a whole (names that are
 * used exist, the topology is possible). Never throws for what a file can contain.
 *
 * @param file its name in messages
 */
export function readScenario(file: string, text: string, options: ReadOptions = {}): ReadScenario {
  const report = new Report()
  const top = readYaml(file, text, report)
  if (top?.kind !== 'map') {
    const at = { file, line: 1, column: 1 }
    const hint = 'See `chorus sim list` for ready ones, and docs/simulator.md.'
    if (report.empty) report.add('E_VALUE', at, 'a scenario is a map that starts with scenario: ONE LINE', hint)
    return { scenario: undefined, diagnostics: report.list() }
  }
  const scenario = new Parts(report, top, options).read()
  return { scenario: report.empty ? scenario : undefined, diagnostics: oneForEachPlace(report.list()) }
}

/** What a number should be is known to the schema: that it would not keep its form says less, and its advice is wrong here. */
function oneForEachPlace(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const isForm = ({ message }: Diagnostic): boolean => message.includes('would not keep its form')
  return diagnostics.filter(
    (one) =>
      !isForm(one) ||
      !diagnostics.some((other) => !isForm(other) && other.line === one.line && other.column === one.column),
  )
}

type YamlMap = Extract<YamlNode, { kind: 'map' }>

class Parts {
  readonly #report: Report
  readonly #top: YamlMap
  readonly #options: ReadOptions

  constructor(report: Report, top: YamlMap, options: ReadOptions) {
    this.#report = report
    this.#top = top
    this.#options = options
  }

  read(): Scenario | undefined {
    this.#unknownKeys()
    const head = this.#head()
    const exported = this.#exported()
    const fleet = exported === null ? this.#map('fleet', groupSchema, 'group') : {}
    const regions = this.#map('regions', regionSchema, 'region') ?? {}
    const links = this.#one('links', linksSchema, 'links', {})
    const overlay = this.#one('overlay', overlaySchema, 'the overlay', { kind: 'random' })
    const publishers = this.#map('publishers', publisherSchema, 'publisher') ?? {}
    const policies = this.#map('policies', policySchema, 'policy') ?? {}
    const events = this.#list('events').flatMap((node) => this.#event(node) ?? [])
    const expect = this.#list('expect').flatMap((node) => this.#expectation(node) ?? [])
    if (this.#part('fleet') === undefined && exported === null)
      this.#complain(this.#top, 'a scenario needs a fleet', FLEET_HINT)
    if (head === undefined || fleet === undefined || links === undefined || overlay === undefined) return undefined
    const scenario: Scenario = {
      ...head,
      fleet,
      exported,
      regions: Object.keys(regions).length === 0 ? { local: regionSchema.parse({}) } : regions,
      links,
      overlay,
      publishers: Object.keys(publishers).length === 0 ? { ops: publisherSchema.parse({}) } : publishers,
      policies,
      events: events.toSorted((a, b) => a.atMs - b.atMs || a.line - b.line),
      expect,
    }
    // What is wrong in itself would only be said again in other words.
    if (!this.#report.empty) return scenario
    this.#folders(scenario)
    checkSense(this.#report, this.#top, scenario)
    return scenario
  }

  /** `fleet: FILE` names an exported fleet. */
  #exported(): readonly ExportedNode[] | null {
    if (this.#options.exported !== undefined) return this.#options.exported
    const node = this.#part('fleet')
    if (node?.kind !== 'scalar' || typeof node.value !== 'string') return null
    const text = this.#options.readFile?.(node.value)
    const fleet = text === undefined ? 'there is no such file' : parseFleet(text)
    if (typeof fleet !== 'string') return fleet.nodes
    this.#complain(
      node,
      `the fleet '${node.value}' cannot be read: ${fleet}`,
      'Make it with `chorus export --fleet FILE`.',
    )
    return []
  }

  #folders({ policies }: Scenario): void {
    for (const [name, { folder }] of Object.entries(policies)) {
      if (folder === undefined || this.#options.isFolder?.(folder) !== false) continue
      const node = nodeAt(this.#top, ['policies', name, 'folder'])
      this.#complain(node, `there is no folder '${folder}'`, 'It is looked for from where this file is.')
    }
  }

  #part(key: string): YamlNode | undefined {
    return this.#top.entries.find((entry) => entry.key === key)?.value
  }

  #complain(node: YamlNode, message: string, hint: string): undefined {
    this.#report.add('E_VALUE', this.#report.place(node.file, node.offset), message, hint)
    return undefined
  }

  #unknownKeys(): void {
    for (const { key, file, offset } of this.#top.entries) {
      if (SCENARIO_KEYS.includes(key)) continue
      const message = `a scenario has no '${key}'.${didYouMean(key, SCENARIO_KEYS)}`
      this.#report.add(
        'E_UNKNOWN_KEY',
        this.#report.place(file, offset),
        message,
        `It has ${SCENARIO_KEYS.join(', ')}.`,
      )
    }
  }

  #head(): z.output<typeof headSchema> | undefined {
    const entries = this.#top.entries.filter(({ key }) => Object.hasOwn(headSchema.shape, key))
    return checkNode(this.#report, { ...this.#top, entries }, headSchema, 'the scenario')
  }

  #one<S extends z.ZodType>(key: string, schema: S, what: string, without: z.input<S>): z.output<S> | undefined {
    const node = this.#part(key)
    return node === undefined ? schema.parse(without) : checkNode(this.#report, node, schema, what)
  }

  #map<S extends z.ZodType>(key: string, schema: S, what: string): Record<string, z.output<S>> | undefined {
    const node = this.#part(key)
    if (node === undefined) return undefined
    if (node.kind !== 'map' || node.entries.length === 0) {
      const found = node.kind === 'map' ? 'empty' : kindOfNode(node)
      return this.#complain(
        node,
        `${key} must be a map of names, not ${found}`,
        key === 'fleet' ? FLEET_HINT : 'As in docs/simulator.md.',
      )
    }
    const made: Record<string, z.output<S>> = {}
    for (const entry of node.entries) {
      // Nodes are called after their group, and certificates name no node with a slash.
      const pattern = key === 'fleet' ? /^[A-Za-z0-9][A-Za-z0-9._-]{0,49}$/ : /^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$/
      if (!pattern.test(entry.key)) {
        const hint = key === 'fleet' ? 'Use up to 50 letters, digits, - . and _.' : 'Use letters, digits, - . _ and /.'
        this.#complain(entry.value, `'${entry.key}' cannot be the name of a ${what}`, hint)
      }
      const value = entry.value.kind === 'scalar' && entry.value.value === null ? emptyMap(entry.value) : entry.value
      const part = checkNode(this.#report, value, schema, `${what} '${entry.key}'`)
      if (part !== undefined) made[entry.key] = part
    }
    return made
  }

  #list(key: string): readonly YamlNode[] {
    const node = this.#part(key)
    if (node === undefined) return []
    if (node.kind === 'list') return node.items
    this.#complain(node, `${key} must be a list, not ${kindOfNode(node)}`, 'Start each item with "- ".')
    return []
  }

  #event(node: YamlNode): ScenarioEvent | undefined {
    const kind = this.#kindOf(node, EVENT_KINDS, 'event', ['at', 'for', 'by', 'share', 'count', 'nodes'])
    if (kind === undefined) return undefined
    const read = checkNode(this.#report, node, eventSchema(kind), `the event '${kind}'`)
    if (read === undefined) return undefined
    const { at, [kind]: what, ...more } = read
    // Read by the schema of this kind, which is what the type is made of.
    return { kind, atMs: at, line: this.#line(node), what, more } as unknown as ScenarioEvent
  }

  #expectation(node: YamlNode): Expectation | undefined {
    const kind = this.#kindOf(node, EXPECTATION_KINDS, 'expectation', ['within', 'policy', 'nodes', 'of'])
    if (kind === undefined) return undefined
    const read = checkNode(this.#report, node, expectationSchema(kind), `the expectation '${kind}'`)
    if (read === undefined) return undefined
    const { [kind]: limit, ...more } = read
    // As above.
    return { kind, line: this.#line(node), limit, more } as unknown as Expectation
  }

  #line(node: YamlNode): number {
    return this.#report.place(node.file, node.offset).line
  }

  /** Which of the kinds a map is: the one whose name is among its keys. */
  #kindOf<K extends string>(
    node: YamlNode,
    kinds: readonly K[],
    what: string,
    others: readonly string[],
  ): K | undefined {
    if (node.kind !== 'map')
      return this.#complain(
        node,
        `an ${what} must be a map, not ${kindOfNode(node)}`,
        `It has one of ${kinds.join(', ')}.`,
      )
    const keys = node.entries.map((entry) => entry.key)
    const found = kinds.filter((kind) => keys.includes(kind))
    const [first, second] = found
    if (first !== undefined && second === undefined) return first
    if (second !== undefined)
      return this.#complain(
        node,
        `this is ${found.length === 2 ? 'two' : found.length} ${what}s in one: ${found.join(' and ')}`,
        'Write an item for each.',
      )
    const strange = node.entries.find((entry) => !others.includes(entry.key))
    const message =
      strange === undefined
        ? `this ${what} does not say what it is`
        : `no ${what} is called '${strange.key}'.${didYouMean(strange.key, kinds)}`
    const { file, offset } = strange ?? node
    this.#report.add('E_UNKNOWN_KEY', this.#report.place(file, offset), message, `It has one of ${kinds.join(', ')}.`)
    return undefined
  }
}

const FLEET_HINT = 'As in fleet: {web: {count: 100, labels: {role: web}}}.'

function emptyMap({ file, offset }: YamlNode): YamlNode {
  return { kind: 'map', entries: [], file, offset }
}
