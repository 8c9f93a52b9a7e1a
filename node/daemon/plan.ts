import type { z } from 'zod'
import { evaluateSelector, usesOf } from '../../policies/index.ts'
import type { BlobService } from '../blobs/types.ts'
import { ControlError } from '../control/errors.ts'
import type { PlanView } from '../control/index.ts'
import type { planRequestSchema } from '../control/schema.ts'
import { nodeRows } from '../control/views/nodes.ts'
import { nowOf } from '../control/views/world.ts'
import type { NodeWorld } from '../control/views/world.ts'
import { API_VERSION } from '../control/version.ts'
import type { Bounds, Draft } from '../core/index.ts'
import { Bundles } from './bundles.ts'
import type { Converger } from './converger.ts'

/** What would change on this host, and which nodes a bundle selects. */
export async function planFor(
  world: NodeWorld,
  converger: Pick<Converger, 'plan'>,
  blobs: Pick<BlobService, 'has' | 'read' | 'readChunks'>,
  request: z.output<typeof planRequestSchema>,
): Promise<PlanView> {
  if (request.bundle === null) {
    const { outcomes } = await converger.plan(null)
    const shown = outcomes.filter(({ policy }) => request.policy === null || policy === request.policy)
    return view({ selected: true, why: 'What is in force here.', outcomes: shown, matches: [], errors: [] })
  }
  const { policy } = await new Bundles(blobs).load(request.bundle.cid)
  const uses = usesOf(policy)
  const draft = { key: world.self, policy: policy.policy, action: 'apply', uses, bundle: request.bundle } as const
  const { bounds, ...chosen } = selection(world, policy.select, { ...draft, at: nowOf(world) })
  if (!chosen.selected) return view({ ...chosen, outcomes: [] })
  if (request.policy !== null && request.policy !== policy.policy) {
    throw new ControlError('E_BAD_REQUEST', `The bundle holds ${policy.policy}, not ${request.policy}.`)
  }
  const { outcomes } = await converger.plan({
    policy: policy.policy,
    version: request.bundle.cid,
    seq: 0,
    bundle: request.bundle,
    uses,
    types: bounds?.types ?? null,
    paths: bounds?.paths ?? null,
  })
  return view({ ...chosen, outcomes })
}

type Parts = Omit<PlanView, 'api' | 'outcomes'> & { readonly outcomes: readonly PlanView['outcomes'][number][] }

function view({ outcomes, ...rest }: Parts): PlanView {
  return { api: API_VERSION, ...rest, outcomes: outcomes.map((outcome) => ({ ...outcome })) }
}

/**
 * Nodes that the selector chooses, by their certified labels and the facts that they told, and that a grant of this node
 * lets it reach; and whether this is one.
 */
function selection(
  world: NodeWorld,
  select: string,
  draft: Draft,
): Omit<Parts, 'outcomes'> & { bounds: Bounds | null } {
  const { ledger } = world.view
  const results = nodeRows(world).map((row) => {
    // Facts come from beacons: plain values by their codec.
    const facts = row.facts as Parameters<typeof evaluateSelector>[1]['facts']
    const { labels, name, id } = row
    const bounds = ledger.reach(draft, { labels, name })
    return { row, bounds, ...evaluateSelector(select, { labels, facts, node: { name, id } }) }
  })
  // Whoever may not publish it still wants to see whom it would choose.
  const granted = results.some(({ bounds }) => bounds !== null)
  const chosen = results.filter(({ selected, bounds }) => selected && (bounds !== null || !granted))
  const self = results.find(({ row }) => row.self)
  return {
    selected: chosen.some(({ row }) => row.self),
    why: whyOf(select, self?.selected ?? false, !granted || (self?.bounds ?? null) !== null),
    matches: chosen.map(({ row }) => ({ name: row.name, id: row.id })),
    errors: self?.error ? [{ code: self.error.code, message: self.error.message }] : [],
    bounds: self?.bounds ?? null,
    ...(granted ? {} : { note: NO_GRANT }),
  }
}

const NO_GRANT =
  'No grant lets this node publish it: the nodes are those that its select chooses, whoever publishes it.'

function whyOf(select: string, selected: boolean, reached: boolean): string {
  if (!selected) return `This node does not match: ${select}`
  return reached ? `This node matches: ${select}` : 'This node matches, but no grant of its key lets it publish here.'
}
