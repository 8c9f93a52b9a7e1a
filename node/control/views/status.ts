import { peerIdOf, shortId } from '../../core/index.ts'
import type { Alarm } from '../../core/index.ts'
import type { PolicyStatus, Status } from '../schema.ts'
import { API_VERSION } from '../version.ts'
import { nodeRows } from './nodes.ts'
import type { NodeWorld } from './world.ts'

export function statusView(world: NodeWorld): Status {
  const { ledger, now, self, local, identity } = world
  const current = ledger.charters.current
  const rows = nodeRows(world)
  const byState = Object.fromEntries(
    [...Map.groupBy(rows, (row) => row.state)].map(([state, all]) => [state, all.length]),
  )
  return {
    api: API_VERSION,
    agent: world.agent,
    mesh: ledger.env.mesh,
    meshName: current?.body.name ?? '',
    node: {
      name: identity.name,
      id: peerIdOf(self),
      key: self,
      labels: { ...identity.labels },
      provisional: ledger.certificateOf(self, now).provisional,
      instance: world.instance,
    },
    health: world.health,
    stale: world.stale !== null,
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
    ledger: {
      digest: digestText(world),
      records: ledger.size,
      pending: world.pending,
      held: world.held,
    },
    fleet: { nodes: rows.length, converged: rows.filter((row) => row.state === 'ok').length, byState },
    policies: policyRows(world),
    alarms: alarms(world),
    startedAt: world.startedAt,
    addrs: [...world.addrs],
  }
}

/** Equal on two nodes exactly if they hold the same records: 16 hex digits of each section's hash. */
function digestText({ ledger }: NodeWorld): string {
  const { charters, revocations, sets, feeds } = ledger.digest
  return [charters, revocations, sets, feeds].map(({ hash }) => hash.slice(0, 16)).join('-')
}

/** Everything that concerns this node: what should run here, and what does. */
function policyRows(world: NodeWorld): PolicyStatus[] {
  const names = new Set([...world.targets.keys(), ...Object.keys(world.local.inForce)])
  return [...names].sort().map((policy) => policyRow(world, policy))
}

function policyRow(world: NodeWorld, policy: string): PolicyStatus {
  const { ledger, identity, local, targets } = world
  const winner = ledger.winnerFor(policy, identity)
  const target = targets.get(policy)
  const inForce = Object.hasOwn(local.inForce, policy) ? local.inForce[policy] : undefined
  const outcomes = world.outcomes.get(policy) ?? []
  return {
    policy,
    winner: winner.version?.id ?? null,
    seq: winner.version?.body.seq ?? null,
    heads: winner.heads.map(({ id }) => id),
    inForce: inForce?.version ?? null,
    state: target?.health ?? inForce?.state ?? 'unknown',
    code: target?.code ?? inForce?.code ?? null,
    reason: target?.reason || (outcomes.find(({ state }) => BAD.has(state))?.reason ?? ''),
    outcomes: outcomes.map((outcome) => ({ ...outcome })),
  }
}

const BAD: ReadonlySet<string> = new Set(['failed', 'skipped', 'waiting'])

/** What an operator must be told on every screen, worst first. */
function alarms(world: NodeWorld): Status['alarms'] {
  const { ledger, now, stale, cloned, local } = world
  const own: Status['alarms'] = []
  const subject = world.identity.name
  if (cloned) {
    const message = `The key of ${subject} is at work in two places: it publishes nothing. Stop one of them and give it a key of its own (chorus join with a new invite).`
    own.push({ code: 'E_CLONED', message, subject })
  }
  const member = ledger.certificateOf(world.self, now)
  if (member.state !== 'member') {
    own.push({
      code: member.code ?? 'E_UNKNOWN_KEY',
      message: member.reason ?? 'This node is no member of the mesh.',
      subject,
    })
  }
  if (stale !== null) own.push({ code: 'STALE', message: `This node may be out of date: ${stale}.`, subject })
  if (local.hold) own.push({ code: 'HOLD', message: `Hands off: ${local.hold.reason}`, subject })
  return [...own, ...ledger.alarms(now).map(shown)]
}

function shown({ kind, message, subject }: Alarm): Status['alarms'][number] {
  return { code: kind, message, subject }
}
