import type { CompiledPolicy, ResolvedResource, Value } from '../model.ts'
import type { ResourceType } from '../resources/type.ts'

/** Where a policy says nothing: others can stand before it and behind it. */
const DEFAULT_PRIORITY = 500

/** Of two policies that claim the same on a host, the one with the lower number has it; then the first by name. */
export function priorityOf(policy: Pick<CompiledPolicy, 'extra'>): number {
  const { priority } = policy.extra
  return typeof priority === 'number' ? priority : DEFAULT_PRIORITY
}

interface Ranked {
  readonly policy: string
  readonly priority?: number
}

export function byRank(a: Ranked, b: Ranked): number {
  const [first, second] = [a.priority ?? DEFAULT_PRIORITY, b.priority ?? DEFAULT_PRIORITY]
  return first - second || (a.policy < b.policy ? -1 : a.policy > b.policy ? 1 : 0)
}

export interface Claimant extends Ranked {
  readonly resources: readonly ResolvedResource[]
}

/** Two resources that claim the same thing of a host. */
export interface SharedClaim {
  /** `path:/etc/motd` */
  readonly claim: string
  /** Whose word counts. */
  readonly winner: { readonly policy: string; readonly key: string }
  readonly other: { readonly policy: string; readonly key: string }
  /** They say the same: they merge, and nothing is wrong. */
  readonly equal: boolean
  /** The winner has another priority than the other: somebody decided it. */
  readonly decided: boolean
}

/**
 * What several policies claim of one host, before anything runs: the rule of a run (`settleClaims`), for plans and
 * publishing. Pure: no host is asked.
 */
export function sharedClaims(
  policies: readonly Claimant[],
  types: Readonly<Record<string, ResourceType>>,
): readonly SharedClaim[] {
  const holders = new Map<string, ResolvedResource>()
  const priorities = new Map(policies.map(({ policy, priority }) => [policy, priority ?? DEFAULT_PRIORITY]))
  const shared: SharedClaim[] = []
  for (const { resources } of policies.toSorted(byRank)) {
    for (const resource of resources) {
      const claims = claimsOf(resource, types)
      const taken = claims.find((claim) => holders.has(claim))
      const holder = taken === undefined ? undefined : holders.get(taken)
      if (taken === undefined || holder === undefined) for (const claim of claims) holders.set(claim, resource)
      else {
        const equal = contentOf(holder) === contentOf(resource)
        const decided = priorities.get(holder.policy) !== priorities.get(resource.policy)
        shared.push({ claim: taken, winner: named(holder), other: named(resource), equal, decided })
      }
    }
  }
  return shared
}

/** What a resource claims; nothing if its type is not known or its attributes do not fit together. */
export function claimsOf(resource: ResolvedResource, types: Readonly<Record<string, ResourceType>>): readonly string[] {
  const bound = Object.hasOwn(types, resource.type) ? types[resource.type]?.bind(resource) : undefined
  return bound === undefined || typeof bound === 'string' ? [] : bound.claims
}

function named({ policy, key }: ResolvedResource): SharedClaim['winner'] {
  return { policy, key }
}

/** Equal for equal type and attributes, in whatever order they are written. */
function contentOf({ type, attrs }: ResolvedResource): string {
  return type + canonical(attrs)
}

function canonical(value: ResolvedResource['attrs'] | Value | Uint8Array): string {
  if (value instanceof Uint8Array) return `bytes:${value.join()}`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map((item: Value) => canonical(item)).join()}]`
  const parts = Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}:${canonical(item)}`)
  return `{${parts.sort().join()}}`
}
