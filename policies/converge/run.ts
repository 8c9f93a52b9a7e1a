import { HostError, type HostPort } from '../host.ts'
import type { Outcome, ResolvedResource } from '../model.ts'
import type { BundleFiles, Check, ResourceContext } from '../resources/type.ts'
import { buildGraph, type Graph } from './graph.ts'
import { compare, failure, idOf, prepare, type Confinement, type Prepared } from './prepare.ts'
import { remember, takeBack, wishOf, type Memory } from './memory.ts'

/** Everything that one run needs. A plan is the same run with `apply: false`. */
export interface RunRequest {
  readonly resources: readonly ResolvedResource[]
  readonly confinements: ReadonlyMap<string, Confinement>
  /** `after` of each policy. */
  readonly policyAfter: ReadonlyMap<string, readonly string[]>
  /** The bundle's files of each policy. */
  readonly files: ReadonlyMap<string, BundleFiles>
  readonly memory: Memory
  readonly host: HostPort
  readonly apply: boolean
  /** Whether every policy that should be here is among `resources`: only then may anything be taken back. */
  readonly complete: boolean
  /** Resources worked on at once. */
  readonly parallel: number
  readonly signal?: AbortSignal
}

export interface RunResult {
  readonly outcomes: readonly Outcome[]
  /** To be stored and given to the next run. A plan gives back what it was given. */
  readonly memory: Memory
  /** Paths whose change means drift, with the resource they belong to. */
  readonly watch: readonly { readonly path: string; readonly policy: string; readonly key: string }[]
}

/** Brings the host to what the resources say, or only tells what it would do. Never throws for what a resource does. */
export async function run(request: RunRequest): Promise<RunResult> {
  const { ready, outcomes: refused, merged } = prepare(request.resources, request.confinements, request.host)
  const graph = buildGraph(ready, merged, request.policyAfter)
  const walk = new Walk(request, graph)
  const back = request.complete ? takeBack(request, ready) : { outcomes: [], left: [] }
  await walk.all()
  const byId = new Map(walk.outcomes)
  for (const [id, holder] of merged) {
    const outcome = byId.get(holder)
    const resource = request.resources.find((one) => idOf(one.policy, one.key) === id)
    if (outcome !== undefined && resource !== undefined)
      byId.set(id, { ...outcome, policy: resource.policy, key: resource.key })
  }
  const outcomes = [...byId.values(), ...refused, ...back.outcomes]
  return {
    outcomes: outcomes.sort((a, b) => compare(a.policy, b.policy) || compare(a.key, b.key)),
    memory: request.apply
      ? remember(request.memory, ready, byId, walk.created, back.left, request.host.sha256)
      : request.memory,
    watch: ready.flatMap(({ resource, type, attrs }) =>
      (type.watch?.(attrs) ?? []).map((path) => ({ path, policy: resource.policy, key: resource.key })),
    ),
  }
}

/** One walk through the graph: each resource once its predecessors are done, a bounded number at once. */
class Walk {
  readonly outcomes = new Map<string, Outcome>()
  /** Claims that did not exist before this run made them. */
  readonly created = new Set<string>()
  readonly #request: RunRequest
  readonly #graph: Graph
  readonly #told = new Map<string, Set<string>>()

  constructor(request: RunRequest, graph: Graph) {
    this.#request = request
    this.#graph = graph
  }

  async all(): Promise<void> {
    this.#refuseCycles()
    const waiting = this.#graph.order.filter(({ id }) => !this.outcomes.has(id))
    const running = new Set<Promise<void>>()
    while (waiting.length > 0 || running.size > 0) {
      const at = waiting.findIndex((one) => this.#isFree(one))
      const one = at >= 0 && running.size < this.#request.parallel ? waiting.splice(at, 1)[0] : undefined
      if (one === undefined) {
        await Promise.race(running)
        continue
      }
      const work = this.#one(one).finally(() => running.delete(work))
      running.add(work)
    }
  }

  #refuseCycles(): void {
    const behind = new Set(this.#graph.after.keys())
    for (const { id } of this.#graph.order) behind.delete(id)
    for (const cycle of this.#graph.cycles) {
      const names = [...cycle, cycle[0]].join(' -> ')
      for (const id of cycle)
        this.#put(id, {
          state: 'failed',
          code: 'E_CONFLICT',
          reason: `resources wait for each other in a circle: ${names}; remove one of these references`,
        })
      for (const id of cycle) behind.delete(id)
    }
    for (const id of behind)
      this.#put(id, {
        state: 'skipped',
        code: 'E_DEPENDENCY',
        reason: 'it comes after resources that wait for each other in a circle',
      })
  }

  #isFree({ id }: Prepared): boolean {
    return (this.#graph.after.get(id) ?? []).every((first) => this.outcomes.has(first))
  }

  async #one(one: Prepared): Promise<void> {
    const { resource } = one
    const failed = (this.#graph.after.get(one.id) ?? []).find((first) => isBroken(this.outcomes.get(first)))
    if (failed !== undefined) {
      const cause = this.outcomes.get(failed)
      const root =
        cause?.state === 'skipped' && cause.code === 'E_DEPENDENCY'
          ? cause.reason
          : `${shortName(failed, resource.policy)} ${cause?.state ?? 'failed'}`
      return this.#put(one.id, {
        state: 'skipped',
        code: 'E_DEPENDENCY',
        reason: root.startsWith('skipped because') ? root : `skipped because ${root}`,
      })
    }
    if (this.#request.signal?.aborted === true) {
      return this.#put(one.id, { state: 'skipped', code: 'E_CANCELLED', reason: 'the run ended before its turn' })
    }
    try {
      this.outcomes.set(one.id, await this.#work(one))
    } catch (error) {
      this.outcomes.set(one.id, failure(resource, error))
    }
    if (this.outcomes.get(one.id)?.state === 'changed' || this.outcomes.get(one.id)?.state === 'repaired')
      this.#tell(one.id)
  }

  #tell(from: string): void {
    for (const to of this.#graph.notifies.get(from) ?? [])
      this.#told.set(to, (this.#told.get(to) ?? new Set()).add(from))
  }

  async #work(one: Prepared): Promise<Outcome> {
    const { resource, type, attrs } = one
    const { apply } = this.#request
    const context = this.#context(resource)
    const typed = { resource, attrs }
    const found = await type.check(typed, context)
    const told = this.#told.get(one.id)
    const notified = told !== undefined && type.notified !== undefined
    if (found.ok && !notified) return done(resource, 'kept', 'in order')
    const cause = this.#cause(one)
    const changes = found.ok ? [] : found.changes
    const because = notified ? [`notified by ${[...told].map((id) => shortName(id, resource.policy)).join(', ')}`] : []
    const reason = [...changes, ...because].join('; ')
    if (!apply || resource.noop)
      return {
        ...done(resource, state(type.drifts, cause), resource.noop ? `noop: ${reason}` : reason),
        cause,
        ...diffOf(resource, found),
      }
    const absent = one.claims.filter(
      (claim) => claim.startsWith('path:') && context.host.lstat(claim.slice(5)) === null,
    )
    if (!found.ok) await type.apply(typed, context)
    for (const claim of absent) if (context.host.lstat(claim.slice(5)) !== null) this.created.add(claim)
    if (notified) await type.notified?.(typed, context)
    return { ...done(resource, state(type.drifts, cause), reason), cause, ...diffOf(resource, found) }
  }

  /** Corrective if this very wish was fulfilled before. */
  #cause(one: Prepared): 'wanted' | 'corrective' {
    return this.#request.memory.wishes[one.id] === wishOf(one, this.#request.host.sha256) ? 'corrective' : 'wanted'
  }

  #context(resource: ResolvedResource): ResourceContext {
    const files = this.#request.files.get(resource.policy)
    if (files === undefined)
      throw new HostError('E_MISSING', `the files of ${resource.policy} are not here; wait until its bundle is fetched`)
    return { host: this.#request.host, files, planning: !this.#request.apply }
  }

  #put(id: string, outcome: Omit<Outcome, 'policy' | 'key'>): void {
    const space = id.indexOf(' ')
    this.outcomes.set(id, { policy: id.slice(0, space), key: id.slice(space + 1), ...outcome })
  }
}

function isBroken(outcome: Outcome | undefined): boolean {
  return outcome?.state === 'failed' || outcome?.state === 'skipped' || outcome?.state === 'waiting'
}

function state(drifts: boolean, cause: 'wanted' | 'corrective'): 'repaired' | 'changed' {
  return drifts && cause === 'corrective' ? 'repaired' : 'changed'
}

function done(resource: ResolvedResource, state: Outcome['state'], reason: string): Outcome {
  return { policy: resource.policy, key: resource.key, state, reason }
}

function diffOf(resource: ResolvedResource, check: Check): { diff?: string } {
  return resource.sensitive || check.ok || check.diff === undefined ? {} : { diff: check.diff }
}

/** `file/motd` within the same policy, else with the policy's name. */
function shortName(id: string, policy: string): string {
  return id.startsWith(`${policy} `) ? id.slice(policy.length + 1) : id
}
