import { z } from 'zod'
import { isName } from '../../node/core/index.ts'
import type { Value } from '../../policies/index.ts'

/** A real mesh as `chorus export --fleet` writes it: who is there, not what it knows. */
const nodeSchema = z.object({
  // Of a name that two peers hold each has its id behind a tilde, which no certificate may name.
  name: z
    .string()
    .transform((name) => name.replaceAll('~', '.'))
    .refine(isName, 'a node has a name of letters, digits, dot, dash, underscore'),
  labels: z.record(z.string(), z.string()),
  facts: z.record(z.string(), z.json()),
  presence: z.enum(['always', 'intermittent']).default('always'),
  /** False: it told of no address, so nobody can dial it. */
  dialable: z.boolean().default(true),
})

const fileSchema = z.object({
  v: z.literal(1),
  kind: z.literal('fleet'),
  mesh: z.string(),
  nodes: z.array(nodeSchema).min(1).max(1_000_000),
})

export interface ExportedNode {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly facts: Readonly<Record<string, Value>>
  readonly presence: 'always' | 'intermittent'
  readonly dialable: boolean
}

export interface ExportedFleet {
  readonly v: 1
  readonly kind: 'fleet'
  /** The mesh's id. */
  readonly mesh: string
  readonly nodes: readonly ExportedNode[]
}

/** @returns the fleet, or one sentence that says what is wrong with the file */
export function parseFleet(text: string): ExportedFleet | string {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return 'it is not JSON'
  }
  const read = fileSchema.safeParse(json)
  if (read.success) {
    const seen = new Set<string>()
    const twice = read.data.nodes.find(({ name }) => seen.has(name) || !seen.add(name))
    return twice === undefined ? read.data : `two of its nodes are called ${twice.name}`
  }
  const [issue] = read.error.issues
  const at = issue === undefined || issue.path.length === 0 ? '' : ` at ${issue.path.join('.')}`
  return `it is no exported fleet${at}: ${issue?.message ?? ''}`
}
