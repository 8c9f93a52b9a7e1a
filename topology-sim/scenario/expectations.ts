import { z } from 'zod'
import { condition } from './schema.ts'
import { duration, share, size } from './units.ts'

const policy = z.string().min(1).optional().describe('of this policy; all of them if nothing is said')
const nodes = condition.optional().describe('among these nodes; all that the policy selects if nothing is said')
const within = { within: duration.optional().describe('of the publish; at the end if nothing is said') }
const amount = z
  .union([
    z.int().min(0),
    z
      .string()
      .regex(/^\d{1,9}(\.\d{1,3})?$/)
      .transform(Number),
  ])
  .meta({ wanted: 'a number, in quotes if it is not whole' })
const of = z.enum(['mean', 'p99', 'max']).default('mean')

/** What a run can be held to; each is one map in `expect`, with exactly one of these. */
export const EXPECTATIONS = {
  converged: { help: 'at least this share of the nodes applied it', value: share, more: { ...within, policy, nodes } },
  delivered: {
    help: 'at least this share of the nodes that are up got the record',
    value: share,
    more: { ...within, policy },
  },
  failed: { help: 'at most this share of the nodes failed to apply it', value: share, more: { policy, nodes } },
  reached: { help: 'at most this share of all nodes applied what a thief published', value: share, more: {} },
  copies: {
    help: 'at most so many copies of a record a node: of all records, or of the one that has most',
    value: amount,
    more: { of: z.enum(['mean', 'max']).default('mean') },
  },
  bytes: { help: 'at most so many bytes a node sends and receives', value: size, more: { of, nodes } },
  unauthorised: {
    help: 'at most so many nodes applied what nobody had the right to publish',
    value: z.int().min(0),
    more: {},
  },
  lost: { help: 'at most so many acknowledged publishes are lost', value: z.int().min(0), more: {} },
  healed: { help: 'all nodes agree within this time after the last fault ended', value: duration, more: {} },
  isolated: { help: 'at most so many nodes that are up have no way to the others', value: z.int().min(0), more: {} },
} as const

export type ExpectationKind = keyof typeof EXPECTATIONS
export const EXPECTATION_KINDS = Object.keys(EXPECTATIONS) as readonly ExpectationKind[] // of a literal object

export type Expectation = {
  [K in ExpectationKind]: {
    readonly kind: K
    readonly line: number
    readonly limit: number
    readonly more: z.output<z.ZodObject<(typeof EXPECTATIONS)[K]['more']>>
  }
}[ExpectationKind]

export function expectationSchema(kind: ExpectationKind): z.ZodObject {
  const { value, more } = EXPECTATIONS[kind]
  return z.strictObject({ [kind]: value, ...more })
}
