import { concernsHere } from '../../../node/control/index.ts'
import type { NodeRow } from '../../../node/control/index.ts'
import { short } from '../../out/text.ts'
import { severityOf } from '../health.ts'
import { BLANK, line, span } from '../line.ts'
import type { Line } from '../line.ts'
import type { NodeDetail, Receipt } from '../source.ts'
import { ageAt, fact, heading, scrolled, stateSpan, still } from '../view.ts'
import type { Body, View } from '../view.ts'
import { neighbours, policyLines, runLines, saidLines } from './node-parts.ts'
import { labelsOf, whyOf } from './nodes.ts'

/** One node: why it differs first, then what it is, then what it did. */
export function node(view: View): Body {
  const { ui, data } = view
  const known = data.node
  if (known === undefined || known.id !== ui.node) return still([line('looking it up', 'dim')])
  const { detail } = known
  if (detail === undefined) return still([line('This node is no longer a member of the mesh.', 'warn')])
  const { row } = detail
  const { columns, marks, now } = view
  const told = data.receipt?.id === row.id ? data.receipt.told : undefined
  const heard = typeof told === 'object' ? told : undefined
  const head: Line = [
    span(`${row.name}  `, 'bold'),
    stateSpan(row.state, marks),
    span(row.self ? '  this machine' : ''),
    span(row.provisional ? '  provisional' : '', 'warn'),
    span(heard?.observe === true ? '  observes only' : '', 'accent'),
    span(`  seen ${ageAt(row.ageMs, detail.at, now)}${row.ageMs === null ? '' : ' ago'}`, 'dim'),
  ]
  const text = [
    ...why(detail, told, view),
    ...(heard === undefined ? [] : [...runLines(heard, view), ...neighbours(heard.peers, view)]),
    ...records(detail, view),
    heading('Identity', columns, marks),
    fact('labels', labelsOf(row.labels) || '-', marks),
    fact('id', row.id, marks),
    fact('key', row.key, marks),
    fact('agent', row.agent ?? 'not heard', marks),
    fact('presence', row.presence, marks),
    ...row.addrs.map((addr, index) => fact(index === 0 ? 'addresses' : '', addr, marks)),
    ...facts(row, view),
    ...(heard === undefined ? [] : saidLines(heard, view)),
  ]
  return { ...scrolled([head, BLANK], text, view), nodeName: row.name }
}

/** Worst first. What the node tells itself counts for more than its beacon, which is all there is while it is not asked or does not tell. */
function why(detail: NodeDetail, told: Receipt | string | undefined, { columns, marks, now }: View): Line[] {
  const lines: Line[] = [heading('Policies', columns, marks)]
  if (typeof told === 'object') {
    if (told.hold !== null)
      lines.push([
        span('held: ', 'accent'),
        span(told.hold.reason),
        span(told.hold.until === null ? '' : `  for ${ageAt(0, now, told.hold.until)} more`, 'dim'),
      ])
    const elsewhere = (policy: (typeof told.policies)[number]): number => Number(!concernsHere(policy))
    const own = [...told.policies].sort(
      (a, b) => elsewhere(a) - elsewhere(b) || severityOf(a.state) - severityOf(b.state),
    )
    if (own.length === 0) lines.push(line('no policy selects it, or none that this key may look at', 'dim'))
    return [...lines, ...own.flatMap((policy) => policyLines(policy, columns, marks)), BLANK]
  }
  const beacon = Object.entries(detail.row.policies).sort(
    (a, b) => severityOf(a[1].state) - severityOf(b[1].state) || (a[0] < b[0] ? -1 : 1),
  )
  for (const [policy, { state, version, code }] of beacon)
    lines.push([stateSpan(state, marks), span(`  ${policy}  `, 'bold'), span(`${short(version)} ${code ?? ''}`)])
  if (beacon.length === 0) lines.push(line(whyOf(detail.row), 'dim'))
  const asked = told === undefined ? 'asking it for outcomes and diffs' : `As its beacon says. ${told}`
  return [...lines, line(asked, told === undefined ? 'dim' : 'warn'), BLANK]
}

function records({ records: entries }: NodeDetail, { columns, marks, now }: View): Line[] {
  if (entries.length === 0) return []
  const lines = entries
    .slice(0, 8)
    .map(({ policy, seq, type, at, message, counts, id }): Line => [
      span(ageAt(0, at, now).padStart(5), 'dim'),
      span(`  ${policy === null ? type.replace('feed/', '') : `${policy}@${seq ?? '?'}`}  `),
      span(counts ? '' : 'void  ', 'bad'),
      span(`${message}  `),
      span(short(id), 'dim'),
    ])
  return [heading('What its key signed last', columns, marks), ...lines, BLANK]
}

function facts({ facts: told }: NodeRow, { columns, marks }: View): Line[] {
  const all = Object.entries(told).sort(([a], [b]) => (a < b ? -1 : 1))
  if (all.length === 0) return []
  const lines = all.map(([name, value]) =>
    fact(name, typeof value === 'string' ? value : JSON.stringify(value), marks, Math.min(24, columns - 20)),
  )
  return [BLANK, heading('Facts', columns, marks), ...lines]
}
