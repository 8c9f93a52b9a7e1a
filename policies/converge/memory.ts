import type { HostPort } from '../host.ts'
import type { Outcome } from '../model.ts'
import { RESOURCE_TYPES } from '../resources/table.ts'
import type { Claim } from '../resources/type.ts'
import { failure, fingerprint, type Prepared } from './prepare.ts'

/** What a node remembers of its runs, as plain JSON: what was fulfilled, and what it made. Bounded by its resources. */
export interface Memory {
  readonly v: 1
  /** Resource id to the hash of the wish that was last fulfilled. */
  readonly wishes: Readonly<Record<string, string>>
  /** What is managed, so that it can be told from what never was. */
  readonly managed: Readonly<Record<string, Managed>>
}

export interface Managed {
  readonly policy: string
  readonly key: string
  readonly type: string
  readonly claims: readonly Claim[]
  /** Claims that this node created itself: only these are ever undone. */
  readonly created: readonly Claim[]
  readonly onRemove: 'leave' | 'undo'
}

export const NO_MEMORY: Memory = { v: 1, wishes: {}, managed: {} }

/** The memory after a run. What failed keeps what was known of it. */
export function remember(
  before: Memory,
  ready: readonly Prepared[],
  outcomes: ReadonlyMap<string, Outcome>,
  created: ReadonlySet<Claim>,
  left: readonly Managed[],
  sha256: HostPort['sha256'],
): Memory {
  const wishes: Record<string, string> = {}
  const managed: Record<string, Managed> = {}
  for (const one of left) managed[`${one.policy} ${one.key}`] = one
  for (const one of ready) {
    const { id, resource, type, claims } = one
    const known = before.managed[id]
    const state = outcomes.get(id)?.state
    const fulfilled = (state === 'kept' || state === 'changed' || state === 'repaired') && !resource.noop
    const wish = fulfilled ? wishOf(one, sha256) : before.wishes[id]
    if (wish !== undefined) wishes[id] = wish
    if (!fulfilled && known === undefined && created.size === 0) continue
    const own = claims.filter((claim) => created.has(claim) || known?.created.includes(claim) === true)
    managed[id] = {
      policy: resource.policy,
      key: resource.key,
      type: resource.type,
      claims,
      created: own,
      onRemove: resource.onRemove ?? type.onRemove,
    }
  }
  return { v: 1, wishes, managed }
}

/** What a resource wants, as a hash: equal wishes of two runs give equal texts. */
export function wishOf(one: Prepared, sha256: HostPort['sha256']): string {
  return sha256(new TextEncoder().encode(fingerprint(one.attrs)))
}

/**
 * Resources that were managed and that nobody wants any more: undone where they say so and this node made them, otherwise
 * left and told of once. What cannot be undone stays remembered, so that the next run tries again.
 */
export function takeBack(
  request: { readonly memory: Memory; readonly host: HostPort; readonly apply: boolean },
  ready: readonly Prepared[],
): { readonly outcomes: readonly Outcome[]; readonly left: readonly Managed[] } {
  const { memory, host, apply } = request
  const wanted = new Set(ready.flatMap((one) => [one.id, ...one.claims]))
  const outcomes: Outcome[] = []
  const left: Managed[] = []
  for (const [id, one] of Object.entries(memory.managed)) {
    if (wanted.has(id) && one.claims.every((claim) => wanted.has(claim))) continue
    const about = { policy: one.policy, key: one.key, cause: 'wanted' as const }
    const gone = one.created.filter((claim) => !wanted.has(claim))
    if (one.onRemove === 'leave' || gone.length === 0) {
      const why = one.onRemove === 'leave' ? 'onRemove is leave' : 'this node did not make it'
      outcomes.push({ ...about, state: 'kept', reason: `no longer managed; left as it is, since ${why}` })
      continue
    }
    try {
      // Deepest first, so that a directory is empty when its turn comes.
      if (apply) for (const claim of [...gone].sort().reverse()) RESOURCE_TYPES[one.type]?.undo?.(claim, host)
      outcomes.push({ ...about, state: 'changed', reason: `no longer wanted; removed ${gone.join(', ')}` })
    } catch (error) {
      left.push(one)
      const resource = { policy: one.policy, key: one.key, sensitive: false }
      outcomes.push(failure(resource, error))
    }
  }
  return { outcomes, left }
}
