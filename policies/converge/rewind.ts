import { PolicyError } from '../errors.ts'
import type { Outcome } from '../model.ts'
import { KEPT, type Verdict } from '../resources/type.ts'
import { ResourceContext, makeScope, type RunScope } from './context.ts'
import type { GraphNode } from './graph.ts'
import { changed, failed } from './result.ts'
import { Session } from './session.ts'
import type { ConvergeRequest, Memory, RememberedResource } from './types.ts'

export interface Rewound {
  readonly outcomes: readonly Outcome[]
  /** As before the run that was taken back. */
  readonly memory: Memory
}

/**
 * Takes back what a run changed, last done, first undone, and tells those who were told of it: of a file its last content
 * comes back, of what the run made nothing is left. What cannot be taken back, such as a command, stays and says so.
 *
 * @param request as for the run, with the memory that it left
 * @param before by id of what the run changed: what was remembered before it, or null
 */
export async function rewindRun(
  request: ConvergeRequest,
  before: ReadonlyMap<string, RememberedResource | null>,
): Promise<Rewound> {
  const session = request.session ?? new Session()
  const graph = session.graphFor(request)
  const scope = makeScope(request, graph)
  const done = [...before.keys()]
    .flatMap((id) => {
      const remembered = Object.hasOwn(request.memory.resources, id) ? request.memory.resources[id] : undefined
      return remembered === undefined ? [] : [{ id, remembered }]
    })
    .sort((a, b) => b.remembered.order - a.remembered.order)
  const outcomes: Outcome[] = []
  const tell = new Set<number>()
  for (const { id, remembered } of done) {
    outcomes.push(await rewindOne(scope, remembered, before.get(id) === null))
    for (const to of graph.tells[graph.byId.get(id) ?? -1] ?? []) tell.add(to)
  }
  for (const to of tell) await tellAgain(scope, graph.nodes[to], outcomes)
  await request.host.flush()
  session.seen.clear()
  const resources: Record<string, RememberedResource> = { ...request.memory.resources }
  for (const [id, was] of before) {
    if (was === null) delete resources[id]
    else resources[id] = was
  }
  return { outcomes, memory: { v: 1, resources } }
}

async function rewindOne(scope: RunScope, gone: RememberedResource, isNew: boolean): Promise<Outcome> {
  const { types, apply } = scope.request
  const about = { policy: gone.policy, key: gone.key, cause: 'corrective' as const, sensitive: true }
  const type = Object.hasOwn(types, gone.type) ? types[gone.type] : undefined
  try {
    const context = contextOf(scope, gone, type?.wholeHost ?? false)
    const way = type?.rewind ?? (isNew ? type?.undo : undefined)
    if (way === undefined) throw new PolicyError('E_BACKUP', 'what it did cannot be taken back by itself')
    const verdict = await way(context, gone.key)
    if (verdict.ok) return changed(about, [{ ok: false, changes: ['nothing to take back'], apply: () => undefined }])
    if (apply) await verdict.apply()
    const outcome = changed(about, [verdict])
    return { ...outcome, reason: `taken back: ${outcome.reason}` }
  } catch (error) {
    return failed(about, error)
  }
}

/** Its notification was about what is not there any more. */
async function tellAgain(scope: RunScope, node: GraphNode | undefined, outcomes: Outcome[]): Promise<void> {
  const prepared = node?.prepared
  if (node === undefined || prepared?.bound?.notified === undefined) return
  const { policy, key } = prepared.resource
  const about = { policy, key, cause: 'corrective' as const, sensitive: node.sensitive }
  const { memory } = scope.request
  const remembered = Object.hasOwn(memory.resources, prepared.id) ? memory.resources[prepared.id] : undefined
  try {
    const context = new ResourceContext(scope, {
      policy,
      version: node.policy.version ?? prepared.fingerprint,
      grant: node.policy.grant,
      sensitive: node.sensitive,
      remembered: remembered?.data ?? null,
      self: -1,
      type: prepared.resource.type,
      wholeHost: prepared.bound.wholeHost,
    })
    const verdict: Verdict = (await prepared.bound.notified(context, false)) ?? KEPT
    if (verdict.ok) return
    await verdict.apply()
    outcomes.push(changed(about, [verdict]))
  } catch (error) {
    outcomes.push(failed(about, error))
  }
}

function contextOf(scope: RunScope, gone: RememberedResource, wholeHost: boolean): ResourceContext {
  return new ResourceContext(scope, {
    policy: gone.policy,
    version: '',
    grant: gone.grant,
    sensitive: true,
    remembered: gone.data,
    self: -1,
    type: gone.type,
    wholeHost,
  })
}
