import type { PolicyErrorCode } from '../errors.ts'
import type { ResolvedResource } from '../model.ts'

/**
 * A resource that a node cannot have yet, for want of a secret. It is wanted: what is there of it must stay, and nothing
 * that stands on it may be applied.
 */
export interface WaitingResource {
  readonly policy: string
  readonly key: string
  readonly type: string
  readonly name: string
  /** `waiting for secret tls_key`, or for the resource that waits. */
  readonly reason: string
  readonly code: Extract<PolicyErrorCode, 'E_SECRET'>
}

/** A resource that waits itself, with what is to come after it. */
export interface Waiter extends WaitingResource {
  readonly require: readonly string[]
  readonly subscribe: readonly string[]
  readonly before: readonly string[]
}

/** Divides resources into those to apply, and those that wait because they stand on one that waits. */
export function divide(
  made: ReadonlyMap<string, ResolvedResource>,
  waiters: readonly Waiter[],
): { readonly ready: readonly ResolvedResource[]; readonly waiting: readonly WaitingResource[] } {
  if (waiters.length === 0) return { ready: [...made.values()], waiting: [] }
  const followers = new Map<string, string[]>()
  const follow = (first: string, then: string): void =>
    void followers.set(first, [...(followers.get(first) ?? []), then])
  for (const { key, require, subscribe, before } of [...made.values(), ...waiters]) {
    for (const first of [...require, ...subscribe]) follow(first, key)
    for (const then of before) follow(key, then)
  }
  const waiting = new Map<string, WaitingResource>(waiters.map((waiter) => [waiter.key, shown(waiter)]))
  // A map's iteration goes on with what is added meanwhile, which makes this follow whole chains.
  for (const [key] of waiting) {
    for (const follower of followers.get(key) ?? []) {
      const resource = made.get(follower)
      if (resource === undefined || waiting.has(follower)) continue
      const reason = `waiting for ${key}, which is waiting for a secret`
      const { policy, type, name } = resource
      waiting.set(follower, { policy, key: follower, type, name, reason, code: 'E_SECRET' })
    }
  }
  return { ready: [...made.values()].filter(({ key }) => !waiting.has(key)), waiting: [...waiting.values()] }
}

function shown({ policy, key, type, name, reason, code }: Waiter): WaitingResource {
  return { policy, key, type, name, reason, code }
}
