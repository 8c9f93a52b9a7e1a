import { peerIdOf } from '../../core/index.ts'
import type { Membership } from '../../core/index.ts'
import type { NodeRow } from '../schema.ts'
import type { HeardBeacon, NodeWorld } from './world.ts'

/** Without a beacon for this many intervals a node is down, or away if it may be. */
const DOWN_INTERVALS = 3

/** Every member, and what was last heard of it; this node first, then by name. */
export function nodeRows(world: NodeWorld): NodeRow[] {
  const members = world.ledger.members(world.now).filter(({ state }) => state === 'member')
  return members
    .map((member) => (member.peer === world.self ? ownRow(world, member) : otherRow(world, member)))
    .sort((a, b) => Number(b.self) - Number(a.self) || (a.name < b.name ? -1 : 1))
}

function identity(
  world: NodeWorld,
  member: Membership,
): Pick<NodeRow, 'name' | 'id' | 'key' | 'labels' | 'provisional'> {
  return {
    name: world.ledger.nameOf(member.peer, world.now) ?? member.name,
    id: peerIdOf(member.peer),
    key: member.peer,
    labels: { ...member.labels },
    provisional: member.provisional,
  }
}

function ownRow(world: NodeWorld, member: Membership): NodeRow {
  const policies: NodeRow['policies'] = {}
  for (const [policy, now] of Object.entries(world.local.inForce)) {
    const state = world.targets.get(policy)?.health ?? now.state
    policies[policy] = { version: now.version, state, ...(now.code === null ? {} : { code: now.code }) }
  }
  return {
    ...identity(world, member),
    state: world.health,
    ageMs: 0,
    agent: world.agent,
    presence: world.presence,
    self: true,
    addrs: [...world.addrs],
    facts: { ...world.facts },
    policies,
  }
}

function otherRow(world: NodeWorld, member: Membership): NodeRow {
  const heard = world.heard.get(member.peer)
  const body = heard?.beacon.body
  return {
    ...identity(world, member),
    state: stateOf(world, heard),
    ageMs: heard ? Math.max(0, world.now - heard.at) : null,
    agent: body?.agent ?? null,
    presence: body?.presence ?? 'always',
    self: false,
    addrs: [...(body?.addrs ?? [])],
    facts: { ...body?.facts },
    policies: Object.fromEntries(
      Object.entries(body?.policies ?? {}).map(([policy, { version, state, code }]) => [
        policy,
        { version, state, ...(code === undefined ? {} : { code }) },
      ]),
    ),
  }
}

function stateOf(world: NodeWorld, heard: HeardBeacon | undefined): NodeRow['state'] {
  if (!heard) return 'unknown'
  if (world.now - heard.at <= DOWN_INTERVALS * world.beaconMs) return heard.beacon.body.health
  return heard.beacon.body.presence === 'intermittent' ? 'away' : 'down'
}
