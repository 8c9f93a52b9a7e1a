import type { NodeRow, PolicyStatus } from '../../../node/control/index.ts'
import { short } from '../../out/text.ts'
import { severityOf } from '../health.ts'
import { BLANK, line, span, wrap } from '../line.ts'
import type { Line, Tone } from '../line.ts'
import type { NodeDetail } from '../source.ts'
import { ageAt, fact, heading, scrolled, stateSpan, still } from '../view.ts'
import type { Body, View } from '../view.ts'
import { labelsOf, whyOf } from './nodes.ts'

/** One node: why it differs first, then what it is. */
export function node(view: View): Body {
  const { ui, data } = view
  const known = data.node
  if (known === undefined || known.id !== ui.node) return still([line('looking it up', 'dim')])
  const { detail } = known
  if (detail === undefined) return still([line('This node is no longer a member of the mesh.', 'warn')])
  const { row } = detail
  const { columns, marks, now } = view
  const head: Line = [
    span(`${row.name}  `, 'bold'),
    stateSpan(row.state, marks),
    span(row.self ? '  this machine' : ''),
    span(row.provisional ? '  provisional' : '', 'warn'),
    span(`  seen ${ageAt(row.ageMs, detail.at, now)}${row.ageMs === null ? '' : ' ago'}`, 'dim'),
  ]
  const text = [
    ...why(detail, view),
    ...(detail.peers === null ? [] : neighbours(detail.peers, view)),
    heading('Identity', columns, marks),
    fact('labels', labelsOf(row.labels) || '-', marks),
    fact('id', row.id, marks),
    fact('key', row.key, marks),
    fact('agent', row.agent ?? 'not heard', marks),
    fact('presence', row.presence, marks),
    ...row.addrs.map((addr, index) => fact(index === 0 ? 'addresses' : '', addr, marks)),
    ...facts(row, view),
  ]
  return scrolled([head, BLANK], text, view)
}

function why(detail: NodeDetail, { columns, marks }: View): Line[] {
  const lines: Line[] = [heading('Policies', columns, marks)]
  if (detail.hold !== null) lines.push([span('held: ', 'accent'), span(detail.hold)])
  if (detail.policies === null) {
    const told = Object.entries(detail.row.policies).sort(
      (a, b) => severityOf(a[1].state) - severityOf(b[1].state) || (a[0] < b[0] ? -1 : 1),
    )
    for (const [policy, { state, version, code }] of told)
      lines.push([stateSpan(state, marks), span(`  ${policy}  `, 'bold'), span(`${short(version)} ${code ?? ''}`)])
    if (told.length === 0) lines.push(line(whyOf(detail.row), 'dim'))
    lines.push(line('Outcomes and diffs stay on the node: run chorus top there.', 'dim'), BLANK)
    return lines
  }
  const own = [...detail.policies].sort((a, b) => severityOf(a.state) - severityOf(b.state))
  return [...lines, ...own.flatMap((policy) => policyLines(policy, columns, marks)), BLANK]
}

function policyLines(policy: PolicyStatus, columns: number, marks: View['marks']): Line[] {
  const version = policy.seq === null ? 'not in force' : `@${policy.seq}`
  return [
    [
      stateSpan(policy.state, marks),
      span(`  ${policy.policy}${version.startsWith('@') ? version : `  ${version}`}  `, 'bold'),
      span(policy.code ?? '', 'bad'),
    ],
    ...(policy.reason === '' ? [] : wrap(policy.reason, columns - 4)).map((part) => line(`    ${part}`)),
    ...policy.outcomes.flatMap(({ key, state, code, reason, diff }): Line[] => [
      [
        span(`    ${OUTCOMES[state][marks.ascii ? 1 : 0]} ${state} `, OUTCOMES[state][2]),
        span(`${key}  `),
        span(`${code === undefined ? '' : `${code} `}${reason}`, 'dim'),
      ],
      ...(diff === undefined || diff === '' ? [] : diffLines(diff)),
    ]),
  ]
}

const OUTCOMES: Readonly<
  Record<PolicyStatus['outcomes'][number]['state'], readonly [sign: string, ascii: string, tone: Tone]>
> = {
  kept: ['·', '.', 'dim'],
  repaired: ['↻', '@', 'info'],
  changed: ['+', '+', 'good'],
  failed: ['✗', 'x', 'bad'],
  skipped: ['-', '-', 'dim'],
  waiting: ['…', '~', 'warn'],
}

function diffLines(diff: string): Line[] {
  return diff
    .replace(/\n$/, '')
    .split('\n')
    .map((text) => line(`        ${text}`, text.startsWith('+') ? 'good' : text.startsWith('-') ? 'bad' : 'dim'))
}

function neighbours(peers: NonNullable<NodeDetail['peers']>, { columns, marks }: View): Line[] {
  const lines = [...peers]
    .sort((a, b) => (a.rttMs ?? Infinity) - (b.rttMs ?? Infinity))
    .map(({ name, rttMs, gossip, addr }): Line => [
      span(`${rttMs === null ? '     -' : `${rttMs.toFixed(1).padStart(6)} ms`}  ${name}  `),
      span(`${gossip ? 'gossip' : 'sync only'}  ${addr}`, 'dim'),
    ])
  return [heading(`Neighbours (${peers.length})`, columns, marks), ...lines, BLANK]
}

function facts({ facts }: NodeRow, { columns, marks }: View): Line[] {
  const all = Object.entries(facts).sort(([a], [b]) => (a < b ? -1 : 1))
  if (all.length === 0) return []
  const lines = all.map(([name, value]) =>
    fact(name, typeof value === 'string' ? value : JSON.stringify(value), marks, Math.min(24, columns - 20)),
  )
  return [BLANK, heading('Facts', columns, marks), ...lines]
}
