import { shortId } from '../../core/index.ts'
import type { Charter, NodeView } from '../../core/index.ts'
import type { Status } from '../schema.ts'

const DAY_MS = 86_400_000
/** Time to find an enroller that is up, or the one who made it. A provisional certificate is good for at least 30 days. */
const CERTIFICATE_MS = 7 * DAY_MS
/** A charter and a grant want a root key, which may be in a safe. `doctor` warns as early. */
const CHARTER_MS = 30 * DAY_MS
const NAMED_MAX = 4

/** What ends by itself before long: certificates, grants, and the time by which the charter should be signed again. */
export function endingAlarms(charter: Charter | undefined, nodes: readonly NodeView[], now: number): Status['alarms'] {
  const found: Status['alarms'] = []
  const ending = nodes.filter(({ membership: { state, until } }) => {
    return state === 'member' && until !== null && until - now < CERTIFICATE_MS
  })
  if (ending.length > 0) {
    const first = Math.min(...ending.map(({ membership }) => membership.until ?? now))
    const named = ending.slice(0, NAMED_MAX).map(({ name }) => name)
    const more = ending.length > NAMED_MAX ? ` and ${ending.length - NAMED_MAX} more` : ''
    const told = `the certificate of ${named.join(', ')}${more} ends${within(first - now)}: an enroller must be up to confirm it`
    found.push({ code: 'EXPIRES', subject: '', message: told })
  }
  if (charter === undefined) return found
  if (charter.refreshBy - now < CHARTER_MS)
    found.push({
      code: 'EXPIRES',
      subject: '',
      message: `the charter should be signed again${within(charter.refreshBy - now)}: chorus charter refresh`,
    })
  for (const { key, expires } of charter.grants) {
    if (expires === undefined || expires - now >= CHARTER_MS || expires < now) continue
    const who = nodes.find((node) => node.key === key)?.name ?? shortId(key)
    found.push({
      code: 'EXPIRES',
      subject: '',
      message: `a grant of ${who} ends${within(expires - now)}: chorus grant`,
    })
  }
  return found
}

const within = (ms: number): string =>
  ms <= 0 ? ' now' : ms < 2 * DAY_MS ? ' within two days' : ` in ${Math.floor(ms / DAY_MS)} days`
