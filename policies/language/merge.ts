import type { Value } from '../model.ts'

export type ValueMap = { readonly [key: string]: Value }

export function isValueMap(value: Value | undefined): value is ValueMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Lays `over` on `under`: maps merge deeply, null deletes, everything else replaces. Keys come out sorted, so that
 * whatever loops over a map does so in the same order on every machine.
 *
 * Merging layers from the left is what counts. Merging two layers first gives the same only if the nulls of the upper
 * one are kept, for which `keepNulls` is there.
 */
export function mergeLayers(under: ValueMap, over: ValueMap, keepNulls = false): ValueMap {
  const merged: Record<string, Value> = {}
  for (const key of [...new Set([...Object.keys(under), ...Object.keys(over)])].sort()) {
    const value = Object.hasOwn(over, key) ? laid(under[key], over[key] ?? null, keepNulls) : under[key]
    if (value !== undefined) merged[key] = value
  }
  return merged
}

function laid(under: Value | undefined, over: Value, keepNulls: boolean): Value | undefined {
  if (over === null) return keepNulls ? null : undefined
  if (!isValueMap(over)) return sorted(over)
  // A map over something else replaces it, but its own nulls still delete, also what is not there.
  return mergeLayers(isValueMap(under) ? under : {}, over, keepNulls)
}

/** The value with the keys of all its maps sorted. */
export function sorted(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value
  if (isValueList(value)) return value.map(sorted)
  const keys = Object.keys(value).sort()
  return Object.fromEntries(keys.map((key) => [key, sorted(value[key] ?? null)]))
}

function isValueList(value: readonly Value[] | ValueMap): value is readonly Value[] {
  return Array.isArray(value)
}

/** Paths (`vars.a.b`) at which a value is still TBD. */
export function findTbd(value: Value, path: readonly string[] = []): readonly (readonly string[])[] {
  if (value === 'TBD') return [path]
  if (!isValueMap(value)) return []
  return Object.entries(value).flatMap(([key, item]) => findTbd(item, [...path, key]))
}

/** Whether `layer` says anything at `path` or puts something else than a map on the way to it. */
export function fills(layer: Value, path: readonly string[]): boolean {
  let at: Value = layer
  for (const key of path) {
    if (!isValueMap(at)) return true
    if (!Object.hasOwn(at, key)) return false
    at = at[key] ?? null
  }
  return at !== 'TBD'
}
