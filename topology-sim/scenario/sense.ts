import {
  checkSelector,
  didYouMean,
  PolicyError,
  type PolicyErrorCode,
  type Report,
  type YamlNode,
} from '../../policies/index.ts'
import { SIM_LIMITS } from '../limits.ts'
import { nodeAt } from './check.ts'
import type { ScenarioEvent } from './events.ts'
import { topologyProblems } from './topology.ts'
import { nodesOf, type Scenario } from './types.ts'

type Path = readonly (string | number)[]

/** Whether a scenario makes sense as a whole: what it names exists, conditions parse, and its topology is possible. */
export function checkSense(report: Report, top: YamlNode, scenario: Scenario): void {
  new Sense(report, top, scenario).check()
}

/** Names that conditions of a scenario may use; `region` and `group` are the simulator's own. */
export const CONDITION_ROOTS = ['labels', 'facts', 'node', 'region', 'group'] as const

class Sense {
  readonly #report: Report
  readonly #top: YamlNode
  readonly #scenario: Scenario

  constructor(report: Report, top: YamlNode, scenario: Scenario) {
    this.#report = report
    this.#top = top
    this.#scenario = scenario
  }

  check(): void {
    const { fleet, regions, links, publishers, policies } = this.#scenario
    const regionNames = Object.keys(regions)
    for (const [name, group] of Object.entries(fleet)) {
      if (group.region !== undefined) this.#known(['fleet', name, 'region'], 'region', group.region, regionNames)
      else if (regionNames.length > 1)
        this.#say(
          ['fleet', name],
          `group '${name}' does not say in which region it is`,
          `Add region: ${regionNames.join(' or ')}.`,
        )
      this.#shares(name)
    }
    for (const [from, row] of Object.entries(links.matrix)) {
      this.#known(['links', 'matrix', from], 'region', from, regionNames)
      for (const to of Object.keys(row)) {
        const path = ['links', 'matrix', from, to]
        this.#known(path, 'region', to, regionNames)
        if (to === from)
          this.#say(path, `links are between regions, not within '${to}'`, `Say it in regions: ${to}: {latency: 1ms}.`)
      }
    }
    for (const [name, publisher] of Object.entries(publishers)) {
      if (publisher.region !== undefined)
        this.#known(['publishers', name, 'region'], 'region', publisher.region, regionNames)
      this.#condition(['publishers', name, 'nodes'], publisher.nodes, ['labels'])
    }
    for (const [name, policy] of Object.entries(policies)) {
      if (policy.select !== undefined)
        this.#condition(['policies', name, 'select'], policy.select, ['labels', 'facts', 'node'])
      for (const [key, work] of Object.entries(policy.resources)) {
        if (work.failsOn !== undefined)
          this.#condition(['policies', name, 'resources', key, 'failsOn'], work.failsOn, ['labels', 'facts', 'node'])
      }
    }
    this.#events()
    for (const { path, message, hint } of topologyProblems(this.#scenario)) this.#say(path, message, hint)
  }

  #events(): void {
    const { events, expect, policies, run } = this.#scenario
    const items = listItems(this.#top, 'events')
    const lineOf = (node: YamlNode): number => this.#report.place(node.file, node.offset).line
    for (const event of events) {
      const path: Path = ['events', items.findIndex((item) => lineOf(item) === event.line)]
      if (event.atMs >= run)
        this.#say(
          [...path, 'at'],
          `this happens at ${event.atMs / 1000} s, after the end of the run`,
          `The run lasts ${run / 1000} s: see run.`,
        )
      this.#event(path, event)
    }
    for (const [i, { more }] of expect.entries()) {
      if ('policy' in more && more.policy !== undefined)
        this.#known(['expect', i, 'policy'], 'policy', more.policy, Object.keys(policies))
      if ('nodes' in more && more.nodes !== undefined) this.#condition(['expect', i, 'nodes'], more.nodes)
    }
  }

  #event(path: Path, event: ScenarioEvent): void {
    const { policies, publishers, fleet, regions } = this.#scenario
    const publisherNames = Object.keys(publishers)
    switch (event.kind) {
      case 'publish':
      case 'retire':
        this.#known([...path, event.kind], 'policy', event.what, Object.keys(policies))
        if (event.more.by !== undefined) this.#known([...path, 'by'], 'publisher', event.more.by, publisherNames)
        else if (publisherNames.length > 1)
          this.#say(path, `this does not say who publishes '${event.what}'`, `Add by: ${publisherNames.join(' or ')}.`)
        return
      case 'partition':
        if (typeof event.what === 'number') return
        for (const [i, side] of event.what.entries())
          for (const [j, name] of side.entries())
            this.#known([...path, 'partition', i, j], 'region or group', name, [
              ...Object.keys(regions),
              ...Object.keys(fleet),
            ])
        return
      case 'join':
        return this.#known([...path, 'join'], 'group', event.what, Object.keys(fleet))
      case 'steal-key':
        this.#known([...path, 'steal-key'], 'publisher', event.what, publisherNames)
        this.#known([...path, 'publishes'], 'policy', event.more.publishes, Object.keys(policies))
        if (event.more.from !== undefined) this.#condition([...path, 'from'], event.more.from)
        return
      case 'revoke':
        return this.#known([...path, 'revoke'], 'publisher', event.what, publisherNames)
      case 'restore-publisher':
        this.#known([...path, event.kind], 'publisher', event.what, publisherNames)
        this.#known([...path, 'publishes'], 'policy', event.more.publishes, Object.keys(policies))
        if (event.more.from > event.atMs)
          this.#say([...path, 'from'], 'a backup cannot be newer than its restoration', 'Give an earlier time.')
        return
      case 'clone':
        this.#condition([...path, event.kind], event.what)
        if (!hasBeacons(this.#scenario))
          this.#say(
            path,
            'only beacons give a copy away, and this fleet has none',
            'Add beacons: on, or take fewer nodes.',
          )
        return
      case 'heal':
      case 'rotate-charter':
        return
      default:
        return this.#condition([...path, event.kind], event.what)
    }
  }

  /** Shares of a mix are parts of one whole. */
  #shares(group: string): void {
    for (const [key, parts] of Object.entries(this.#scenario.fleet[group]?.mix ?? {})) {
      const sum = Object.values(parts).reduce((total, part) => total + part, 0)
      if (!/^(labels|facts)\.[\w.-]+$/.test(key))
        this.#say(
          ['fleet', group, 'mix', key],
          `'${key}' is neither a label nor a fact`,
          'As in labels.role or facts.os.version.',
        )
      else if (Math.abs(sum - 1) > 0.0001)
        this.#say(
          ['fleet', group, 'mix', key],
          `the shares of ${key} make ${Math.round(sum * 1000) / 10}%, not 100%`,
          'Add what is missing.',
        )
    }
  }

  #condition(path: Path, text: string, roots: readonly string[] = CONDITION_ROOTS): void {
    try {
      checkSelector(text, roots)
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error
      this.#say(path, error.message, error.hint ?? "As in labels.role == 'web'.", error.code)
    }
  }

  #known(path: Path, kind: string, name: string, names: readonly string[]): void {
    if (names.includes(name)) return
    const hint = names.length === 0 ? `This file has none.` : `There is ${names.slice(0, 12).join(', ')}.`
    this.#say(path, `there is no ${kind} '${name}'.${didYouMean(name, names)}`, hint)
  }

  #say(path: Path, message: string, hint: string, code: PolicyErrorCode = 'E_VALUE'): void {
    const node = nodeAt(this.#top, path)
    this.#report.add(code, this.#report.place(node.file, node.offset), message, hint)
  }
}

function hasBeacons(scenario: Scenario): boolean {
  return scenario.beacons === 'on' || (scenario.beacons === 'auto' && nodesOf(scenario) <= SIM_LIMITS.beaconNodes)
}

function listItems(top: YamlNode, key: string): readonly YamlNode[] {
  const node = nodeAt(top, [key])
  return node.kind === 'list' ? node.items : []
}
