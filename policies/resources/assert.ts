import { z } from 'zod'
import { PolicyError } from '../errors.ts'
import { defineType, KEPT } from './type.ts'

/** A condition that must hold before what requires it is touched. */
export const assert = defineType({
  name: 'assert',
  summary:
    'A condition that must hold on the node. Where it does not, the resource fails, and what requires it is skipped.',
  schema: z.object({
    that: z.boolean().describe('the condition, already evaluated: ${facts.memory > 1024}'),
    message: z.string().min(1).max(1000).optional().describe('what to tell people if it does not hold'),
  }),
  claims: () => [],
  check(_context, { attrs }) {
    if (attrs.that) return KEPT
    throw new PolicyError('E_ASSERT', attrs.message ?? 'the condition does not hold on this node')
  },
})
