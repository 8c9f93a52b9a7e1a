import type { Hasher, Ledger } from '../../node/core/index.ts'
import { SimError } from '../errors.ts'
import { SIM_LIMITS } from '../limits.ts'
import type { Scenario } from '../scenario/types.ts'
import type { Publication } from '../world/measure.ts'
import type { NetworkFactory, PolicyBundle, RunEnd, World, WorldOptions } from '../world/types.ts'
import { act, FSYNC_MS } from './acts.ts'
import { keepBackups } from './publishing.ts'
import type { About, Stage } from './stage.ts'
import { BlastWatch } from './blast.ts'
import { START_MS } from './clone.ts'
import { ScenarioFleet } from './fleet.ts'
import { hostModel } from './hosts.ts'
import { scheduleLaptops } from './laptops.ts'
import { Partitions } from './partitions.ts'
import type { TimelineEntry } from './result.ts'

export interface RunSetup {
  readonly scenario: Scenario
  /** The policies of the scenario, compiled, by their names in it. */
  readonly bundles: ReadonlyMap<string, PolicyBundle>
  /** Hosts on which every policy fails (`--fail`); null: only what the scenario says. */
  readonly fail: string | null
  readonly hasher: Hasher
  readonly makeWorld: (options: WorldOptions) => World
  /** For a scenario with `network: exact`; the model if there is none. */
  readonly network?: NetworkFactory
}

/** One version that the scenario published. */
export interface Published extends About {
  readonly publication: Publication
}

/** How often the driver looks whether everything has settled: so many times in a run at most, as each look is at every node. */
const LOOK_MS = 250
const LOOKS = 4_000
/** It asks all engines again although nothing has changed. */
const ASK_MS = 10_000
/** A publisher whose node went down is never answered. */
const ANSWER_MS = 60_000
/** Everything has to stay settled for so long: what is under way (a gossip heartbeat, a sync) may still change it. */
const CALM_MS = 3_000

/**
 * Waves open by what nodes hear of each other, which is everybody as far as a mesh does.
 *
 * @throws SimError E_SIM_POLICY if they cannot hear enough
 */
function beaconsFor(
  { beacons }: Scenario,
  bundles: ReadonlyMap<string, PolicyBundle>,
  nodes: number,
): Scenario['beacons'] {
  const inWaves = [...bundles].find(([, { rollout }]) => (rollout ?? null) !== null)
  if (inWaves === undefined || beacons === 'on') return beacons
  const needs = `The policy ${inWaves[0]} comes in waves, which open by beacons`
  if (beacons === 'off') throw new SimError('E_SIM_POLICY', `${needs}: remove beacons: off from the scenario.`)
  if (nodes <= SIM_LIMITS.rolloutNodes) return 'on'
  const most = `${SIM_LIMITS.rolloutNodes.toLocaleString('en')} nodes hear each other`
  throw new SimError('E_SIM_POLICY', `${needs}, and at most ${most}: try it with --nodes ${SIM_LIMITS.rolloutNodes}.`)
}

/** Drives a world through a scenario. The same setup gives the same run. */
export class Driver {
  readonly world: World
  readonly fleet: ScenarioFleet
  readonly scenario: Scenario
  readonly published: Published[] = []
  readonly timeline: TimelineEntry[] = []
  readonly blast: BlastWatch
  /** When the last fault ended; null while one is in force, or if there was none. */
  faultsEndedMs: number | null = null
  /** When all that are up agreed, and had applied what they should, after the last fault. */
  healedMs: number | null = null
  #faults = 0
  /** When the driver last saw that they did not. */
  #unhealedMs = 0
  #settledMs: number | null = null
  #over = false
  /** What the engines said when they were asked last. */
  #asked = { applied: -1, failed: -1, atMs: 0, settled: false }

  constructor({ scenario, bundles, fail, hasher, makeWorld, network }: RunSetup) {
    this.scenario = scenario
    this.fleet = new ScenarioFleet(scenario)
    this.blast = new BlastWatch(
      () => this.world.nowMs,
      (name) => this.world.nodeOf(name),
    )
    this.world = makeWorld({
      seed: scenario.seed,
      fleet: this.fleet,
      overlay: overlayOf(scenario),
      ...(scenario.sync === undefined ? {} : { timing: { syncMs: scenario.sync } }),
      startMs: START_MS,
      beacons: beaconsFor(scenario, bundles, this.fleet.size),
      ...(network === undefined ? {} : { network }),
      regions: this.fleet.areas.names(),
      links: this.fleet.areas.links(),
      hosts: hostModel(scenario, bundles, fail, (node, policy, bundle, resource) =>
        this.blast.worked(node, policy, bundle, resource),
      ),
      grants: Object.entries(scenario.publishers).map(([holder, { policies, nodes }]) => ({
        holder,
        grant: { name: holder, policies, selector: nodes },
      })),
    })
    const stage: Stage = {
      world: this.world,
      fleet: this.fleet,
      scenario,
      bundles,
      hasher,
      say: (kind, text) => void this.timeline.push({ atMs: this.world.nowMs, kind, text }),
      published: (publication, about) => void this.published.push({ publication, ...about }),
      fault: () => this.#fault(),
      partitions: new Partitions(this.world),
      backups: new Map<string, Ledger>(),
    }
    this.#slowDisks()
    scheduleLaptops(this.world, this.fleet, scenario)
    keepBackups(stage)
    for (const [index, event] of scenario.events.entries()) this.world.at(event.atMs, () => act(stage, event, index))
    this.world.at(this.#lastEventMs, () => this.#look())
  }

  get #lastEventMs(): number {
    return this.scenario.events.at(-1)?.atMs ?? 0
  }

  /**
   * Lets the run go on until its end, or until `untilMs`.
   *
   * @param options `pause` is awaited between slices of work: progress bars, Ctrl-C
   */
  async run(
    options: { readonly pause?: () => Promise<void>; readonly signal?: AbortSignal; readonly untilMs?: number } = {},
  ): Promise<RunEnd> {
    const { untilMs = this.scenario.run, ...rest } = options
    return await this.world.run({ untilMs, when: () => this.#over }, rest)
  }

  /** Groups whose disks are slower, or faster, than the model's. */
  #slowDisks(): void {
    for (const name of this.fleet.groups) {
      const disk = this.fleet.group(name)?.disk
      if (disk === undefined) continue
      const [from, to] = this.fleet.rangeOf(name)
      for (let node = from; node < to; node++) this.world.slowDisk(node, disk / FSYNC_MS)
    }
  }

  #fault(): () => void {
    this.#faults++
    this.faultsEndedMs = null
    this.healedMs = null
    let active = true
    return () => {
      if (!active) return
      active = false
      if (--this.#faults > 0) return
      this.faultsEndedMs = this.#unhealedMs = this.world.nowMs
      this.#lookForHealing(this.world.nowMs)
    }
  }

  /** Looks again and again until the fleet has healed from the fault that ended then, or another one came. */
  #lookForHealing(endedMs: number): void {
    const { world } = this
    if (this.faultsEndedMs !== endedMs || this.healedMs !== null) return
    if (this.#isHealed()) this.healedMs = Math.max(this.#unhealedMs, this.#lastChangeMs())
    else this.#unhealedMs = world.nowMs
    world.at(world.nowMs + this.#lookMs, () => this.#lookForHealing(endedMs))
  }

  #isHealed(): boolean {
    const { world } = this
    if (this.#pending().some((publication) => !this.#isEverywhere(publication))) return false
    const { nodes, converged } = world.converged()
    return nodes - converged <= this.blast.failed && world.agree()
  }

  /** Versions that are to reach everyone: the publisher of one that nobody held in time has waited for nothing, but it spreads. */
  #pending(): readonly Publication[] {
    return this.published.flatMap(({ publication }) =>
      publication.version === null || isRefused(publication) ? [] : [publication],
    )
  }

  get #lookMs(): number {
    return Math.max(LOOK_MS, this.scenario.run / LOOKS)
  }

  /** Looks again and again whether the fleet has settled; ends the run when it has for a while. */
  #look(): void {
    const { world } = this
    if (this.#settled()) {
      this.#settledMs ??= world.nowMs
      if (world.nowMs - this.#settledMs >= CALM_MS && !this.#someSleep()) {
        this.#over = true
        return
      }
    } else this.#settledMs = null
    world.at(world.nowMs + this.#lookMs, () => this.#look())
  }

  /** Nothing is wrong any more, every node that is up has every version, and has applied what it should, or failed to. */
  #settled(): boolean {
    const { world } = this
    if (this.#faults > 0 || this.#lastEventMs > world.nowMs) return false
    if (this.faultsEndedMs !== null && this.healedMs === null) return false
    for (const { publication } of this.published)
      if (publication.reply === null && world.nowMs < publication.startedMs + ANSWER_MS) return false
    if (this.#pending().some((publication) => !this.#isEverywhere(publication))) return false
    // The engines are asked last, and only when something has changed: that is what costs.
    const applied = this.published.reduce((sum, { publication }) => sum + publication.counts.applied, 0)
    const asked = this.#asked
    if (asked.applied === applied && asked.failed === this.blast.failed && world.nowMs < asked.atMs + ASK_MS)
      return asked.settled
    const { nodes, converged } = world.converged()
    const settled = nodes - converged <= this.blast.failed
    this.#asked = { applied, failed: this.blast.failed, atMs: world.nowMs, settled }
    return settled
  }

  /** Laptops that are off and have not got everything: they will be on again. */
  #someSleep(): boolean {
    if (!Object.values(this.scenario.fleet).some(({ laptops }) => laptops !== undefined)) return false
    return this.#pending().some(({ counts }) => counts.durable < this.world.nodes)
  }

  #isEverywhere({ durableMs, counts }: Publication): boolean {
    const { world } = this
    if (counts.durable === world.nodes) return true
    for (let node = 0; node < world.nodes; node++)
      if (Number.isNaN(durableMs[node] ?? Number.NaN) && world.isUp(node)) return false
    return true
  }

  /** When a node last got or applied a version. */
  #lastChangeMs(): number {
    let last = 0
    for (const { publication } of this.published)
      for (const times of [publication.durableMs, publication.appliedMs])
        for (const at of times) if (at > last) last = at
    return last
  }
}

function isRefused({ reply }: Publication): boolean {
  return reply?.ok === false && reply.code !== 'E_UNHELD'
}

function overlayOf({ overlay }: Scenario): NonNullable<WorldOptions['overlay']> {
  switch (overlay.kind) {
    case 'random':
      return { kind: 'random', dials: overlay.dials }
    case 'regular':
      return { kind: 'regular', degree: overlay.degree }
    case 'small-world':
      return { kind: 'smallWorld', near: overlay.near, rewire: overlay.rewire }
    case 'edges':
      return { kind: 'edges', edges: overlay.edges }
    default:
      return { kind: overlay.kind }
  }
}
