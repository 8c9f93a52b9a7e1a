import type { NodeView } from '../../core/index.ts'
import { peerIdOf } from '../../core/index.ts'
import type { NodeRow } from '../schema.ts'
import type { NodeWorld } from './world.ts'

/** Every member, and what was last heard of it; this node first, then by name. */
export function nodeRows(world: NodeWorld): NodeRow[] {
  const members = world.view.nodes().filter(({ membership }) => membership.state === 'member')
  return members
    .map((node) => nodeRow(world, node))
    .sort((a, b) => Number(b.self) - Number(a.self) || (a.name < b.name ? -1 : 1))
}

function nodeRow(world: NodeWorld, { key, name, labels, membership, state, ageMs, beacon, self }: NodeView): NodeRow {
  const row = {
    name,
    id: peerIdOf(key),
    key,
    labels: { ...labels },
    state,
    ageMs,
    provisional: membership.provisional,
    self,
    ...recipientOf(membership),
  }
  if (self) {
    const { agent, presence, addrs, facts } = world
    return { ...row, agent, presence, addrs: [...addrs], facts: { ...facts }, policies: ownPolicies(world) }
  }
  return {
    ...row,
    agent: beacon?.agent ?? null,
    presence: beacon?.presence ?? 'always',
    addrs: [...(beacon?.addrs ?? [])],
    facts: { ...beacon?.facts },
    policies: Object.fromEntries(
      Object.entries(beacon?.policies ?? {}).map(([policy, { version, state: became, code }]) => [
        policy,
        { version, state: became, ...(code === undefined ? {} : { code }) },
      ]),
    ),
  }
}

function recipientOf({ certificate }: NodeView['membership']): Pick<NodeRow, 'ageRecipient'> {
  const recipient = certificate?.body.ageRecipient ?? ''
  return recipient === '' ? {} : { ageRecipient: recipient }
}

function ownPolicies({ view }: NodeWorld): NodeRow['policies'] {
  const policies: NodeRow['policies'] = {}
  for (const { policy, inForce, state, code } of view.policies()) {
    if (inForce !== null) policies[policy] = { version: inForce, state, ...(code === null ? {} : { code }) }
  }
  return policies
}
