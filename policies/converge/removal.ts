import { andThen, attempt, type MaybePromise } from '../maybe.ts'
import type { Outcome, Value } from '../model.ts'
import type { Verdict } from '../resources/type.ts'
import { ResourceContext, type RunScope } from './context.ts'
import type { MemoryBuilder } from './memory.ts'
import { changed, failed, kept, notDone } from './result.ts'
import { idOf, waitingIds, type RememberedResource } from './types.ts'

/** What became of the resources that no policy has any more. */
export interface Removed {
  readonly outcomes: readonly Outcome[]
  /** By id of a resource that is there now: what the one that held its claim before remembered. */
  readonly adopted: ReadonlyMap<string, Value>
}

/**
 * Takes back, or leaves, what earlier runs managed and this one does not: last done, first undone. What another resource
 * claims now is handed over with everything that is known of it.
 */
export async function runRemovals(scope: RunScope, memory: MemoryBuilder): Promise<Removed> {
  const { request, graph } = scope
  const unresolved = new Set([...(request.unresolved ?? []), ...graph.broken.keys()])
  const waiting = waitingIds(request)
  const adopted = new Map<string, Value>()
  const outcomes: Outcome[] = []
  const leftovers: RememberedResource[] = []
  const gone = Object.entries(request.memory.resources)
    .filter(([id, { policy }]) => !graph.byId.has(id) && !unresolved.has(policy) && !waiting.has(id))
    .sort(([, a], [, b]) => b.order - a.order)
  for (const [id, remembered] of gone) {
    const heir = heirOf(scope, memory, remembered)
    if (heir !== null) {
      adopted.set(heir, remembered.data)
      if (request.apply) memory.delete(id)
      continue
    }
    const { outcome, left } = await removeOne(scope, remembered)
    if (left !== null) leftovers.push({ ...remembered, data: left })
    if (outcome !== null) outcomes.push(outcome)
    const again = outcome?.state === 'failed' || outcome?.state === 'waiting'
    if (request.apply && !again) memory.delete(id)
    if (request.apply && outcome !== null && outcome.state !== 'kept')
      request.onProgress?.(outcome, again ? remembered : null)
  }
  if (request.apply) await removeLeftovers(scope, leftovers)
  return { outcomes, adopted }
}

/** What could not go because something else was still in it: as long as that helps, in silence. */
async function removeLeftovers(scope: RunScope, first: readonly RememberedResource[]): Promise<void> {
  let round = first
  for (let size = Infinity; round.length > 0 && sizeOf(round) < size;) {
    size = sizeOf(round)
    const next: RememberedResource[] = []
    for (const gone of round) {
      const { left } = await removeOne(scope, gone)
      if (left !== null) next.push({ ...gone, data: left })
    }
    round = next
  }
}

function sizeOf(round: readonly RememberedResource[]): number {
  return JSON.stringify(round.map(({ data }) => data)).length
}

/** The id of a new resource of the same type that holds a claim of this one, or null. */
function heirOf({ graph }: RunScope, memory: MemoryBuilder, gone: RememberedResource): string | null {
  for (const claim of gone.claims) {
    const holder = graph.nodes[graph.holders.get(claim) ?? -1]?.prepared
    if (holder?.resource.type !== gone.type) continue
    const id = idOf(holder.resource.policy, holder.resource.key)
    if (memory.get(id) === undefined) return id
  }
  return null
}

interface OneRemoval {
  /** null: nothing is said of it. */
  readonly outcome: Outcome | null
  /** What its type could not take away yet; null if nothing. */
  readonly left: Value
}

function removeOne(scope: RunScope, gone: RememberedResource): MaybePromise<OneRemoval> {
  const { request } = scope
  const about = { policy: gone.policy, key: gone.key, cause: 'wanted' as const, sensitive: true }
  const only = (outcome: Outcome | null): OneRemoval => ({ outcome, left: null })
  const type = Object.hasOwn(request.types, gone.type) ? request.types[gone.type] : undefined
  if (type?.undo === undefined) return only(gone.claims.length === 0 ? null : kept(about, LEFT))
  if (gone.onRemove === 'leave') return only(kept(about, LEFT))
  if (request.signal?.aborted === true) {
    return only(notDone(about, 'waiting', 'E_CANCELLED', 'the run was cancelled before it was undone'))
  }
  return attempt(
    () => {
      const context = new ResourceContext(scope, {
        policy: gone.policy,
        version: '',
        grant: gone.grant,
        sensitive: true,
        remembered: gone.data,
        self: -1,
        type: gone.type,
        wholeHost: type.wholeHost ?? false,
      })
      return andThen(type.undo?.(context, gone.key) ?? NOTHING, (verdict) =>
        andThen(finish(request.apply, verdict, about), (outcome) => ({ outcome, left: context.fresh ?? null })),
      )
    },
    (error) => only(failed(about, error)),
  )
}

const LEFT = 'no policy has it any more: left as it is'
const NOTHING: Verdict = { ok: true }

function finish(apply: boolean, verdict: Verdict, about: Parameters<typeof changed>[0]): MaybePromise<Outcome> {
  if (verdict.ok) return kept(about, LEFT)
  const outcome = changed(about, [verdict])
  const result = { ...outcome, reason: `no policy has it any more: ${outcome.reason}` }
  return apply ? andThen(verdict.apply(), () => result) : result
}
