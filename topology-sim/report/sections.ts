import type { PublicationResult, RunResult } from '../run/result.ts'
import { bytesText, countText, msText, shareText } from './format.ts'
import { CANVAS, layout } from './layout.ts'
import { bars, escape, table } from './markup.ts'
import { lastOf } from './metrics.ts'

/** The parts of a report, as HTML. */

export function policyTable({ publications }: RunResult): string {
  const heads = [
    'Policy',
    'By',
    'At',
    'Nodes',
    'Have it',
    'Converged',
    'p50',
    'p90',
    'p99',
    'Last',
    'Failed',
    'Hops p99',
    'Copies a node',
    'Acknowledged',
  ]
  const rows = publications.map((one) => [
    escape(one.name) + (one.action === 'retire' ? ' (withdrawn)' : ''),
    one.thief ? `<span class="bad">thief as ${escape(one.by)}</span>` : escape(one.by),
    msText(one.atMs),
    countText(one.selected),
    shareText(one.reliability),
    `<span class="${one.converged === 1 ? 'good' : 'bad'}">${shareText(one.converged)}</span>`,
    msText(one.applied.p50),
    msText(one.applied.p90),
    msText(one.applied.p99),
    msText(one.applied.last),
    one.failed === 0 ? '0' : `<span class="bad">${countText(one.failed)}</span>`,
    one.hops.p99 === null ? '-' : `${one.hops.p99}`,
    countText(one.copiesPerNode),
    one.acknowledgedMs === null ? escape(one.code ?? '-') : msText(one.acknowledgedMs),
  ])
  return `<h2>Policies</h2>${rows.length === 0 ? '<p>Nothing was published.</p>' : table(heads, rows)}`
}

interface Heat {
  readonly name: string
  readonly columns: readonly string[]
  readonly rows: readonly { readonly label: string; readonly values: readonly (number | null)[] }[]
  readonly text: (value: number) => string
}

/** Region by region: bytes from each to each, and when each had what. */
export function heatMaps({ traffic, publications }: RunResult): string {
  const regions = traffic.regions
  const byRegion = (name: string, of: (region: PublicationResult['regions'][number]) => number | null): Heat => ({
    name,
    columns: regions,
    rows: lastOf(publications).map((one) => ({ label: one.name, values: one.regions.map(of) })),
    text: msText,
  })
  const maps: Heat[] = [
    {
      name: 'bytes from region (row) to region (column)',
      columns: regions,
      rows: regions.map((label, i) => ({ label, values: traffic.regionBytes[i] ?? [] })),
      text: bytesText,
    },
    byRegion('record there, p50', ({ delivered }) => delivered.p50),
    byRegion('record there, p99', ({ delivered }) => delivered.p99),
    byRegion('applied, p50', ({ applied }) => applied.p50),
    byRegion('applied, p99', ({ applied }) => applied.p99),
  ]
  const options = maps.map(({ name }, i) => `<option value="${i}">${escape(name)}</option>`).join('')
  return `<h2>Region by region</h2><select id="heat-choice" aria-label="what the map shows">${options}</select>${maps
    .map((map, i) => `<div data-heat="${i}"${i === 0 ? '' : ' hidden'}>${heatTable(map)}</div>`)
    .join('')}`
}

function heatTable({ columns, rows, text }: Heat): string {
  const all = rows.flatMap(({ values }) => values.flatMap((value) => value ?? []))
  const [least, most] = [Math.min(...all), Math.max(...all)]
  const cell = (value: number | null): string => {
    if (value === null) return '-'
    const warmth = most === least ? 0 : (value - least) / (most - least)
    // From pale yellow to a red that dark text is still readable on.
    return `<span style="display:block;padding:.25rem .5rem;border-radius:.25rem;background:hsl(${Math.round(52 - 46 * warmth)} 95% ${Math.round(85 - 22 * warmth)}%)">${text(value)}</span>`
  }
  return table(
    ['', ...columns],
    rows.map(({ label, values }) => [`<span style="color:var(--ink)">${escape(label)}</span>`, ...values.map(cell)]),
    'heat',
  )
}

export function timelineSection({ timeline }: RunResult): string {
  const kinds = [...new Set(timeline.map(({ kind }) => kind))]
  const options = ['', ...kinds].map(
    (kind) => `<option value="${escape(kind)}">${escape(kind === '' ? 'everything' : kind)}</option>`,
  )
  const items = timeline.map(
    ({ atMs, kind, text }) =>
      `<li data-at="${atMs}" data-kind="${escape(kind)}"><time>${msText(atMs)}</time> ${escape(text)}</li>`,
  )
  return `<section id="timeline"><h2>What happened</h2><select id="timeline-kind" aria-label="kinds of events">${options.join('')}</select><ul>${items.join('')}</ul></section>`
}

/** Who was hit, where something failed or a thief got through. */
export function hits({ publications, nodes }: RunResult): string[] {
  return publications
    .filter(({ blast, thief }) => blast.failed > 0 || (thief && blast.touched > 0))
    .map(({ name, thief, selected, blast }) => {
      const title = `${thief ? 'What the thief reached' : 'Blast radius'}: ${escape(name)}`
      const text = `${countText(blast.touched)} of ${countText(nodes)} hosts were touched, it failed on ${countText(blast.failed)} of ${countText(selected)}; ${countText(blast.spared)} were never asked.`
      const resources = table(
        ['Resource', 'Hosts', 'Failed'],
        blast.resources.map(({ key, hosts, failed }) => [escape(key), countText(hosts), countText(failed)]),
      )
      const groups = table(
        ['Group', 'Touched', 'Failed'],
        blast.groups.map(({ name: group, touched, failed }) => [escape(group), countText(touched), countText(failed)]),
      )
      const hosts = table(
        ['Host', 'At', 'Resource'],
        blast.hosts.map((host) => [escape(host.name), msText(host.atMs), escape(host.resource)]),
      )
      const named =
        blast.hosts.length === 0
          ? ''
          : `<details><summary>The first ${blast.hosts.length} hosts</summary>${hosts}</details>`
      return `<h2>${title}</h2><p>${text}</p>${resources}${groups}${named}`
    })
}

/** Nodes with the most traffic; run.json has more. */
const HOT = 10

export function trafficSection({ traffic }: RunResult): string {
  const { bytesPerNode, bytesBy, bytesByGroup, hottest } = traffic
  const kinds = Object.entries(bytesBy).map(([kind, bytes]) => [kind, bytes, bytesText(bytes)] as const)
  const groups = bytesByGroup.map(
    ({ name, mean, max }) => [name, mean, `${bytesText(mean)}, at most ${bytesText(max)}`] as const,
  )
  const hot = hottest.slice(0, HOT).map(({ node, bytes }) => [node, bytes, bytesText(bytes)] as const)
  return [
    '<h2>Traffic</h2>',
    `<p>A node sent and received ${bytesText(bytesPerNode.p50)} (p50), ${bytesText(bytesPerNode.p99)} (p99), at most ${bytesText(bytesPerNode.last)}; a connection carried ${bytesText(traffic.bytesPerLink)} and ${countText(traffic.copiesPerLink)} copies of records.</p>`,
    '<p class="dim">By what it carried</p>',
    bars(kinds),
    '<p class="dim">A node of each group</p>',
    bars(groups),
    '<p class="dim">Hot spots</p>',
    bars(hot),
  ].join('')
}

export function networkSection({ convergence }: RunResult): string {
  const { degrees, isolated, healMs, faultsEndedMs, nodes, converged } = convergence
  const rows = degrees.flatMap((count, degree) =>
    count === 0 ? [] : [[`${degree}`, count, countText(count)] as const],
  )
  const healed =
    faultsEndedMs === null
      ? ''
      : ` After the last fault it took ${healMs === null ? 'longer than the run' : msText(healMs)} until all agreed.`
  return `<h2>Connections</h2><p>${countText(converged)} of ${countText(nodes)} nodes that are up had what they should at the end; ${countText(isolated)} had no way to the others.${healed}</p><p class="dim">Nodes by number of connections</p>${bars(rows)}`
}

const STATES: Readonly<Record<string, string>> = {
  ok: '#009e73',
  failed: '#d55e00',
  crashed: '#d55e00',
  asleep: '#56b4e9',
  left: '#999999',
  absent: '#999999',
}
const OTHER_STATE = '#e69f00'

export function drawing({ topology, fleet }: RunResult): string {
  const places = layout(topology)
  const edges = topology.edges.map(([a, b]) => {
    const [from, to] = [places[a], places[b]]
    return `<line data-a="${a}" data-b="${b}" x1="${from?.x ?? 0}" y1="${from?.y ?? 0}" x2="${to?.x ?? 0}" y2="${to?.y ?? 0}"/>`
  })
  const dots = topology.nodes.map(({ name, state }, i) => {
    const { x, y } = places[i] ?? { x: 0, y: 0 }
    const colour = STATES[state] ?? OTHER_STATE
    return `<circle data-node="${i}" data-name="${escape(`${name} (${state})`)}" cx="${x}" cy="${y}" r="6" fill="${colour}"><title>${escape(name)}: ${escape(state)}</title></circle>`
  })
  const names = fleet.regions.map(({ name }, region) => {
    const own = places.filter((_, i) => topology.nodes[i]?.region === region)
    if (fleet.regions.length < 2 || own.length === 0) return ''
    const [x, y] = [own.reduce((sum, at) => sum + at.x, 0) / own.length, Math.min(...own.map((at) => at.y))]
    return `<text x="${Math.round(x)}" y="${Math.max(18, y - 14)}">${escape(name)}</text>`
  })
  const key = [...new Set(topology.nodes.map(({ state }) => state))].map(
    (state) => `<span class="key" style="background:${STATES[state] ?? OTHER_STATE}"></span>${escape(state)}`,
  )
  const part =
    topology.of > topology.nodes.length
      ? `${countText(topology.nodes.length)} of ${countText(topology.of)} nodes, near the first one`
      : 'all nodes'
  return `<h2>Topology at the end</h2><p class="dim">${part}; point at one, or tap it, to see its connections. <span id="topology-about"></span></p><p class="dim">${key.join('')}</p><svg id="topology" viewBox="0 0 ${CANVAS.width} ${CANVAS.height}" role="img" aria-label="connections between nodes">${edges.join('')}${dots.join('')}${names.join('')}</svg>`
}
