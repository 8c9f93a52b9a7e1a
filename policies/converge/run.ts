import { LIMITS } from '../limits.ts'
import { isPromise, type MaybePromise } from '../maybe.ts'
import type { Outcome, Value } from '../model.ts'
import { makeScope, type RunScope } from './context.ts'
import type { GraphNode } from './graph.ts'
import { MemoryBuilder, recentRepairs } from './memory.ts'
import { runRemovals } from './removal.ts'
import { runResource, type Cause, type Done } from './resource.ts'
import { failed, notDone } from './result.ts'
import { Session } from './session.ts'
import type { ConvergeRequest, ConvergeResult, RememberedResource } from './types.ts'

/**
 * Makes this host match every policy that is in force on it, or says what that would take: a plan goes the same way and
 * stops before each change. Never throws for what policies or the host do: every resource has its outcome.
 */
export async function convergeHost(request: ConvergeRequest): Promise<ConvergeResult> {
  const session = request.session ?? new Session()
  const graph = session.graphFor(request)
  const scope = makeScope(request, graph)
  const watch = session.watchFor(request)
  session.clean(request, watch)
  const memory = new MemoryBuilder(request.memory)
  const removed = request.only === undefined ? await runRemovals(scope, memory) : { outcomes: [], adopted: new Map() }
  const run = new Run(scope, memory, removed.adopted)
  await run.all()
  const outcomes = await flushed(request, [...removed.outcomes, ...run.outcomes(), ...waitingOutcomes(request)])
  return {
    outcomes,
    memory: request.apply ? memory.result : request.memory,
    changed: outcomes.some(({ state }) => state === 'changed' || state === 'repaired'),
    converged: outcomes.every(({ state }) => state === 'kept' || state === 'changed' || state === 'repaired'),
    watch,
  }
}

/** What waits for a secret is looked at by nobody, and shown in every run. */
function waitingOutcomes({ policies, only }: ConvergeRequest): Outcome[] {
  if (only !== undefined) return []
  return policies.flatMap(({ policy, waiting = [] }) =>
    waiting.map(({ key, reason, code }): Outcome => ({ policy, key, state: 'waiting', reason, code })),
  )
}

/** What was changed counts only if it is durable. */
async function flushed({ host }: ConvergeRequest, outcomes: readonly Outcome[]): Promise<readonly Outcome[]> {
  try {
    await host.flush()
    return outcomes
  } catch (error) {
    return outcomes.map((outcome) =>
      outcome.state === 'changed' || outcome.state === 'repaired'
        ? failed({ ...outcome, sensitive: true }, error)
        : outcome,
    )
  }
}

/** One pass over the graph: what is ready runs, at once if it can, and sets free what waited for it. */
class Run {
  readonly #scope: RunScope
  readonly #memory: MemoryBuilder
  readonly #adopted: ReadonlyMap<string, Value>
  readonly #outcomes: (Outcome | undefined)[]
  readonly #done: (Done | undefined)[]
  readonly #waits: number[]
  readonly #ready: number[] = []
  /** By node: the failed node that it is skipped for, and what it was told. */
  readonly #blocked = new Map<number, GraphNode>()
  readonly #told = new Map<number, Cause>()
  readonly #afterChange = new Set<number>()
  #running = 0
  #light = 0
  /** By type: how many are at work, for those that want to do it together. */
  readonly #atWork = new Map<string, number>()
  #wake: () => void = () => undefined
  #fault: unknown

  constructor(scope: RunScope, memory: MemoryBuilder, adopted: ReadonlyMap<string, Value>) {
    this.#scope = scope
    this.#memory = memory
    this.#adopted = adopted
    const { nodes, before } = scope.graph
    this.#outcomes = nodes.map(() => undefined)
    this.#done = nodes.map(() => undefined)
    this.#waits = [...before]
    for (const { index } of nodes) if (before[index] === 0) this.#ready.push(index)
  }

  outcomes(): Outcome[] {
    return this.#outcomes.filter((outcome) => outcome !== undefined)
  }

  async all(): Promise<void> {
    const { host } = this.#scope.request
    const { gathering } = this.#scope
    gathering.onJoin = () => this.#wake()
    let sliceEnd = host.now() + LIMITS.sliceMs
    for (let at = 0; at < this.#ready.length || this.#running > 0;) {
      while (at < this.#ready.length && this.#mayBegin()) {
        const node = this.#scope.graph.nodes[this.#ready[at++] ?? -1]
        if (node === undefined) continue
        const done = this.#turn(node)
        if (isPromise(done)) {
          this.#count(node, 1)
          void this.#later(node, done)
        } else this.#finish(node, done)
        if (host.now() >= sliceEnd) {
          await host.pause()
          sliceEnd = host.now() + LIMITS.sliceMs
        }
      }
      if (at >= this.#ready.length) gathering.start(this.#atWork)
      if (this.#running > 0 && (at >= this.#ready.length || !this.#mayBegin())) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    }
    if (this.#fault !== undefined) throw this.#fault
  }

  async #later(node: GraphNode, done: Promise<Done | null>): Promise<void> {
    try {
      this.#finish(node, await done)
    } catch (error) {
      // Only a caller's onProgress can throw; the run must end all the same.
      this.#fault ??= error
    } finally {
      this.#count(node, -1)
      this.#wake()
    }
  }

  /** What only waits for the disk shares one of its turns with many others. */
  #mayBegin(): boolean {
    const { waiting } = this.#scope.gathering
    return this.#running - this.#light - waiting < LIMITS.parallelResources && this.#light < LIMITS.parallelLight
  }

  #count({ prepared }: GraphNode, by: number): void {
    this.#running += by
    if (prepared?.bound?.light === true) this.#light += by
    const type = prepared?.resource.type ?? ''
    this.#atWork.set(type, (this.#atWork.get(type) ?? 0) + by)
  }

  /** null: the node is not looked at, and nothing is said of it. */
  #turn(node: GraphNode): MaybePromise<Done | null> {
    const { prepared, index } = node
    if (prepared === null) return null
    const told = this.#told.get(index) ?? (this.#memory.get(prepared.id)?.told === true ? 'wanted' : null)
    const { only } = this.#scope.request
    if (only !== undefined && !only.has(prepared.id) && told === null) return null
    const { policy, key } = prepared.resource
    const about = { policy, key, sensitive: node.sensitive }
    const stop = (outcome: Outcome): Done => ({ outcome, changed: null, bad: true, repair: false, fresh: undefined })
    if (node.refused !== null) return stop(notDone(about, 'failed', node.refused.code, node.refused.reason))
    const broken = this.#scope.graph.broken.get(policy)
    if (broken !== undefined) {
      return stop(
        notDone(about, 'skipped', 'E_DEPENDENCY', `nothing of ${policy} is applied, because ${broken} is not valid`),
      )
    }
    const blocker = this.#blocked.get(index)
    if (blocker !== undefined) return stop(notDone(about, 'skipped', 'E_DEPENDENCY', this.#blame(node, blocker)))
    if (node.sameAs !== null) return this.#merged(node, node.sameAs)
    if (prepared.bound === null) return null
    return runResource(this.#scope, {
      node,
      prepared,
      bound: prepared.bound,
      remembered: this.#memory.get(prepared.id),
      adopted: this.#adopted.get(prepared.id) ?? null,
      told,
      afterChange: this.#afterChange.has(index),
      intend: (data) => this.#intend(node, data),
    })
  }

  /** Before a change: what it remembers so far and whom it will tell, so that neither is lost if this is the end. */
  #intend(node: GraphNode, data: (() => Value) | undefined): void {
    const { onIntent } = this.#scope.request
    if (onIntent === undefined) return
    if (data !== undefined) this.#journal(node, { data: data() })
    else
      for (const to of this.#scope.graph.tells[node.index] ?? []) {
        const target = this.#scope.graph.nodes[to]
        if (target !== undefined) this.#journal(target, { told: true })
      }
  }

  #journal({ prepared, policy, sameAs }: GraphNode, what: Partial<RememberedResource>): void {
    if (prepared?.bound === undefined || prepared.bound === null || sameAs !== null) return
    const { id, resource, bound } = prepared
    const { policy: name, key, type, onRemove } = resource
    const blank = { policy: name, key, type, onRemove, claims: bound.claims, grant: policy.grant }
    const nothing = { order: 0, applied: '', data: null, repairs: [], told: false }
    this.#scope.request.onIntent?.(id, { ...(this.#memory.get(id) ?? { ...blank, ...nothing }), ...what })
  }

  #blame(node: GraphNode, blocker: GraphNode): string {
    const { policy, key } = blocker.prepared?.resource ?? { policy: '', key: '' }
    const where = policy === node.policy.policy ? key : `${key} of ${policy}`
    const state = this.#outcomes[blocker.index]?.state ?? 'failed'
    const is = { failed: 'failed', skipped: 'was skipped', waiting: 'waits' }[state as 'failed'] ?? 'failed'
    return `${where}, which comes first, ${is}`
  }

  /** The outcome of a resource whose work another one, equal to it, has done. */
  #merged(node: GraphNode, holder: number): Done | null {
    const other = this.#done[holder]
    const { policy, key } = node.prepared?.resource ?? { policy: '', key: '' }
    if (other === undefined) return null
    const from = other.outcome
    const reason = `the same as ${from.key} of ${from.policy}: ${from.reason}`
    return { ...other, repair: false, fresh: undefined, outcome: { ...from, policy, key, reason } }
  }

  #finish(node: GraphNode, done: Done | null): void {
    const { index, prepared } = node
    if (done !== null && prepared !== null) {
      this.#done[index] = done
      this.#outcomes[index] = done.outcome
      if (this.#scope.request.apply) this.#remember(node, done)
    }
    if (done?.changed) for (const to of this.#scope.graph.tells[index] ?? []) this.#tell(to, done.changed)
    const unsure = done?.outcome.state === 'waiting' && !done.bad
    for (const { to, kind } of this.#scope.graph.next[index] ?? []) {
      if (kind !== 'order' && done !== null) {
        if (done.bad && kind !== 'soft' && !this.#blocked.has(to))
          this.#blocked.set(to, this.#blocked.get(index) ?? node)
        if (done.changed !== null || unsure) this.#afterChange.add(to)
      }
      this.#waits[to] = (this.#waits[to] ?? 1) - 1
      if (this.#waits[to] === 0) this.#ready.push(to)
    }
  }

  #tell(to: number, cause: Cause): void {
    // News is the stronger reason; being told twice is being told once.
    if (cause === 'wanted' || !this.#told.has(to)) this.#told.set(to, cause)
  }

  #remember({ prepared, policy, sameAs, index }: GraphNode, done: Done): void {
    if (prepared === null || prepared.bound === null || sameAs !== null) return
    const { id, resource, fingerprint, bound } = prepared
    const before = this.#memory.get(id)
    const { state } = done.outcome
    const inForce = state === 'kept' || state === 'changed' || state === 'repaired'
    const owed = this.#told.has(index) || before?.told === true
    const told = owed && !inForce && bound.notified !== undefined
    const data = done.fresh ?? before?.data ?? this.#adopted.get(id) ?? null
    if (!inForce && before === undefined && data === null && !told) return
    const nowMs = this.#scope.request.host.now()
    const repairs = before === undefined || done.changed === 'wanted' ? [] : recentRepairs(before.repairs, nowMs)
    const remembered: RememberedResource = {
      policy: resource.policy,
      key: resource.key,
      type: resource.type,
      onRemove: resource.onRemove,
      claims: bound.claims,
      order: before === undefined || done.fresh !== undefined ? this.#memory.nextOrder() : before.order,
      applied: inForce ? fingerprint : (before?.applied ?? ''),
      data,
      repairs: done.repair ? [...repairs, nowMs].slice(-LIMITS.flapRepairs) : repairs,
      told,
      grant: policy.grant,
    }
    this.#memory.set(id, remembered)
    if (done.changed !== null || done.bad) this.#scope.request.onProgress?.(done.outcome, remembered)
  }
}
