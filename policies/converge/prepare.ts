import { HostError, type HostErrorCode, type HostPort } from '../host.ts'
import type { Outcome, ResolvedResource } from '../model.ts'
import { RESOURCE_TYPES } from '../resources/table.ts'
import type { Claim, ResourceType } from '../resources/type.ts'

/** What the author of a policy may use on this host; null means anything. */
export interface Confinement {
  readonly types: readonly string[] | null
  /** Path prefixes, as directories: `/etc/nginx` allows `/etc/nginx/x` and itself. */
  readonly paths: readonly string[] | null
}

/** A resource that is ready to be checked: its type is known, its attributes fit, its claims are its own. */
export interface Prepared {
  readonly id: string
  readonly resource: ResolvedResource
  readonly type: ResourceType
  readonly attrs: unknown
  readonly claims: readonly Claim[]
}

/** `policy key` names a resource among those of all policies. */
export function idOf(policy: string, key: string): string {
  return `${policy} ${key}`
}

/**
 * Checks each resource by itself and then against the others: attributes by schema, the author's confinement, and claims.
 * Equal claims merge into the first; differing ones go to the first by policy and key, and the rest fail with E_CONFLICT.
 */
export function prepare(
  resources: readonly ResolvedResource[],
  confinements: ReadonlyMap<string, Confinement>,
  host: HostPort,
): {
  readonly ready: readonly Prepared[]
  readonly outcomes: readonly Outcome[]
  readonly merged: ReadonlyMap<string, string>
} {
  const outcomes: Outcome[] = []
  const ready: Prepared[] = []
  const merged = new Map<string, string>()
  const holders = new Map<Claim, Prepared>()
  const ordered = [...resources].sort((a, b) => compare(a.policy, b.policy) || compare(a.key, b.key))
  for (const resource of ordered) {
    try {
      const one = typed(resource)
      confine(one, confinements.get(resource.policy), host)
      const rival = one.claims.map((claim) => holders.get(claim)).find((holder) => holder !== undefined)
      if (rival === undefined) {
        for (const claim of one.claims) holders.set(claim, one)
        ready.push(one)
      } else if (sameWish(rival, one)) {
        merged.set(one.id, rival.id)
      } else {
        throw new HostError('E_CONFLICT', conflictText(rival, one))
      }
    } catch (error) {
      outcomes.push(failure(resource, error))
    }
  }
  return { ready, outcomes, merged }
}

function typed(resource: ResolvedResource): Prepared {
  const type = Object.hasOwn(RESOURCE_TYPES, resource.type) ? RESOURCE_TYPES[resource.type] : undefined
  if (type === undefined)
    throw new HostError('E_CONFINED', `this build has no resource type '${resource.type}'; install a newer chorus`)
  const parsed = type.schema.safeParse(resource.attrs)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new HostError(
      'E_IO',
      `${resource.key} does not fit its type: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`,
    )
  }
  const problem = type.validate?.(parsed.data) ?? null
  if (problem !== null) throw new HostError('E_IO', `${resource.key} ${problem}`)
  const claims = type.claims(parsed.data, resource.name)
  return { id: idOf(resource.policy, resource.key), resource, type, attrs: parsed.data, claims }
}

/** @throws HostError E_CONFINED */
function confine({ resource, type, attrs }: Prepared, confinement: Confinement | undefined, host: HostPort): void {
  if (confinement?.types && !confinement.types.includes(resource.type)) {
    throw new HostError(
      'E_CONFINED',
      `${resource.policy} may not use resources of type ${resource.type} on this node: its author's grant allows ${confinement.types.join(', ') || 'none'}`,
    )
  }
  const allowed = confinement?.paths
  if (!allowed) return
  if (type.paths(attrs).length === 0 && resource.type === 'exec') {
    throw new HostError(
      'E_CONFINED',
      `${resource.policy} is confined to paths by its author's grant, and a command cannot be confined; remove ${resource.key}`,
    )
  }
  for (const path of type.paths(attrs)) {
    const real = host.realPath(path)
    if (allowed.some((prefix) => isBelow(real, host.realPath(prefix)))) continue
    throw new HostError(
      'E_CONFINED',
      `${resource.policy} may not write ${real}: its author's grant allows ${allowed.join(', ') || 'no path'}`,
    )
  }
}

function isBelow(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`)
}

function sameWish(a: Prepared, b: Prepared): boolean {
  return a.resource.type === b.resource.type && fingerprint(a.attrs) === fingerprint(b.attrs)
}

/** Equal attributes give equal texts, whatever the order of their keys. */
export function fingerprint(value: unknown): string {
  if (value instanceof Uint8Array) return `bytes:${Array.from(value).join(',')}`
  if (Array.isArray(value)) return `[${value.map(fingerprint).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  return `{${entries
    .sort(([a], [b]) => compare(a, b))
    .map(([key, item]) => `${JSON.stringify(key)}:${fingerprint(item)}`)
    .join(',')}}`
}

function conflictText(winner: Prepared, loser: Prepared): string {
  const what = loser.claims.find((claim) => winner.claims.includes(claim)) ?? loser.resource.key
  return `${loser.resource.policy} and ${winner.resource.policy} want different things of ${what}; ${winner.resource.policy} ${winner.resource.key} wins, take it out of one of them`
}

/** The outcome for whatever was thrown. Nothing that a resource does may end the run. */
export function failure(resource: Pick<ResolvedResource, 'policy' | 'key' | 'sensitive'>, error: unknown): Outcome {
  const code: HostErrorCode = error instanceof HostError ? error.code : 'E_IO'
  const reason = error instanceof Error ? error.message : String(error)
  return {
    policy: resource.policy,
    key: resource.key,
    state: 'failed',
    reason: resource.sensitive ? hidden(code) : reason,
    code,
  }
}

function hidden(code: HostErrorCode): string {
  return `failed with ${code}; the message may hold a secret and is not shown`
}

export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
