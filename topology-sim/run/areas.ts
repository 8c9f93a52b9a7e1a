import type { Region } from '../scenario/schema.ts'
import type { Scenario } from '../scenario/types.ts'
import type { Spread } from '../scenario/units.ts'
import type { LinkOptions } from '../world/types.ts'

/** Where nodes are as the network sees it: a zone of a region, and what its lines carry. */
interface Area {
  readonly region: string
  readonly zone: number
  /** Bytes a second. */
  readonly bandwidth: number
}

/** The areas of a scenario: the world calls them regions, and has a table of links from each to each. */
export class Areas {
  readonly #scenario: Scenario
  readonly #areas: Area[] = []
  readonly #index = new Map<string, number>()

  constructor(scenario: Scenario) {
    this.#scenario = scenario
    // In the order of the file, whatever the fleet, so that a region keeps its number.
    for (const [name, region] of Object.entries(scenario.regions))
      for (let zone = 0; zone < region.zones; zone++) this.of(name, zone, undefined)
    for (const group of Object.values(scenario.fleet)) {
      const region = group.region ?? this.first
      for (let zone = 0; zone < this.#region(region).zones; zone++) this.of(region, zone, group.bandwidth)
    }
  }

  /** Names of the regions of the scenario. */
  get regions(): readonly string[] {
    return Object.keys(this.#scenario.regions)
  }

  get first(): string {
    return Object.keys(this.#scenario.regions)[0] ?? ''
  }

  /** The number of an area. */
  of(region: string, zone: number, bandwidth: number | undefined): number {
    const rate = bandwidth ?? this.#region(region).bandwidth ?? Number.POSITIVE_INFINITY
    const key = `${region}\n${zone}\n${rate}`
    const known = this.#index.get(key)
    if (known !== undefined) return known
    this.#areas.push({ region, zone, bandwidth: rate })
    this.#index.set(key, this.#areas.length - 1)
    return this.#areas.length - 1
  }

  regionOf(area: number): string {
    return this.#areas[area]?.region ?? this.first
  }

  /** Names for the world: regions, with a zone where there are several. */
  names(): string[] {
    return this.#areas.map(({ region, zone }) =>
      this.#region(region).zones > 1 ? `${region}/${String.fromCodePoint(97 + (zone % 26))}` : region,
    )
  }

  links(): LinkOptions {
    const { links } = this.#scenario
    const table = (value: (spread: Spread) => number): number[][] =>
      this.#areas.map((from) => this.#areas.map((to) => value(this.#between(from, to))))
    const bandwidth = this.#areas.map((area) => area.bandwidth)
    return {
      latencyMs: table((spread) => spread.median),
      jitter: table((spread) => Math.hypot(spread.sigma, links.jitter)),
      loss: links.loss,
      uplink: bandwidth,
      downlink: bandwidth,
    }
  }

  #between(from: Area, to: Area): Spread {
    const { links } = this.#scenario
    if (from.region !== to.region)
      return links.matrix[from.region]?.[to.region] ?? links.matrix[to.region]?.[from.region] ?? links.between
    const region = this.#region(from.region)
    return from.zone === to.zone ? region.latency : (region.betweenZones ?? region.latency)
  }

  #region(name: string): Region {
    const region = this.#scenario.regions[name]
    if (region === undefined) throw new RangeError(`there is no region ${name}`)
    return region
  }
}
