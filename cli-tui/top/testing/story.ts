import type { NodeRow, PolicyStatus } from '../../../node/control/index.ts'
import type { PolicyRow, Receipt, SeenEvent, Summary } from '../source.ts'
import { MOTD_ID, VERSION_ID } from '../../../node/control/testing/fleet.ts'
import type { Fleet } from '../../../node/control/testing/fleet.ts'
import { FLEET_NOW } from '../../../node/control/testing/log.ts'

const MINUTE = 60_000

/** Seven minutes of traffic with a publish in them, and how long that took. */
export function paceOf(fleet: Fleet): Pick<Summary, 'spread' | 'traffic'> {
  const steps = Array.from({ length: 42 }, (_, index) => 4000 + ((index * 7919) % 2600) + (index === 30 ? 90_000 : 0))
  const share = (part: number): number => Math.round(fleet.size * part)
  const spread = {
    policy: 'web/site',
    version: VERSION_ID,
    seq: 7,
    at: FLEET_NOW - 12 * MINUTE,
    nodes: share(0.96),
    p50Ms: 1400,
    p90Ms: 2900,
    p99Ms: 11_500,
    buckets: [
      [500, share(0.04)],
      [1000, share(0.2)],
      [2000, share(0.45)],
      [3000, share(0.22)],
      [5000, share(0.03)],
      [10_000, share(0.01)],
      [30_000, share(0.01)],
      [120_000, 0],
      [null, 0],
    ] as const,
  }
  return { spread: [spread], traffic: { stepMs: 10_000, in: steps, out: steps.map((value) => value * 1.3) } }
}

/** What a node tells of itself: its own policies if it is this one, else those of its beacon. */
export function receiptOf(fleet: Fleet, row: NodeRow): Receipt {
  const policies: PolicyStatus[] = row.self
    ? fleet.ownPolicies()
    : Object.entries(row.policies).map(([policy, { version, state, code }]) => ({
        policy,
        winner: version,
        seq: 7,
        heads: [version],
        inForce: version,
        state,
        code: code ?? null,
        reason: state === 'ok' ? '' : `it is ${state}`,
        outcomes: [{ policy, key: 'file/motd', state: 'kept', reason: 'as it should be' }],
      }))
  return {
    at: FLEET_NOW,
    agent: row.agent ?? '',
    health: row.state,
    observe: row.self,
    hold: null,
    policies,
    peers: fleet.ownPeers(),
    runs: [
      {
        at: FLEET_NOW - 2 * MINUTE,
        why: 'drift',
        ms: 41,
        handsOff: row.self ? 'observe' : null,
        converged: true,
        kept: 2,
        outcomes: [
          {
            policy: 'base/motd',
            key: 'file/motd',
            state: 'repaired',
            cause: 'corrective',
            reason: 'new content',
            diff: '-oops\n+Welcome\n',
          },
        ],
      },
    ],
    log: EVENTS.filter(({ level }) => level !== 'debug'),
    cut: [],
  }
}

/** What a status tells beside the sums. */
export function statusOf(
  fleet: Fleet,
): Pick<Summary, 'mesh' | 'meshName' | 'agent' | 'self' | 'peers' | 'records' | 'charter' | 'alarms'> {
  const { name, id, labels, state, provisional } = fleet.row(0)
  return {
    mesh: 'bafyreihmesh',
    meshName: 'harbour',
    agent: '0.1.0',
    self: { name, id, labels, state, provisional, observe: false, stale: false, hold: null },
    peers: 4,
    records: fleet.size * 2 + 31,
    charter: { n: 3, epoch: 1 },
    alarms: [
      { code: 'E_FORK', subject: 'db/backup', message: 'two versions follow the same one; publish again to merge' },
      { code: 'E_CLONE', subject: 'cache-eu-00044', message: 'two daemons run under one key' },
    ],
  }
}

export function policiesOf(fleet: Fleet): PolicyRow[] {
  const of = fleet.size
  const common = {
    by: 'mira',
    retired: false,
    selector: 'true',
    code: null,
    reason: 'in force',
    forked: false,
    here: true,
  }
  return [
    {
      ...common,
      policy: 'base/motd',
      version: MOTD_ID,
      seq: 2,
      inForce: of,
      of,
      heads: [{ id: MOTD_ID, seq: 2, author: 'ci' }],
      author: 'ci',
      message: 'greet by name',
      publishedAt: FLEET_NOW - 9 * 24 * 60 * MINUTE,
      state: 'ok',
      failed: 0,
    },
    {
      ...common,
      policy: 'db/backup',
      version: null,
      seq: null,
      inForce: Math.floor(of / 8),
      of: Math.floor(of / 6),
      forked: true,
      heads: [
        { id: 'bafyreihbackup05', seq: 5, author: 'ci' },
        { id: 'bafyreihbackup5b', seq: 5, author: 'mira' },
      ],
      author: '',
      by: '',
      message: '',
      publishedAt: null,
      selector: 'labels.role == "db"',
      here: false,
      state: 'unknown',
      reason: 'this node is not selected',
      failed: 0,
    },
    {
      ...common,
      policy: 'web/site',
      version: VERSION_ID,
      seq: 7,
      inForce: of - Math.ceil(of / 25),
      of,
      heads: [{ id: VERSION_ID, seq: 7, author: 'ci' }],
      author: 'ci',
      message: 'one worker for each core',
      publishedAt: FLEET_NOW - 12 * MINUTE,
      state: 'drift',
      code: 'E_DRIFT',
      reason: 'one resource differs',
      failed: Math.floor(of / 250),
      rollout: wavesFor(of),
    },
  ]
}

function wavesFor(of: number): NonNullable<PolicyRow['rollout']> {
  const [few, share] = [3, Math.ceil(of / 10) - 3]
  const failed = Math.floor(of / 250)
  const rest = of - few - share
  const none = { failed: 0, pending: 0, absent: 0 }
  return {
    waves: [
      { ...none, label: "labels.canary == 'true'", nodes: few, done: few, state: 'done', opensInMs: 0 },
      { ...none, label: '10%', nodes: share, done: share, state: 'done', opensInMs: 0 },
      {
        label: '100%',
        nodes: rest,
        done: rest - 9 - failed,
        failed,
        pending: 7,
        absent: 2,
        state: 'open',
        opensInMs: 0,
      },
    ],
    mine: 2,
    soakMs: 10 * MINUTE,
    maxFailures: failed + 1,
    failed,
    failures: [],
    halted: false,
  }
}

const event = (ago: number, level: SeenEvent['level'], kind: string, message: string): Omit<SeenEvent, 'n'> => ({
  at: FLEET_NOW - ago * 1000,
  level,
  kind,
  message,
})

export const EVENTS: readonly Omit<SeenEvent, 'n'>[] = [
  event(900, 'info', 'version', 'ci published web/site@7: one worker for each core'),
  event(890, 'info', 'run', 'web/site@7: 2 resources, 1 changed'),
  event(600, 'warn', 'peer', 'db-eu-00004 does not answer'),
  event(595, 'warn', 'peer', 'db-eu-00004 does not answer'),
  event(590, 'warn', 'peer', 'db-eu-00004 does not answer'),
  event(300, 'error', 'alarm', 'E_FORK db/backup: two versions follow the same one'),
  event(120, 'debug', 'sync', '3 records from web-us-00001'),
  event(20, 'warn', 'drift', 'file/etc/nginx/nginx.conf differs from web/site@7'),
]
