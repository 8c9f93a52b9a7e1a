import type { PublicationResult, RunResult, Times } from '../run/result.ts'
import { differenceOf, type Interval, intervalOf } from './stats.ts'

export type Unit = 'ms' | 'share' | 'bytes' | 'count'

/** One figure of a run that can be compared with that of another. */
export interface Metric {
  readonly name: string
  readonly unit: Unit
  readonly better: 'less' | 'more'
  readonly value: number
}

/** The figures of a run; what was not measured is left out. */
export function metricsOf(run: RunResult): Metric[] {
  const { traffic, convergence } = run
  return [
    ...lastOf(run.publications).flatMap(publicationMetrics),
    ...metric('copies a connection', 'count', 'less', traffic.copiesPerLink),
    ...metric('bytes a connection', 'bytes', 'less', traffic.bytesPerLink),
    ...metric('bytes a node, mean', 'bytes', 'less', traffic.bytesPerNode.mean),
    ...metric('bytes a node, p99', 'bytes', 'less', traffic.bytesPerNode.p99),
    ...metric('bytes a node, max', 'bytes', 'less', traffic.bytesPerNode.last),
    ...metric('time to heal', 'ms', 'less', convergence.healMs),
    ...metric('isolated nodes', 'count', 'less', convergence.isolated),
    ...metric('violations', 'count', 'less', run.violations.length),
    ...metric('expectations not met', 'count', 'less', run.expectations.filter(({ ok }) => !ok).length),
  ]
}

/** The last version of each policy: earlier ones were replaced on purpose. */
export function lastOf(publications: readonly PublicationResult[]): PublicationResult[] {
  return [...new Map(publications.map((publication) => [publication.name, publication])).values()]
}

function publicationMetrics(publication: PublicationResult): Metric[] {
  const { name, delivered, applied } = publication
  const times = (what: string, { p50, p90, p99, last }: Times): Metric[] => [
    ...metric(`${name}: ${what} p50`, 'ms', 'less', p50),
    ...metric(`${name}: ${what} p90`, 'ms', 'less', p90),
    ...metric(`${name}: ${what} p99`, 'ms', 'less', p99),
    ...metric(`${name}: ${what} last`, 'ms', 'less', last),
  ]
  return [
    ...metric(`${name}: reliability`, 'share', 'more', publication.reliability),
    ...metric(`${name}: converged`, 'share', 'more', publication.converged),
    ...metric(`${name}: failed nodes`, 'count', 'less', publication.failed),
    ...times('delivered', delivered),
    ...times('applied', applied),
    ...metric(`${name}: hops p99`, 'count', 'less', publication.hops.p99),
    ...metric(`${name}: copies a node`, 'count', 'less', publication.copiesPerNode),
  ]
}

function metric(name: string, unit: Unit, better: Metric['better'], value: number | null): Metric[] {
  return value === null ? [] : [{ name, unit, better, value }]
}

export interface Merged {
  readonly name: string
  readonly unit: Unit
  readonly interval: Interval
}

/** One figure over several runs of one scenario with different seeds. */
export function mergeRuns(runs: readonly RunResult[]): Merged[] {
  return [...byName(runs)].map(([name, metrics]) => ({
    name,
    unit: metrics[0]?.unit ?? 'count',
    interval: intervalOf(metrics.map(({ value }) => value)),
  }))
}

export interface Compared {
  readonly name: string
  readonly unit: Unit
  readonly before: Interval
  readonly after: Interval
  readonly difference: Interval
  /** `same`: the interval of the difference holds zero; `unsure`: one run a side cannot tell. */
  readonly verdict: 'better' | 'worse' | 'same' | 'unsure'
}

/** What got better or worse from one set of runs to another. Figures that one side lacks are left out. */
export function compareRuns(before: readonly RunResult[], after: readonly RunResult[]): Compared[] {
  const left = byName(before)
  return [...byName(after)].flatMap(([name, metrics]): Compared[] => {
    const [first] = metrics
    const old = left.get(name)?.map(({ value }) => value)
    if (first === undefined || old === undefined) return []
    const values = metrics.map(({ value }) => value)
    const difference = differenceOf(old, values)
    return [
      {
        name,
        unit: first.unit,
        before: intervalOf(old),
        after: intervalOf(values),
        difference,
        verdict: verdictOn(difference, first.better),
      },
    ]
  })
}

function verdictOn({ mean, plusMinus }: Interval, better: Metric['better']): Compared['verdict'] {
  if (mean === 0) return 'same'
  if (plusMinus === null) return 'unsure'
  if (Math.abs(mean) <= plusMinus) return 'same'
  return mean < 0 === (better === 'less') ? 'better' : 'worse'
}

function byName(runs: readonly RunResult[]): Map<string, Metric[]> {
  const all = new Map<string, Metric[]>()
  for (const metric of runs.flatMap(metricsOf)) {
    const known = all.get(metric.name)
    if (known === undefined) all.set(metric.name, [metric])
    else known.push(metric)
  }
  return all
}
