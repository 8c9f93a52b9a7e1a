import type { HostPort } from '../host.ts'
import { LIMITS } from '../limits.ts'
import type { Value } from '../model.ts'
import type { Applied, BundleContent, SeenFiles, TypeContext } from '../resources/type.ts'
import { alone, Gathering, type GatheredWork } from './gather.ts'
import type { Graph } from './graph.ts'
import { waitingIds, type ConvergeRequest, type Grant } from './types.ts'

/** What is the same for all resources of one run. */
export interface RunScope {
  readonly request: ConvergeRequest
  readonly graph: Graph
  readonly deadlineMs: number
  readonly seen: SeenFiles | null
  /** Confined views of the host, one for each grant. */
  readonly hosts: Map<Grant, HostPort>
  readonly gathering: Gathering
  /** Claims of what is in force and could not be resolved this time: of whole policies, and of what waits for a secret. */
  readonly heldElsewhere: ReadonlySet<string>
  /** Everything that is wanted on this host is known. */
  readonly complete: boolean
}

export function makeScope(request: ConvergeRequest, graph: Graph): RunScope {
  return {
    request,
    graph,
    deadlineMs: request.deadlineMs ?? request.host.now() + LIMITS.runMs,
    seen: request.deep === true ? null : (request.session?.seen ?? null),
    hosts: new Map(),
    gathering: new Gathering(),
    heldElsewhere: heldElsewhere(request, graph),
    complete: request.incomplete !== true && graph.broken.size === 0 && waitingIds(request).size === 0,
  }
}

function heldElsewhere(request: ConvergeRequest, graph: Graph): Set<string> {
  const away = new Set([...(request.unresolved ?? []), ...graph.broken.keys()])
  const waiting = waitingIds(request)
  if (away.size === 0 && waiting.size === 0) return away
  return new Set(
    Object.entries(request.memory.resources).flatMap(([id, { policy, claims }]) =>
      away.has(policy) || waiting.has(id) ? claims : [],
    ),
  )
}

/** Whether a policy with this grant may have commands run: one that confines must name `exec`. */
export function mayRunCommands(grant: Grant | null): boolean {
  if (grant === null) return true
  return grant.types === null ? grant.paths === null : grant.types.includes('exec')
}

/** Whether a policy with this grant may use a type that reaches beyond files: a grant of folders must name it. */
export function mayReachHost(grant: Grant | null): boolean {
  return grant === null || grant.paths === null || grant.types !== null
}

/** The host as a grant lets it be seen. */
function hostFor(scope: RunScope, grant: Grant | null, wholeHost: boolean): HostPort {
  if (grant === null || grant.paths === null || wholeHost) return scope.request.host
  const known = scope.hosts.get(grant)
  if (known !== undefined) return known
  const host = scope.request.host.confined(grant.paths)
  scope.hosts.set(grant, host)
  return host
}

/** The context of one resource. Its parts are getters where they cost something and are seldom asked for. */
export class ResourceContext implements TypeContext {
  readonly host: HostPort
  readonly content: BundleContent
  readonly policy: string
  readonly version: string
  readonly confined: boolean
  readonly sensitive: boolean
  readonly corrective: boolean
  readonly seen: SeenFiles | null
  /** What the type remembers now; undefined if it said nothing new. */
  fresh: Value | undefined
  readonly remembered: Value
  readonly #scope: RunScope
  readonly #type: string
  readonly #intend: ((value: () => Value) => void) | undefined
  readonly timeoutMs: number | undefined
  readonly #deadlineMs: number
  /** Index of the node, or -1 for a removal. */
  readonly #self: number

  constructor(
    scope: RunScope,
    about: {
      readonly policy: string
      readonly version: string
      readonly grant: Grant | null
      readonly sensitive: boolean
      readonly remembered: Value
      readonly self: number
      readonly type: string
      readonly wholeHost: boolean
      /** @default false */
      readonly corrective?: boolean
      /** What the run does with `intend`; nothing if it is not there. */
      readonly intend?: (value: () => Value) => void
      /** Limits of time of this resource. */
      readonly timeoutMs?: number | undefined
    },
  ) {
    this.#scope = scope
    this.#type = about.type
    this.#self = about.self
    this.host = hostFor(scope, about.grant, about.wholeHost)
    this.content = scope.request.content
    this.policy = about.policy
    this.version = about.version
    this.confined = about.grant !== null && (about.grant.types !== null || about.grant.paths !== null)
    this.sensitive = about.sensitive
    this.corrective = about.corrective ?? false
    this.seen = scope.seen
    this.remembered = about.remembered
    this.#intend = about.intend
    this.timeoutMs = about.timeoutMs
    this.#deadlineMs =
      about.timeoutMs === undefined ? scope.deadlineMs : Math.min(scope.deadlineMs, this.host.now() + about.timeoutMs)
  }

  get diffs(): 'all' | 'overwritten' {
    return this.#scope.request.apply ? 'overwritten' : 'all'
  }

  get signal(): AbortSignal | undefined {
    return this.#scope.request.signal
  }

  remember(value: Value): void {
    this.fresh = value
  }

  intend(value: () => Value): void {
    this.#intend?.(value)
  }

  claimed(claim: string): boolean {
    const holder = this.#scope.graph.holders.get(claim)
    return holder === undefined ? this.#scope.heldElsewhere.has(claim) : holder !== this.#self
  }

  get complete(): boolean {
    return this.#scope.complete
  }

  gather<T>(key: string, item: T, work: GatheredWork<T>): Promise<Applied | void> {
    return this.#self < 0 ? alone(item, work) : this.#scope.gathering.join(this.#type, key, item, work)
  }

  timeLeft(): number {
    return this.#deadlineMs - this.host.now()
  }
}
