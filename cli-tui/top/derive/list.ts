import type { NodeRow } from '../../../node/control/index.ts'
import type { Health } from '../source.ts'

/** A fleet that can be asked node by node, so that sums and pages need no copy of it. */
export interface NodeList {
  readonly size: number
  /** Goes up when anything in the list may have changed. */
  readonly version: number
  row(index: number): NodeRow
  name(index: number): string
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
  return {
    size: rows.length,
    version,
    row: at,
    name: (index) => at(index).name,
    state: (index) => at(index).state,
    ageMs: (index) => at(index).ageMs,
    agent: (index) => at(index).agent ?? '',
    label: (index, name) => at(index).labels[name] ?? '',
  }
}
