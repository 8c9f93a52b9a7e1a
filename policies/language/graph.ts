import type { Value } from '../model.ts'

/** A resource, declared or resolved, as far as order concerns it. */
export interface Ordered {
  readonly key: string
  readonly require: readonly string[]
  readonly before: readonly string[]
  readonly notify: readonly string[]
  readonly subscribe: readonly string[]
}

/**
 * A circle of resources that each must come before the next, or undefined. The same resources give the same circle on
 * every machine. Does not recurse: a chain may have 20,000 members.
 */
export function findCycle(resources: readonly Ordered[]): readonly string[] | undefined {
  const after = new Map<string, string[]>(resources.map((resource) => [resource.key, []]))
  const link = (first: string, then: string): void => void after.get(first)?.push(then)
  for (const { key, require, before, notify, subscribe } of resources) {
    for (const other of [...require, ...subscribe]) link(other, key)
    for (const other of [...before, ...notify]) if (after.has(other)) link(key, other)
  }
  const state = new Map<string, 'open' | 'done'>()
  for (const { key: start } of resources) {
    if (state.has(start)) continue
    const path = [{ key: start, next: 0 }]
    state.set(start, 'open')
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const follower = after.get(top.key)?.[top.next++]
      if (follower === undefined) {
        state.set(top.key, 'done')
        path.pop()
      } else if (state.get(follower) === 'open') {
        return path.slice(path.findIndex((item) => item.key === follower)).map((item) => item.key)
      } else if (!state.has(follower)) {
        state.set(follower, 'open')
        path.push({ key: follower, next: 0 })
      }
    }
  }
  return undefined
}

/** The circle as a sentence: `a -> b -> a`. */
export function describeCycle(cycle: readonly string[]): string {
  return `these resources wait for each other: ${[...cycle, cycle[0] ?? ''].join(' -> ')}`
}

/** A reference attribute as a list of texts. */
export function referenceList(value: Value | undefined): readonly string[] {
  if (typeof value === 'string') return [value]
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}
