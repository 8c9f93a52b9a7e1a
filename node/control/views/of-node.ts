import type { Key, PolicyState, Winner } from '../../core/index.ts'
import { ControlError } from '../errors.ts'
import type { NodePoliciesView, NodePolicyView } from '../schema.ts'
import { API_VERSION } from '../version.ts'
import { nodeRows } from './nodes.ts'
import { keyName } from './records.ts'
import { nowOf } from './world.ts'
import type { NodeWorld } from './world.ts'

/**
 * Every policy as it concerns one node: the version that wins there by certified labels and grants, whether its bundle is
 * here to be read, and what the node said of it. Whether `select` chooses the node is for the reader to ask, term by term.
 *
 * @param held whether a bundle is held whole
 * @throws ControlError E_NOT_FOUND if there is no such member
 */
export async function policiesOfNode(
  world: NodeWorld,
  key: Key,
  held: (cid: string) => Promise<boolean>,
): Promise<NodePoliciesView> {
  const node = nodeRows(world).find((row) => row.key === key)
  if (node === undefined) throw new ControlError('E_NOT_FOUND', `No member of the mesh has the key ${key}.`)
  const { ledger, local } = world.view
  const own = node.self ? new Map(world.view.policies().map((state) => [state.policy, state])) : undefined
  const policies: NodePolicyView[] = []
  for (const policy of ledger.policies()) {
    const winner = ledger.winnerFor(policy, { labels: node.labels, name: node.name })
    const bundle = winner.version?.body.bundle ?? null
    const isHeld = bundle !== null && (await held(bundle.cid))
    policies.push({ ...winnerView(world, policy, winner), held: isHeld, ...said(node, policy, own?.get(policy)) })
  }
  const hold = node.self ? (local.hold?.reason ?? null) : null
  return { api: API_VERSION, node, hold, policies }
}

type Winning = Omit<NodePolicyView, 'held' | 'inForce' | 'state' | 'code' | 'reason' | 'outcomes'>

function winnerView({ view, ...rest }: NodeWorld, policy: string, winner: Winner): Winning {
  const { version } = winner
  const { ledger } = view
  const lost = version === null && !winner.held ? ledger.policy(policy)?.heads[0] : undefined
  const judgement = lost === undefined ? undefined : ledger.judge(lost.id)
  const named = version ?? lost ?? null
  const author = named?.body.key ?? null
  return {
    policy,
    version: version?.id ?? null,
    seq: version?.body.seq ?? null,
    action: version?.body.action ?? null,
    selector: named?.body.selector ?? null,
    bundle: version?.body.bundle ?? null,
    author: author === null ? null : { key: author, name: keyName(ledger, author, nowOf({ view, ...rest })) },
    heads: winner.heads.map(({ id }) => id),
    forkHeld: winner.held,
    needsNewer: [...winner.needsNewer],
    /** Nothing wins: why the newest head does not. */
    notInForce:
      version !== null
        ? null
        : winner.held
          ? 'rival versions, and one of them says onFork: hold'
          : (judgement?.reason ?? 'no grant of its author covers this node'),
  }
}

function said(
  node: NodePoliciesView['node'],
  policy: string,
  own: PolicyState | undefined,
): Pick<NodePolicyView, 'inForce' | 'state' | 'code' | 'reason' | 'outcomes'> {
  if (own !== undefined) {
    const { inForce, state, code, reason, outcomes } = own
    return { inForce, state, code, reason, outcomes: outcomes.map((outcome) => ({ ...outcome })) }
  }
  const told = Object.hasOwn(node.policies, policy) ? node.policies[policy] : undefined
  if (told === undefined) return { inForce: null, state: 'unknown', code: null, reason: '', outcomes: [] }
  return { inForce: told.version, state: told.state, code: told.code ?? null, reason: '', outcomes: [] }
}
