import { PolicyError } from '../errors.ts'
import type { TypeContext } from './type.ts'

/** Before something is removed because nobody wants it. @throws PolicyError E_INCOMPLETE */
export function mustBeComplete({ complete }: TypeContext): void {
  if (complete) return
  const why = 'a policy of this node is not known in full just now, and may want what would go'
  throw new PolicyError('E_INCOMPLETE', `nothing is purged: ${why}`)
}
