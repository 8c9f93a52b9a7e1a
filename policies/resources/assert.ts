import { z } from 'zod'
import { HostError } from '../host.ts'
import { IN_ORDER, type ResourceType } from './type.ts'

const schema = z.object({
  that: z.boolean().describe('a condition: "${facts.os.id == \'debian\'}"'),
  message: z.string().min(1).max(1000).describe('what to do where it is false'),
})

type AssertAttributes = z.infer<typeof schema>

export const assert: ResourceType<AssertAttributes> = {
  schema,
  title: 'A condition that must hold before what requires it is touched.',
  onRemove: 'leave',
  drifts: false,
  claims: (_, name) => [`assert:${name}`],
  paths: () => [],
  check({ attrs }) {
    if (!attrs.that) throw new HostError('E_ASSERT', attrs.message)
    return IN_ORDER
  },
  apply() {
    // A condition is never out of order in a way that could be mended: the check has thrown.
  },
}
