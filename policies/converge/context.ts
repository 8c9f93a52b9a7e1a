import type { HostPort } from '../host.ts'
import { LIMITS } from '../limits.ts'
import type { Value } from '../model.ts'
import type { BundleContent, SeenFiles, TypeContext } from '../resources/type.ts'
import type { Graph } from './graph.ts'
import type { ConvergeRequest, Grant } from './types.ts'

/** What is the same for all resources of one run. */
export interface RunScope {
  readonly request: ConvergeRequest
  readonly graph: Graph
  readonly deadlineMs: number
  readonly seen: SeenFiles | null
  /** Confined views of the host, one for each grant. */
  readonly hosts: Map<Grant, HostPort>
}

export function makeScope(request: ConvergeRequest, graph: Graph): RunScope {
  return {
    request,
    graph,
    deadlineMs: request.deadlineMs ?? request.host.now() + LIMITS.runMs,
    seen: request.deep === true ? null : (request.session?.seen ?? null),
    hosts: new Map(),
  }
}

/** Whether a policy with this grant may have commands run: one that confines must name `exec`. */
export function mayRunCommands(grant: Grant | null): boolean {
  if (grant === null) return true
  return grant.types === null ? grant.paths === null : grant.types.includes('exec')
}

/** The host as a grant lets it be seen. */
function hostFor(scope: RunScope, grant: Grant | null): HostPort {
  if (grant === null || grant.paths === null) return scope.request.host
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
  readonly seen: SeenFiles | null
  /** What the type remembers now; undefined if it said nothing new. */
  fresh: Value | undefined
  readonly remembered: Value
  readonly #scope: RunScope
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
    },
  ) {
    this.#scope = scope
    this.#self = about.self
    this.host = hostFor(scope, about.grant)
    this.content = scope.request.content
    this.policy = about.policy
    this.version = about.version
    this.confined = about.grant !== null && (about.grant.types !== null || about.grant.paths !== null)
    this.sensitive = about.sensitive
    this.seen = scope.seen
    this.remembered = about.remembered
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

  claimed(claim: string): boolean {
    const holder = this.#scope.graph.holders.get(claim)
    return holder !== undefined && holder !== this.#self
  }

  timeLeft(): number {
    return this.#scope.deadlineMs - this.host.now()
  }
}
