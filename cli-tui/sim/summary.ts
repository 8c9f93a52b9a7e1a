import {
  bytesText,
  countText,
  figureText,
  lastOf,
  msText,
  shareText,
  type Merged,
  type PublicationResult,
  type RunResult,
} from '../../topology-sim/index.ts'
import { grid } from '../out/grid.ts'
import type { Paint } from '../out/paint.ts'

import { listed, plural, safe } from '../out/text.ts'
import { bar, plotShares } from './plot.ts'

/** Lines of the timeline, and rows of anything else, that a summary shows; the report has all. */
const ROWS = 12
const PLOT = { columns: 60, rows: 6, label: msText } as const
const BAR_COLUMNS = 30

/** What a run has come to, for a terminal. */
export function summary(run: RunResult, paint: Paint): string {
  const parts = [
    head(run, paint),
    policies(run, paint),
    ...lastOf(run.publications).flatMap((publication) => plots(publication, paint)),
    regions(run, paint),
    blast(run, paint),
    traffic(run, paint),
    network(run, paint),
    timeline(run, paint),
    verdicts(run, paint),
  ]
  return parts.filter((part) => part !== '').join('\n')
}

function head(run: RunResult, paint: Paint): string {
  const took = run.machine === undefined ? '' : `, ${countText(run.events)} events in ${msText(run.machine.tookMs)}`
  const facts = [
    `seed ${run.seed}`,
    `${countText(run.nodes)} nodes`,
    `${run.network} network`,
    `${msText(run.endedMs)} of virtual time${took}`,
    `trace ${run.traceHash}`,
  ]
  const stopped = run.complete ? '' : `${paint('yellow', 'Stopped before its end: what follows is partial.')}\n`
  return `${paint('bold', safe(run.scenario))}\n${paint('dim', facts.join(' · '))}\n${stopped}`
}

function policies({ publications }: RunResult, paint: Paint): string {
  if (publications.length === 0) return paint('dim', 'Nothing was published.\n')
  return grid(
    paint,
    [
      { title: 'POLICY' },
      { title: 'BY' },
      { title: 'AT', align: 'right' },
      { title: 'NODES', align: 'right' },
      { title: 'HAVE IT', align: 'right' },
      { title: 'CONVERGED', align: 'right' },
      { title: 'P50', align: 'right' },
      { title: 'P99', align: 'right' },
      { title: 'LAST', align: 'right' },
      { title: 'FAILED', align: 'right' },
      { title: 'COPIES', align: 'right' },
    ],
    publications.map((one) => [
      safe(one.name) + (one.action === 'retire' ? paint('dim', ' (withdrawn)') : ''),
      one.thief ? paint('red', `thief as ${safe(one.by)}`) : safe(one.by),
      msText(one.atMs),
      countText(one.selected),
      shareText(one.reliability),
      one.converged === 1 ? paint('green', '100%') : paint('yellow', shareText(one.converged)),
      msText(one.applied.p50),
      msText(one.applied.p99),
      msText(one.applied.last),
      one.failed === 0 ? '0' : paint('red', countText(one.failed)),
      countText(one.copiesPerNode),
    ]),
  )
}

function plots({ name, curves, thief }: PublicationResult, paint: Paint): string[] {
  const lines = plotShares(curves.applied, PLOT)
  if (lines.length === 0) return []
  const title = `${safe(name)}${thief ? ' (thief)' : ''}: share of its nodes that applied it, by time after publishing`
  return [`${paint('bold', title)}\n${lines.map((line) => `${line}\n`).join('')}`]
}

function regions({ publications, fleet }: RunResult, paint: Paint): string {
  if (fleet.regions.length < 2 || publications.length === 0) return ''
  return grid(
    paint,
    [
      { title: 'REGION' },
      { title: 'POLICY' },
      { title: 'NODES', align: 'right' },
      { title: 'RECORD P50', align: 'right' },
      { title: 'RECORD P99', align: 'right' },
      { title: 'APPLIED P99', align: 'right' },
      { title: 'LAST', align: 'right' },
    ],
    lastOf(publications).flatMap((one) =>
      one.regions.map((region) => [
        safe(region.region),
        safe(one.name),
        countText(region.selected),
        msText(region.delivered.p50),
        msText(region.delivered.p99),
        msText(region.applied.p99),
        msText(region.applied.last),
      ]),
    ),
  )
}

/** Who is hit: said where something failed, or a thief got through. */
function blast({ publications, nodes }: RunResult, paint: Paint): string {
  const hit = publications.filter(({ blast, thief }) => blast.failed > 0 || (thief && blast.touched > 0))
  return hit
    .map(({ name, thief, selected, blast }) => {
      const reach = `${countText(blast.touched)} of ${countText(nodes)} hosts were touched`
      const failed = blast.failed === 0 ? '' : `, it failed on ${countText(blast.failed)} of ${countText(selected)}`
      const title = paint('bold', `${thief ? 'What the thief reached' : 'Blast radius'}: ${safe(name)}`)
      const resources = blast.resources.map(
        ({ key, hosts, failed }) =>
          `  ${safe(key)}: ${plural(hosts, 'host')}${failed === 0 ? '' : paint('red', `, failed on ${failed}`)}\n`,
      )
      const groups = blast.groups.map(
        (group) =>
          `  ${safe(group.name)}: ${countText(group.touched)} touched${group.failed === 0 ? '' : paint('red', `, ${countText(group.failed)} failed`)}\n`,
      )
      const hosts =
        blast.hosts.length === 0
          ? ''
          : `  first: ${listed(
              blast.hosts.map((host) => safe(host.name)),
              8,
            )}\n`
      return [`${title}\n`, `  ${reach}${failed}\n`, ...resources.slice(0, ROWS), ...groups.slice(0, ROWS), hosts].join(
        '',
      )
    })
    .join('\n')
}

function traffic({ traffic }: RunResult, paint: Paint): string {
  const { bytesPerNode, bytesBy, hottest } = traffic
  const kinds = Object.entries(bytesBy).filter(([, bytes]) => bytes > 0)
  const largest = Math.max(1, ...kinds.map(([, bytes]) => bytes))
  const wide = Math.max(0, ...kinds.map(([kind]) => kind.length))
  const bars = kinds.map(
    ([kind, bytes]) =>
      `  ${kind.padEnd(wide)}  ${paint('cyan', bar(bytes / largest, BAR_COLUMNS))} ${bytesText(bytes)}\n`,
  )
  const [hot] = hottest
  return [
    `${paint('bold', 'Traffic')} a node: p50 ${bytesText(bytesPerNode.p50)}, p99 ${bytesText(bytesPerNode.p99)}, most ${bytesText(bytesPerNode.last)}`,
    `${hot === undefined ? '' : ` (${safe(hot.node)})`}; a connection: ${bytesText(traffic.bytesPerLink)}\n`,
    ...bars,
  ].join('')
}

function network({ convergence }: RunResult, paint: Paint): string {
  const { degrees, isolated, healMs, faultsEndedMs } = convergence
  const bins = binned(degrees)
  const most = Math.max(1, ...bins.map(([, nodes]) => nodes))
  const wide = Math.max(0, ...bins.map(([label]) => label.length))
  const bars = bins.map(
    ([label, nodes]) =>
      `  ${label.padStart(wide)}  ${paint('cyan', bar(nodes / most, BAR_COLUMNS))} ${countText(nodes)}\n`,
  )
  const alone = isolated === 0 ? 'nobody is isolated' : paint('red', `${plural(isolated, 'node')} isolated`)
  const healed =
    faultsEndedMs === null
      ? ''
      : healMs === null
        ? paint('red', '; not healed')
        : `; healed ${msText(healMs)} after the last fault`
  return `${paint('bold', 'Connections a node')}: ${alone}${healed}\n${bars.join('')}`
}

/** Numbers of connections and the nodes that have so many; neighbouring ones together where there are more than rows. */
function binned(degrees: readonly number[]): [label: string, nodes: number][] {
  const from = degrees.findIndex((nodes) => nodes > 0)
  const step = Math.max(1, Math.ceil((degrees.length - from) / ROWS))
  const bins: [string, number][] = []
  for (let at = Math.max(0, from); at < degrees.length; at += step) {
    const to = Math.min(degrees.length, at + step) - 1
    const nodes = degrees.slice(at, to + 1).reduce((sum, one) => sum + one, 0)
    if (nodes > 0) bins.push([at === to ? `${at}` : `${at}-${to}`, nodes])
  }
  return bins
}

function timeline({ timeline }: RunResult, paint: Paint): string {
  if (timeline.length === 0) return ''
  const shown = timeline.slice(0, ROWS).map(({ atMs, text }) => `  ${msText(atMs).padStart(9)}  ${safe(text)}\n`)
  const more = timeline.length > ROWS ? paint('dim', `  and ${timeline.length - ROWS} more, in the report\n`) : ''
  return `${paint('bold', 'What happened')}\n${shown.join('')}${more}`
}

function verdicts({ expectations, violations }: RunResult, paint: Paint): string {
  const lines = expectations.map(
    ({ ok, text, found }) => `  ${ok ? paint('green', '✓') : paint('red', '✗')} ${safe(text)}: ${safe(found)}\n`,
  )
  const wrong = violations
    .slice(0, ROWS)
    .map(({ message, atMs }) => `  ${paint('red', '!')} ${msText(atMs)}: ${safe(message)}\n`)
  return [
    lines.length === 0 ? '' : `${paint('bold', 'Expected')}\n${lines.join('')}`,
    wrong.length === 0 ? '' : `${paint('bold', 'Invariants that were broken')}\n${wrong.join('')}`,
  ].join('')
}

/** Several seeds of one scenario: means with their intervals. */
export function mergedText(runs: number, merged: readonly Merged[], paint: Paint): string {
  return grid(
    paint,
    [{ title: `FIGURE (${plural(runs, 'run')})` }, { title: 'MEAN', align: 'right' }, { title: '95%', align: 'right' }],
    merged.map(({ name, unit, interval }) => [
      safe(name),
      figureText(interval.mean, unit),
      interval.plusMinus === null ? '' : `± ${figureText(interval.plusMinus, unit)}`,
    ]),
  )
}
