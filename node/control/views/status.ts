import { peerIdOf, shortId } from '../../core/index.ts'
import type { PolicyState } from '../../core/index.ts'
import type { PolicyStatus, Status } from '../schema.ts'
import { conflictAlarms } from '../fleet/conflicts.ts'
import { endingAlarms } from '../fleet/ending.ts'
import { API_VERSION } from '../version.ts'
import { nodeRows } from './nodes.ts'
import { identityOf, nowOf } from './world.ts'
import type { NodeWorld } from './world.ts'

export function statusView(world: NodeWorld): Status {
  const { view, self } = world
  const { ledger, local } = view
  const now = nowOf(world)
  const current = ledger.charters.current
  const rows = nodeRows(world)
  const byState = Object.fromEntries(
    [...Map.groupBy(rows, (row) => row.state)].map(([state, all]) => [state, all.length]),
  )
  const { name, labels } = identityOf(world)
  return {
    api: API_VERSION,
    agent: world.agent,
    mesh: ledger.env.mesh,
    meshName: current?.body.name ?? '',
    node: {
      name,
      id: peerIdOf(self),
      key: self,
      labels: { ...labels },
      provisional: ledger.certificateOf(self, now).provisional,
      instance: world.instance,
    },
    health: view.health,
    stale: view.stale !== null,
    observe: world.observe,
    hold: local.hold,
    charter: {
      n: current?.body.n ?? 0,
      epoch: current?.body.epoch ?? 0,
      tips: ledger.charters.inForce.map(({ id }) => id),
    },
    peers: world.peers
      .filter((peer) => peer.up)
      .map((peer) => ({
        id: peerIdOf(peer.key),
        name: ledger.nameOf(peer.key, now) ?? shortId(peer.key),
        key: peer.key,
        addr: peer.addr,
        rttMs: peer.rttMs,
        gossip: peer.gossip,
      })),
    ledger: { digest: digestText(world), records: ledger.size, pending: view.pending, held: view.held },
    fleet: { nodes: rows.length, converged: rows.filter((row) => row.state === 'ok').length, byState },
    policies: view.policies().filter(concernsThisNode).map(policyRow),
    alarms: [...alarms(world), ...conflictAlarms(rows), ...endingAlarms(current?.body, view.nodes(), now)],
    startedAt: world.startedAt,
    addrs: [...world.addrs],
  }
}

/** Equal on two nodes if they hold the same records: the start of each section's hash. */
function digestText({ view }: NodeWorld): string {
  const { charters, revocations, sets, feeds } = view.ledger.digest
  return [charters, revocations, sets, feeds].map(({ hash }) => hash.slice(0, 16)).join('-')
}

/** A winner that retires, with nothing of it here, is history. */
function concernsThisNode({ winner, inForce, held }: PolicyState): boolean {
  return inForce !== null || held || (winner !== null && winner.body.action === 'apply')
}

function policyRow(row: PolicyState): PolicyStatus {
  return {
    policy: row.policy,
    winner: row.winner?.id ?? null,
    seq: row.winner?.body.seq ?? null,
    heads: [...row.heads],
    inForce: row.inForce,
    state: row.state,
    code: row.code,
    reason: row.reason || (row.outcomes.find(({ state }) => BAD.has(state))?.reason ?? ''),
    outcomes: row.outcomes.map((outcome) => ({ ...outcome })),
  }
}

const BAD: ReadonlySet<string> = new Set(['failed', 'skipped', 'waiting'])

/** What an operator must be told on every screen: what concerns this node first. */
function alarms(world: NodeWorld): Status['alarms'] {
  const { view, self } = world
  const { local } = view
  const subject = identityOf(world).name
  const own: Status['alarms'] = []
  const member = view.ledger.certificateOf(self, nowOf(world))
  if (member.state !== 'member') {
    own.push({
      code: member.code ?? 'E_UNKNOWN_KEY',
      message: member.reason ?? 'This node is no member of the mesh.',
      subject,
    })
  }
  if (local.hold) own.push({ code: 'HOLD', message: `Hands off: ${local.hold.reason}`, subject })
  return [...own, ...view.alarms().map((alarm) => ({ ...alarm }))]
}
