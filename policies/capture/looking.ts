import { PolicyError } from '../errors.ts'
import type { HostPort } from '../host.ts'
import { LIMITS } from '../limits.ts'
import type { TypeContext } from '../resources/type.ts'

/** A context in which tools of the system may be asked, and nothing can be changed or remembered. */
export function lookingAt(host: HostPort): TypeContext {
  const until = host.now() + LIMITS.toolTimeoutMs
  return {
    host,
    content: {
      file: () => undefined,
      folder: () => [],
      chunk: (cid) => {
        throw new PolicyError('E_NOT_FOUND', `there is no bundle here, so no ${cid}`)
      },
    },
    policy: '',
    version: '',
    remembered: null,
    remember: () => undefined,
    intend: () => undefined,
    confined: false,
    claimed: () => false,
    complete: true,
    corrective: false,
    sensitive: false,
    diffs: 'overwritten',
    gather: () => Promise.reject(new PolicyError('E_UNSUPPORTED', 'nothing is changed while looking')),
    timeLeft: () => Math.max(1, until - host.now()),
    timeoutMs: undefined,
    signal: undefined,
    seen: null,
  }
}
