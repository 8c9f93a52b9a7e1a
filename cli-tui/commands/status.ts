import { concernsHere } from '../../node/control/index.ts'
import type { Status } from '../../node/control/index.ts'
import type { Context, Invocation } from '../command.ts'
import { EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { daemonOf } from '../mesh/daemon.ts'
import { alarmText } from '../out/alarm.ts'
import { facts, grid } from '../out/grid.ts'
import { stateText } from '../out/health.ts'
import { outcomesText } from '../out/outcomes.ts'
import type { OutcomeRow } from '../out/outcomes.ts'
import type { Paint } from '../out/paint.ts'
import { age, plural, safe, short, stamp } from '../out/text.ts'

/** `chorus status --json`. Times are ms since 1970. */
export interface StatusOutput {
  readonly converged: boolean
  readonly mesh: {
    readonly id: string
    readonly name: string
    readonly charter: number
    readonly epoch: number
    readonly charterTips: number
  }
  readonly node: {
    readonly name: string
    readonly id: string
    readonly labels: Readonly<Record<string, string>>
    readonly provisional: boolean
  }
  readonly health: string
  readonly stale: boolean
  readonly observe: boolean
  readonly hold: { readonly reason: string; readonly until: number | null } | null
  readonly agent: string
  readonly startedAt: number
  readonly addresses: readonly string[]
  readonly neighbours: readonly {
    readonly name: string
    readonly id: string
    readonly address: string
    readonly rttMs: number | null
    readonly gossip: boolean
  }[]
  readonly ledger: {
    readonly digest: string
    readonly records: number
    readonly pending: number
    readonly held: number
  }
  readonly fleet: {
    readonly nodes: number
    readonly converged: number
    readonly byState: Readonly<Record<string, number>>
  }
  readonly policies: readonly {
    readonly policy: string
    readonly state: string
    readonly seq: number | null
    readonly winner: string | null
    readonly inForce: string | null
    readonly heads: readonly string[]
    readonly code: string | null
    readonly reason: string
    readonly outcomes: readonly OutcomeRow[]
  }[]
  readonly alarms: readonly { readonly code: string; readonly message: string; readonly subject: string }[]
}

export async function run(context: Context, { options }: Invocation): Promise<Exit> {
  const status = outputOf(await (await daemonOf(context)).status())
  const verbose = options.flag('verbose')
  context.out.result('status', status, (data, paint) => humanText(data, paint, context.io.now(), verbose))
  return status.converged ? EXIT.done : EXIT.notConverged
}

function outputOf(status: Status): StatusOutput {
  return {
    // A hold alone says nothing of the policies: one that the hold keeps from being applied is held itself.
    converged:
      !status.stale &&
      (status.health === 'ok' || status.health === 'held') &&
      status.policies.every((policy) => policy.state === 'ok'),
    mesh: {
      id: status.mesh,
      name: status.meshName,
      charter: status.charter.n,
      epoch: status.charter.epoch,
      charterTips: status.charter.tips.length,
    },
    node: {
      name: status.node.name,
      id: status.node.id,
      labels: status.node.labels,
      provisional: status.node.provisional,
    },
    health: status.health,
    stale: status.stale,
    observe: status.observe,
    hold: status.hold,
    agent: status.agent,
    startedAt: status.startedAt,
    addresses: status.addrs,
    neighbours: status.peers.map(({ name, id, addr, rttMs, gossip }) => ({ name, id, address: addr, rttMs, gossip })),
    ledger: status.ledger,
    fleet: status.fleet,
    policies: status.policies.map(({ policy, state, seq, winner, inForce, heads, code, reason, outcomes }) => ({
      policy,
      state,
      seq,
      winner,
      inForce,
      heads,
      code,
      reason,
      outcomes,
    })),
    alarms: status.alarms,
  }
}

function humanText(data: StatusOutput, paint: Paint, now: number, verbose: boolean): string {
  const parts = [head(data, paint, now)]
  parts.push(
    data.policies.length === 0
      ? paint('dim', 'No policy selects this node yet. Publish one with: chorus publish DIR\n')
      : grid(
          paint,
          [
            { title: 'POLICY' },
            { title: 'STATE' },
            { title: 'SEQ', align: 'right' },
            { title: 'VERSION' },
            { title: '' },
          ],
          data.policies.map((policy) => [
            safe(policy.policy),
            concernsHere(policy) ? stateText(paint, policy.state) : paint('dim', '- not here'),
            `${policy.seq ?? '-'}`,
            short(policy.inForce ?? policy.winner ?? '-'),
            note(policy, paint),
          ]),
        ),
  )
  if (verbose) {
    for (const policy of data.policies)
      parts.push(
        `${paint('bold', safe(policy.policy))}\n${outcomesText(paint, policy.outcomes, { planned: false, all: true })}`,
      )
    parts.push(
      grid(
        paint,
        [{ title: 'NEIGHBOUR' }, { title: 'ADDRESS' }, { title: 'RTT', align: 'right' }, { title: 'GOSSIP' }],
        data.neighbours.map(neighbourRow),
      ),
    )
  }
  if (data.alarms.length > 0)
    parts.push(data.alarms.map((alarm) => `${paint('red', `! ${alarm.code}`)} ${alarmText(alarm)}\n`).join(''))
  return parts.filter((part) => part !== '').join('\n')
}

function head(data: StatusOutput, paint: Paint, now: number): string {
  const labels = Object.entries(data.node.labels).map(([key, value]) => `${key}=${value}`)
  const hold =
    data.hold === null
      ? undefined
      : `${safe(data.hold.reason)}${data.hold.until === null ? '' : ` (until ${stamp(data.hold.until)})`}`
  return facts(paint, [
    [
      'node',
      `${paint('bold', safe(data.node.name))}  ${stateText(paint, data.health)}${data.node.provisional ? paint('yellow', '  provisional') : ''}${data.observe ? paint('magenta', '  observing only') : ''}`,
    ],
    ['labels', labels.length === 0 ? undefined : safe(labels.join(' '))],
    ['id', data.node.id],
    [
      'mesh',
      `${safe(data.mesh.name)}, charter ${data.mesh.charter}${data.mesh.charterTips > 1 ? paint('red', ` (${data.mesh.charterTips} rivals: run "chorus charter merge")`) : ''}`,
    ],
    ['fleet', `${data.fleet.converged} of ${plural(data.fleet.nodes, 'node')} converged${others(data)}`],
    [
      'neighbours',
      `${data.neighbours.length}${data.stale ? paint('yellow', '  STALE: this node may not know the newest versions') : ''}`,
    ],
    ['hold', hold === undefined ? undefined : paint('magenta', hold)],
    ['daemon', `${safe(data.agent)}, up ${age(now - data.startedAt)}, ${plural(data.ledger.records, 'record')}`],
  ])
}

function others(data: StatusOutput): string {
  const rest = Object.entries(data.fleet.byState).filter(([state, count]) => state !== 'ok' && count > 0)
  return rest.length === 0 ? '' : `: ${rest.map(([state, count]) => `${count} ${state}`).join(', ')}`
}

function note(policy: StatusOutput['policies'][number], paint: Paint): string {
  if (!concernsHere(policy)) return paint('dim', 'its select does not choose this node')
  const fork = policy.heads.length > 1 ? paint('yellow', `${policy.heads.length} heads `) : ''
  const code = policy.code === null ? '' : `${paint('red', policy.code)} `
  return `${fork}${code}${policy.state === 'ok' ? '' : safe(policy.reason)}`.trimEnd()
}

const neighbourRow = (row: StatusOutput['neighbours'][number]): string[] => [
  safe(row.name),
  safe(row.address),
  row.rttMs === null ? '-' : `${row.rttMs.toFixed(1)} ms`,
  row.gossip ? 'yes' : 'no',
]
