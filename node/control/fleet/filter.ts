import type { NodeRow } from '../schema.ts'
import type { checkSelector, evaluateSelector } from '../../../policies/index.ts'
import type { FilterError } from './types.ts'

/** The part of `policies` that a filter needs; loaded when the first filter is CEL. */
export interface Cel {
  readonly checkSelector: typeof checkSelector
  readonly evaluateSelector: typeof evaluateSelector
}

export interface Filter {
  /** Undefined: every node matches. */
  readonly matches: ((row: NodeRow) => boolean) | undefined
  readonly error: FilterError | undefined
}

/** Signs that no node name or label value has, but every CEL condition does. */
const CEL = /[=<>!&|()[\]"']|^\s*(labels|facts|node)\./

/** Whether the text is meant as CEL (`labels.role == "web"`), not as a part of a name. */
export const isCel = (text: string): boolean => CEL.test(text)

/** @param cel needed only if `isCel(text)` */
export function filterOf(text: string, cel: Cel | undefined): Filter {
  const wanted = text.trim()
  if (wanted === '') return { matches: undefined, error: undefined }
  if (!isCel(text) || cel === undefined) return { matches: containing(wanted.toLowerCase()), error: undefined }
  try {
    cel.checkSelector(text)
  } catch (error) {
    return { matches: () => false, error: errorOf(error) }
  }
  return { matches: (row) => cel.evaluateSelector(text, contextOf(row)).selected, error: undefined }
}

/** Every word must be part of the name, the id, the state or a label value. */
function containing(text: string): (row: NodeRow) => boolean {
  const words = text.split(/\s+/)
  return ({ name, id, state, labels }) => {
    const told = [name, id, state, ...Object.values(labels)].map((part) => part.toLowerCase())
    return words.every((word) => told.some((part) => part.includes(word)))
  }
}

function contextOf(row: NodeRow): Parameters<typeof evaluateSelector>[1] {
  // Facts came through the API's schema as plain JSON, which is what a selector's value is.
  const facts = row.facts as Parameters<typeof evaluateSelector>[1]['facts']
  return { labels: row.labels, facts, node: { name: row.name, id: row.id } }
}

function errorOf(error: unknown): FilterError {
  const message = error instanceof Error ? error.message : String(error)
  const field = (name: string): unknown => (error instanceof Error ? Reflect.get(error, name) : undefined)
  const offset = field('offset')
  const hint = field('hint')
  return {
    message,
    offset: typeof offset === 'number' ? offset : undefined,
    hint: typeof hint === 'string' ? hint : undefined,
  }
}
