import type { Expectation, ExpectationKind } from '../scenario/expectations.ts'
import type { Driver, Published } from './driver.ts'
import { shareAt, sinceOf, sortedAfter, timesOf } from './figures.ts'
import type { ExpectationResult, RunResult } from './result.ts'

type Base = Omit<RunResult, 'expectations'>
type Of<K extends ExpectationKind> = Extract<Expectation, { kind: K }>

interface Found {
  readonly value: number | null
  readonly text: string
  readonly ok: boolean
  readonly found: string
}

/** Holds a run to what its scenario expects. What cannot be measured is not met. */
export function checkExpectations(driver: Driver, base: Base, up: Uint8Array): ExpectationResult[] {
  return driver.scenario.expect.map((expectation) => {
    // Each entry takes the expectation of its own kind.
    const check = CHECKS[expectation.kind] as (at: At, expectation: Expectation) => Found
    const { value, text, ok, found } = check({ driver, base, up }, expectation)
    return { line: expectation.line, text, ok, value, limit: expectation.limit, found }
  })
}

interface At {
  readonly driver: Driver
  readonly base: Base
  readonly up: Uint8Array
}

const percent = (value: number): string => `${Math.round(value * 100_000) / 1000}%`
const seconds = (ms: number): string => `${Math.round(ms) / 1000} s`
const none = (text: string, why: string): Found => ({ value: null, text, ok: false, found: why })
const least = (text: string, value: number, limit: number, found = percent(value)): Found => ({
  value,
  text,
  ok: value >= limit,
  found,
})
const most = (text: string, value: number, limit: number, found: string): Found => ({
  value,
  text,
  ok: value <= limit,
  found,
})

const CHECKS: { readonly [K in ExpectationKind]: (at: At, expectation: Of<K>) => Found } = {
  converged: (at, { limit, more }) => {
    const { within, policy, nodes } = more
    const text = `at least ${percent(limit)}${ofNodes(nodes)} converged${onPolicy(policy)}${inTime(within)}`
    return worst(at, policy, text, limit, ({ publication }) => {
      const chosen = (node: number): boolean =>
        publication.selects[node] === 1 && (within !== undefined || at.up[node] === 1) && isAmong(at, nodes, node)
      const from = sinceOf(publication)
      const applied = sortedAfter(publication.appliedMs, from, chosen)
      const count = countOf(at, chosen)
      return count === 0 ? null : shareAt(applied, within ?? Number.POSITIVE_INFINITY, count)
    })
  },
  delivered: (at, { limit, more: { within, policy } }) => {
    const text = `at least ${percent(limit)} delivered${onPolicy(policy)}${inTime(within)}`
    return worst(at, policy, text, limit, ({ publication }) => {
      const chosen = (node: number): boolean => at.up[node] === 1
      const from = sinceOf(publication)
      return shareAt(
        sortedAfter(publication.durableMs, from, chosen),
        within ?? Number.POSITIVE_INFINITY,
        countOf(at, chosen),
      )
    })
  },
  failed: (at, { limit, more: { policy, nodes } }) => {
    const text = `at most ${percent(limit)}${ofNodes(nodes)} failed${onPolicy(policy)}`
    const published = chosenOf(at, policy)
    if (published.length === 0) return none(text, NOTHING)
    const shares = published.flatMap(({ publication, bundle }) => {
      const chosen = (node: number): boolean => publication.selects[node] === 1 && isAmong(at, nodes, node)
      const count = countOf(at, chosen)
      const failed = at.driver.blast.failedOn(publication.policy, bundle ?? '').filter((node) => chosen(node))
      return count === 0 ? [] : [failed.length / count]
    })
    const value = Math.max(...shares)
    return shares.length === 0 ? none(text, NOBODY) : most(text, value, limit, percent(value))
  },
  reached: (at, { limit }) => {
    const reached = at.driver.published
      .filter(({ thief }) => thief)
      .map(({ publication }) => publication.counts.applied / Math.max(1, at.base.nodes))
    const value = Math.max(0, ...reached)
    return most(`a thief reaches at most ${percent(limit)} of all nodes`, value, limit, percent(value))
  },
  copies: ({ driver }, { limit, more: { of } }) => {
    const { nodes } = driver.world
    const copies = driver.published.map(({ publication }) => publication.copies / Math.max(1, nodes))
    const text = `at most ${limit} copies of a record a node (${of})`
    const value =
      of === 'mean' ? copies.reduce((sum, one) => sum + one, 0) / Math.max(1, copies.length) : Math.max(0, ...copies)
    return most(text, value, limit, value.toFixed(2))
  },
  bytes: (at, { limit, more: { of, nodes } }) => {
    const { bytesIn, bytesOut } = at.driver.world.network.counters
    const all = Float64Array.from(bytesIn, (bytes, node) => bytes + (bytesOut[node] ?? 0))
    const times = timesOf(sortedAfter(all, 0, (node) => isAmong(at, nodes, node)))
    const value = { mean: times.mean, p99: times.p99, max: times.last }[of]
    const text = `at most ${bytesText(limit)} a node (${of})${ofNodes(nodes)}`
    return value === null ? none(text, NOBODY) : most(text, value, limit, bytesText(value))
  },
  unauthorised: (at, { limit }) =>
    violations(at, 'unauthorised', limit, `at most ${limit} nodes applied what nobody was allowed to publish`),
  lost: (at, { limit }) => violations(at, 'lostPublish', limit, `at most ${limit} acknowledged publishes are lost`),
  healed: ({ base: { convergence } }, { limit }) => {
    const text = `healed within ${seconds(limit)} after the last fault`
    const { healMs, faultsEndedMs } = convergence
    if (faultsEndedMs === null) return none(text, 'no fault has ended')
    return healMs === null ? none(text, 'not healed') : most(text, healMs, limit, seconds(healMs))
  },
  isolated: ({ base }, { limit }) => {
    const { isolated } = base.convergence
    return most(`at most ${limit} nodes are isolated at the end`, isolated, limit, `${isolated}`)
  },
}

const NOTHING = 'nothing was published'
const NOBODY = 'there is no such node'
const ofNodes = (nodes: string | undefined): string => (nodes === undefined ? '' : ` of ${nodes}`)
const onPolicy = (policy: string | undefined): string => (policy === undefined ? '' : ` on ${policy}`)
const inTime = (within: number | undefined): string => (within === undefined ? '' : ` within ${seconds(within)}`)

function bytesText(bytes: number): string {
  return bytes < 1e5 ? `${Math.round(bytes)} B` : `${(bytes / 1e6).toFixed(2)} MB`
}

function isAmong({ driver }: At, nodes: string | undefined, node: number): boolean {
  return nodes === undefined || driver.fleet.matches(nodes, node)
}

function countOf({ driver }: At, chosen: (node: number) => boolean): number {
  let count = 0
  for (let node = 0; node < driver.world.nodes; node++) if (chosen(node)) count++
  return count
}

/** Versions of a policy, or of all; the last of each, as an earlier one is replaced on purpose. A thief's are never wanted. */
function chosenOf({ driver }: At, policy: string | undefined): Published[] {
  const last = new Map<string, Published>()
  for (const published of driver.published)
    if (!published.thief && (policy === undefined || published.name === policy)) last.set(published.name, published)
  return [...last.values()]
}

function worst(
  at: At,
  policy: string | undefined,
  text: string,
  limit: number,
  value: (published: Published) => number | null,
): Found {
  const published = chosenOf(at, policy)
  if (published.length === 0) return none(text, NOTHING)
  // A policy that is for none of the nodes says nothing about them.
  const values = published.map(value).filter((one) => one !== null)
  return values.length === 0 ? none(text, NOBODY) : least(text, Math.min(...values), limit)
}

function violations({ base }: At, invariant: string, limit: number, text: string): Found {
  const value = base.violations.filter((violation) => violation.invariant === invariant).length
  return most(text, value, limit, `${value}`)
}
