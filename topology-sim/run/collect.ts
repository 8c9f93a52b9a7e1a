import type { Quantiles } from '../world/measure.ts'
import type { Driver, Published } from './driver.ts'
import { checkExpectations } from './expect.ts'
import { fateOf } from './fate.ts'
import { curveOf, round, share, sinceOf, sortedAfter, timesOf, type Since } from './figures.ts'
import type {
  FleetFigures,
  PublicationResult,
  RegionFigures,
  RunAgain,
  RunResult,
  Times,
  TrafficFigures,
} from './result.ts'
import { sampleTopology } from './sample.ts'

const UNHELD = 'the publisher gives up waiting: no other peer holds its bundle yet (E_UNHELD)'

/**
 * What a run has come to so far.
 *
 * @param complete false if it was stopped before its end
 */
export function collect(driver: Driver, again: RunAgain, complete: boolean): RunResult {
  const { world, scenario, fleet } = driver
  const measured = world.measure()
  const up = upNodes(driver)
  const publications = driver.published.map((published) => publicationOf(driver, published, up))
  const { nodes, converged } = world.converged()
  const base = {
    v: 1,
    kind: 'sim-run',
    scenario: scenario.scenario,
    about: scenario.about,
    again,
    seed: scenario.seed,
    nodes: world.nodes,
    network: measured.network,
    complete,
    endedMs: round(world.nowMs),
    events: world.events,
    traceHash: world.traceHash,
    fleet: fleetOf(driver, measured.up, measured.beacons),
    publications,
    traffic: trafficOf(driver),
    convergence: {
      nodes,
      converged,
      isolated: measured.isolated,
      degrees: measured.degrees,
      faultsEndedMs: driver.faultsEndedMs,
      healMs:
        driver.healedMs === null || driver.faultsEndedMs === null
          ? null
          : round(driver.healedMs - driver.faultsEndedMs),
    },
    violations: world.violations.map(({ invariant, atMs, node, message }) => ({
      invariant,
      atMs: round(atMs),
      node: world.nameOf(node),
      message,
    })),
    timeline: timelineOf(driver, publications),
    topology: sampleTopology(world, fleet),
  } as const
  return { ...base, expectations: checkExpectations(driver, base, up) }
}

/** 1 for each node that is up. */
function upNodes({ world }: Driver): Uint8Array {
  return Uint8Array.from({ length: world.nodes }, (_, node) => Number(world.isUp(node)))
}

function fleetOf({ fleet, scenario }: Driver, up: number, beacons: boolean): FleetFigures {
  const regions = new Map<string, number>(Object.keys(scenario.regions).map((name) => [name, 0]))
  const groups = new Map<string, { nodes: number; region: string }>()
  for (let node = 0; node < fleet.size; node++) {
    const region = fleet.regionOf(node)
    regions.set(region, (regions.get(region) ?? 0) + 1)
    const name = fleet.groupOf(node)
    const group = groups.get(name)
    if (group === undefined) groups.set(name, { nodes: 1, region })
    else group.nodes++
  }
  return {
    groups: [...groups].map(([name, group]) => ({ name, ...group })),
    regions: [...regions].map(([name, nodes]) => ({ name, nodes })),
    up,
    beacons,
  }
}

function publicationOf(driver: Driver, published: Published, up: Uint8Array): PublicationResult {
  const { publication, name, by, thief, bundle } = published
  const { world, fleet } = driver
  const { selects, durableMs, heldMs, appliedMs } = publication
  const from = publication.publishedMs ?? publication.startedMs
  const selected = (node: number): boolean => selects[node] === 1
  const since = sinceOf(publication)
  const delivered = sortedAfter(durableMs, since)
  const applied = sortedAfter(appliedMs, since, selected)
  const counts = { up: 0, delivered: 0, selected: 0, applied: 0 }
  for (let node = 0; node < world.nodes; node++) {
    if (up[node] !== 1) continue
    counts.up++
    if (!Number.isNaN(durableMs[node] ?? Number.NaN)) counts.delivered++
    if (!selected(node)) continue
    counts.selected++
    if (!Number.isNaN(appliedMs[node] ?? Number.NaN)) counts.applied++
  }
  const blast = driver.blast.radius(publication.policy, bundle ?? '', publication.selected, {
    nameOf: (node) => world.nameOf(node),
    groupOf: (node) => fleet.groupOf(node),
  })
  const hops = Float64Array.from(publication.hops.filter((hop) => hop > 0)).sort()
  return {
    name,
    policy: publication.policy,
    action: publication.action,
    by,
    thief,
    version: publication.version,
    atMs: round(from),
    acknowledgedMs: publication.reply?.ok === true ? round(publication.reply.atMs - from) : null,
    code: publication.reply?.code ?? null,
    selected: publication.selected,
    reliability: share(counts.up === 0 ? 0 : counts.delivered / counts.up),
    converged: share(counts.selected === 0 ? 1 : counts.applied / counts.selected),
    failed: blast.failed,
    delivered: timesOf(delivered),
    held: timesOf(sortedAfter(heldMs, since)),
    applied: timesOf(applied),
    hops: timesOf(hops),
    copiesPerNode: share(publication.copies / Math.max(1, world.nodes)),
    curves: { delivered: curveOf(delivered, world.nodes), applied: curveOf(applied, publication.selected) },
    regions: regionsOf(driver, published, since),
    blast,
  }
}

function regionsOf({ fleet, scenario }: Driver, { publication }: Published, since: Since): RegionFigures[] {
  const names = Object.keys(scenario.regions)
  const regionOf = Uint8Array.from({ length: fleet.size }, (_, node) => names.indexOf(fleet.regionOf(node)))
  return names.map((region, index) => {
    const here = (node: number): boolean => regionOf[node] === index
    const chosen = (node: number): boolean => here(node) && publication.selects[node] === 1
    let selected = 0
    for (let node = 0; node < fleet.size; node++) if (chosen(node)) selected++
    return {
      region,
      selected,
      delivered: timesOf(sortedAfter(publication.durableMs, since, here)),
      applied: timesOf(sortedAfter(publication.appliedMs, since, chosen)),
    }
  })
}

const asTimes = ({ count, p50, p90, p99, last, mean }: Quantiles): Times =>
  count === 0
    ? { count, p50: null, p90: null, p99: null, last: null, mean: null }
    : { count, p50: round(p50), p90: round(p90), p99: round(p99), last: round(last), mean: round(mean) }

function trafficOf({ world, fleet, scenario }: Driver): TrafficFigures {
  const measured = world.measure()
  const { bytesIn, bytesOut } = world.network.counters
  const groups = fleet.groups.map((name) => {
    const [from, to] = fleet.rangeOf(name)
    let sum = 0
    let max = 0
    for (let node = from; node < to; node++) {
      const bytes = (bytesIn[node] ?? 0) + (bytesOut[node] ?? 0)
      sum += bytes
      max = Math.max(max, bytes)
    }
    return { name, mean: Math.round(sum / Math.max(1, to - from)), max: Math.round(max) }
  })
  const edges = Math.max(1, measured.degrees.reduce((sum, nodes, degree) => sum + nodes * degree, 0) / 2)
  const regions = Object.keys(scenario.regions)
  // The world counts by area (a zone of a region, a kind of line).
  const regionBytes = regions.map(() => regions.map(() => 0))
  for (const [from, row] of measured.regionBytes.entries()) {
    for (const [to, bytes] of row.entries()) {
      const cells = regionBytes[regions.indexOf(fleet.areas.regionOf(from))]
      const column = regions.indexOf(fleet.areas.regionOf(to))
      if (cells !== undefined) cells[column] = (cells[column] ?? 0) + Math.round(bytes)
    }
  }
  return {
    copies: measured.copies,
    bytesPerNode: asTimes(measured.bytesPerNode),
    bytesByGroup: groups,
    bytesBy: measured.bytesBy,
    bytesPerLink: Math.round(bytesOut.reduce((sum, bytes) => sum + bytes, 0) / edges),
    copiesPerLink: share(measured.copies / edges),
    regions,
    regionBytes,
    hottest: measured.hottest.map(({ node, bytes }) => ({ node: world.nameOf(node), bytes: Math.round(bytes) })),
  }
}

/** What happened and what came of it, by time. */
function timelineOf(driver: Driver, publications: readonly PublicationResult[]): RunResult['timeline'] {
  const milestones = publications.flatMap((result, i) => {
    const { name, atMs, acknowledgedMs, delivered, applied, selected, failed, code } = result
    const published = driver.published[i]
    const fate = published === undefined ? null : fateOf(driver, published)
    const at = (ms: number | null, kind: string, text: string): RunResult['timeline'] =>
      ms === null ? [] : [{ atMs: round(atMs + ms), kind, text: `${name}: ${text}` }]
    return [
      ...at(acknowledgedMs, 'acknowledged', 'another peer holds it'),
      ...(code === null ? [] : at(0, 'refused', code === 'E_UNHELD' ? UNHELD : `not taken (${code})`)),
      ...(fate === null ? [] : at(delivered.last, 'fate', fate)),
      ...at(applied.p50, 'half', 'half of its nodes have it'),
      ...at(applied.p99, 'most', '99% of those that got it have it'),
      ...at(
        applied.last,
        'last',
        applied.count === selected
          ? 'everyone has it'
          : `${applied.count} of ${selected} have it${failed > 0 ? `, ${failed} failed` : ''}`,
      ),
    ]
  })
  return [...driver.timeline, ...milestones].toSorted((a, b) => a.atMs - b.atMs)
}
