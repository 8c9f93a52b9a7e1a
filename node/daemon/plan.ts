import type { z } from 'zod'
import { evaluateSelector, usesOf } from '../../policies/index.ts'
import type { BlobService } from '../blobs/types.ts'
import { ControlError } from '../control/errors.ts'
import type { PlanView } from '../control/index.ts'
import type { planRequestSchema } from '../control/schema.ts'
import { nodeRows } from '../control/views/nodes.ts'
import type { NodeWorld } from '../control/views/world.ts'
import { API_VERSION } from '../control/version.ts'
import { Bundles } from './bundles.ts'
import type { Converger } from './converger.ts'

/** What would change on this host, and which nodes a bundle selects. */
export async function planFor(
  world: NodeWorld,
  converger: Converger,
  blobs: BlobService,
  request: z.output<typeof planRequestSchema>,
): Promise<PlanView> {
  if (request.bundle === null) {
    const { outcomes } = await converger.plan(null)
    const shown = outcomes.filter(({ policy }) => request.policy === null || policy === request.policy)
    return view({ selected: true, why: 'What is in force here.', outcomes: shown, matches: [], errors: [] })
  }
  const { policy } = await new Bundles(blobs).load(request.bundle.cid)
  const { selected, matches, errors, why } = selection(world, policy.select)
  if (!selected) return view({ selected, why, outcomes: [], matches, errors })
  if (request.policy !== null && request.policy !== policy.policy) {
    throw new ControlError('E_BAD_REQUEST', `The bundle holds ${policy.policy}, not ${request.policy}.`)
  }
  const { outcomes } = await converger.plan({
    policy: policy.policy,
    version: request.bundle.cid,
    seq: 0,
    bundle: request.bundle,
    uses: usesOf(policy),
    types: null,
    paths: null,
  })
  return view({ selected, why, outcomes, matches, errors })
}

type Parts = Omit<PlanView, 'api' | 'outcomes'> & { readonly outcomes: readonly PlanView['outcomes'][number][] }

function view({ outcomes, ...rest }: Parts): PlanView {
  return { api: API_VERSION, ...rest, outcomes: outcomes.map((outcome) => ({ ...outcome })) }
}

/** Nodes that the selector chooses, by their certified labels and the facts that they told; and whether this is one. */
function selection(world: NodeWorld, select: string): Omit<PlanView, 'api' | 'outcomes'> {
  const rows = nodeRows(world)
  const results = rows.map((row) => {
    // Facts come from beacons: plain values by their codec.
    const facts = row.facts as Parameters<typeof evaluateSelector>[1]['facts']
    return { row, ...evaluateSelector(select, { labels: row.labels, facts, node: { name: row.name, id: row.id } }) }
  })
  const matches = results.filter(({ selected }) => selected).map(({ row }) => ({ name: row.name, id: row.id }))
  const self = results.find(({ row }) => row.self)
  const errors = self?.error ? [{ code: self.error.code, message: self.error.message }] : []
  const selected = self?.selected ?? false
  const why = selected ? `This node matches: ${select}` : `This node does not match: ${select}`
  return { selected, why, matches, errors }
}
