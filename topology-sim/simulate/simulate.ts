import { formatDiagnostic, type PolicySource, type Value } from '../../policies/index.ts'
import type { Labels } from '../../node/core/index.ts'
import { SimError } from '../errors.ts'
import { compileForFleet } from '../run/policies.ts'
import { parseTime } from '../scenario/units.ts'
import { hasher } from '../world/crypto.ts'
import type { Violation } from '../world/invariants.ts'
import type { Publication } from '../world/measure.ts'
import { quantiles } from '../world/measuring.ts'
import type { NodeReport, PolicyBundle, World, WorldOptions } from '../world/types.ts'
import { makeWorld } from '../world/world.ts'
import { folderSource } from './folder.ts'

export interface SimulateOptions {
  /** @default 10 */
  readonly nodes?: number
  /** 20 ms within a region, 80 ms between two. Nodes are dealt out to them in turn. @default 1 */
  readonly regions?: number
  /** @default 1 */
  readonly seed?: number
  /** Of each node. @default {role: 'web'} for all */
  readonly labels?: (node: number) => Labels
  readonly facts?: (node: number) => Readonly<Record<string, Value>>
  /** Everything else that a world can be. */
  readonly world?: Partial<Omit<WorldOptions, 'fleet' | 'seed'>>
}

export interface Converged {
  /** Share of the nodes that are up which run what they should. 1: all. */
  readonly converged: number
  readonly nodes: number
  /** Virtual time since the last publication. */
  readonly tookMs: number
  /** Of the last publication: from publishing to being in force. Milliseconds. */
  readonly p50Ms: number
  readonly p99Ms: number
  readonly lastMs: number
  /** What must never happen, and did. */
  readonly violations: readonly Violation[]
}

/** A small fleet in virtual time, for tests of policies. */
export interface Simulation {
  readonly world: World
  /** A policy folder, a source in memory, or a bundle; resolves when the publisher has its answer. */
  publish(policy: string | PolicySource | PolicyBundle, options?: PublishOptions): Promise<Publication>
  retire(policy: string, options?: { readonly at?: number | string }): Promise<Publication>
  /** Lets time pass until all that are up run what they should, or until `within` is over. */
  converge(options?: { readonly within?: string | number }): Promise<Converged>
  /** Lets time pass. */
  run(span: string | number): Promise<void>
  node(node: number | string): NodeReport
}

export interface PublishOptions {
  /** The node that publishes. @default 0, which may publish everything */
  readonly at?: number | string
  /** As `--set`. */
  readonly set?: Readonly<Record<string, string>>
}

/**
 * A fleet of real engines in virtual time:
 *
 *     const fleet = simulate({ nodes: 1_000, regions: 3, seed: 7 })
 *     await fleet.publish('policies/examples/hello')
 *     expect(await fleet.converge({ within: '30s' })).toMatchObject({ converged: 1 })
 *
 * The same options and the same calls give the same run.
 * @throws SimError E_SIM_FLEET, E_SIM_OVERLAY
 */
export function simulate(options: SimulateOptions = {}): Simulation {
  return new FleetSimulation(options)
}

const LABELS: Labels = { role: 'web' }
const FACTS = {}
/** Longer than a publisher waits for its answer. */
const ANSWER_MS = 90_000
const WITHIN_MS = 60_000

class FleetSimulation implements Simulation {
  readonly world: World
  readonly #published: Publication[] = []

  constructor({ nodes = 10, regions = 1, seed = 1, labels, facts, world = {} }: SimulateOptions) {
    const names = Array.from({ length: regions }, (_, at) => `region-${at + 1}`)
    const shared = new Map<string, Labels>()
    const labelsOf = (node: number): Labels => {
      if (labels === undefined) return LABELS
      const made = labels(node)
      const text = JSON.stringify(made)
      const known = shared.get(text) ?? made
      shared.set(text, known)
      return known
    }
    const fleet = {
      size: nodes,
      at: (node: number) => ({
        name: `node-${node}`,
        labels: labelsOf(node),
        facts: facts?.(node) ?? FACTS,
        region: node % regions,
      }),
    }
    this.world = makeWorld({ seed, fleet, regions: names, ...world })
  }

  async publish(
    policy: string | PolicySource | PolicyBundle,
    { at = 0, set = {} }: PublishOptions = {},
  ): Promise<Publication> {
    const bundle = typeof policy === 'object' && 'cid' in policy ? policy : compiled(policy, set)
    return this.#answered(this.world.publish(this.#number(at), bundle))
  }

  async retire(policy: string, { at = 0 }: { readonly at?: number | string } = {}): Promise<Publication> {
    return this.#answered(this.world.retire(this.#number(at), policy))
  }

  async #answered(publication: Publication): Promise<Publication> {
    this.#published.push(publication)
    await this.world.run({ untilMs: this.world.nowMs + ANSWER_MS, when: () => publication.reply !== null })
    if (publication.version !== null) return publication
    const code = publication.reply?.code ?? 'no answer'
    throw new SimError(
      'E_SIM_STATE',
      `${publication.policy} was not published (${code}): give the node a grant for it.`,
    )
  }

  #number(node: number | string): number {
    return typeof node === 'string' ? this.world.nodeOf(node) : node
  }

  async converge({ within = WITHIN_MS }: { readonly within?: string | number } = {}): Promise<Converged> {
    const last = this.#published.at(-1)
    const from = last?.startedMs ?? this.world.nowMs
    const newest = this.#newest()
    const isDone = (): boolean => newest.every((one) => one.counts.applied >= this.#due(one)) && this.#share() === 1
    await this.world.run({ untilMs: from + milliseconds(within), when: isDone })
    const times = last?.appliedMs.map((at) => at - from) ?? new Float64Array(0)
    const { p50, p99, last: lastMs } = quantiles(times)
    const violations = this.world.check(false)
    const { nodes } = this.world.converged()
    const tookMs = this.world.nowMs - from
    return { converged: this.#share(), nodes, tookMs, p50Ms: p50, p99Ms: p99, lastMs, violations }
  }

  /** Of each policy the last version. */
  #newest(): readonly Publication[] {
    return [...new Map(this.#published.map((publication) => [publication.policy, publication])).values()]
  }

  /** A retirement is applied only where something was in force. */
  #due(publication: Publication): number {
    if (publication.action === 'retire') return 0
    return publication.selects.reduce((sum, one, node) => sum + (one === 1 && this.world.isUp(node) ? 1 : 0), 0)
  }

  /** Nodes that know the newest versions, and run what their own ledgers want. */
  #share(): number {
    const versions = this.#newest().flatMap(({ version }) => version ?? [])
    let up = 0
    let good = 0
    for (let node = 0; node < this.world.nodes; node++) {
      const view = this.world.engine(node)?.view
      if (view === undefined) continue
      up++
      const knows = versions.every((version) => view.ledger.has(version))
      if (knows && !view.applying && view.policies().every((one) => one.state === 'ok')) good++
    }
    return up === 0 ? 0 : good / up
  }

  async run(span: string | number): Promise<void> {
    await this.world.run(this.world.nowMs + milliseconds(span))
  }

  node(node: number | string): NodeReport {
    return this.world.inspect(this.#number(node))
  }
}

function milliseconds(span: string | number): number {
  const ms = typeof span === 'number' ? span : parseTime(span)
  if (ms === undefined || !(ms >= 0))
    throw new SimError(
      'E_SIM_STATE',
      `"${span}" is no span of time: write 30s, 1m30s or 500ms, or a number of milliseconds.`,
    )
  return ms
}

function compiled(policy: string | PolicySource, set: Readonly<Record<string, string>>): PolicyBundle {
  const source = typeof policy === 'string' ? folderSource(policy) : policy
  const name = typeof policy === 'string' ? policy : 'policy'
  const { bundle, diagnostics } = compileForFleet(name, { resources: {}, set }, source, (bytes) => hasher.sha256(bytes))
  if (bundle !== undefined) return bundle
  const lines = diagnostics.map((diagnostic) => formatDiagnostic(diagnostic)).join('\n')
  throw new SimError('E_SIM_POLICY', `The policy ${name} does not compile; correct these lines:\n${lines}`, {
    diagnostics,
  })
}
