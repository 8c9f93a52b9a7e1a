import type { NodeRow } from '../schema.ts'
import type { Health } from './types.ts'

/** A fleet that can be asked node by node, so that sums and pages need no copy of it. */
export interface NodeList {
  readonly size: number
  /** Goes up when anything in the list may have changed. */
  readonly version: number
  row(index: number): NodeRow
  /** All indices in the order of names: worked out once, so that every other order can start from it. */
  byName(): Uint32Array
  state(index: number): Health
  ageMs(index: number): number | null
  agent(index: number): string
  label(index: number, name: string): string
}

export function listOf(rows: readonly NodeRow[], version: number): NodeList {
  const at = (index: number): NodeRow => {
    const row = rows[index]
    if (row === undefined) throw new RangeError(`there is no node ${index} among ${rows.length}`)
    return row
  }
  let order: Uint32Array | undefined
  return {
    size: rows.length,
    version,
    row: at,
    byName: () => (order ??= orderBy(rows.length, (index) => at(index).name)),
    state: (index) => at(index).state,
    ageMs: (index) => at(index).ageMs,
    agent: (index) => at(index).agent ?? '',
    label: (index, name) => at(index).labels[name] ?? '',
  }
}

/** Indices below `size` in the order of their names; equal names stay in place. */
export function orderBy(size: number, name: (index: number) => string): Uint32Array {
  const names = Array.from({ length: size }, (_, index) => name(index))
  return Uint32Array.from(names.keys()).sort((a, b) => {
    const one = names[a] ?? ''
    const other = names[b] ?? ''
    return one < other ? -1 : one > other ? 1 : a - b
  })
}
