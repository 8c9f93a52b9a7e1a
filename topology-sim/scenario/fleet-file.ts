import { z } from 'zod'
import type { Value } from '../../policies/index.ts'

/** A real mesh as `chorus export --fleet` writes it: who is there, not what it knows. */
const nodeSchema = z.object({
  name: z.string().min(1).max(253),
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
  if (read.success) return read.data
  const [issue] = read.error.issues
  const at = issue === undefined || issue.path.length === 0 ? '' : ` at ${issue.path.join('.')}`
  return `it is no exported fleet${at}: ${issue?.message ?? ''}`
}
