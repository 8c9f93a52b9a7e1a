import type { LogEntry } from '../../../node/control/index.ts'
import type { PolicyRow, SeenEvent, Summary } from '../source.ts'
import { MOTD_ID, VERSION_ID } from './fleet.ts'
import type { Fleet } from './fleet.ts'

/** The fleet's clock: 2026-03-01 12:00:00 UTC. */
export const FLEET_NOW = Date.UTC(2026, 2, 1, 12)
const MINUTE = 60_000

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
    },
  ]
}

/** Seven versions; the third is void. */
export function logOf(policy: string): LogEntry[] {
  return Array.from({ length: 7 }, (_, index): LogEntry => {
    const seq = 7 - index
    return {
      id: seq === 7 ? VERSION_ID : `bafyreihwebsite${seq}`,
      type: 'feed/version',
      policy,
      seq,
      parents: seq === 1 ? [] : [`bafyreihwebsite${seq - 1}`],
      action: 'apply',
      author: { key: 'c1'.repeat(32), name: seq === 3 ? 'tom' : 'ci' },
      at: FLEET_NOW - 12 * MINUTE * index ** 2 - 12 * MINUTE,
      by: 'mira',
      message: seq === 7 ? 'one worker for each core' : `change ${seq}`,
      bundle: { cid: `bafyreihbundle00${seq}`, size: 2048 * seq },
      selector: 'labels.role == "web"',
      counts: seq !== 3,
      code: seq === 3 ? 'E_NO_GRANT' : null,
      reason: seq === 3 ? 'the key had no grant for web/site' : '',
      winner: seq === 7,
      head: seq === 7,
    }
  })
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
