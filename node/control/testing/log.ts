import type { LogEntry } from '../schema.ts'
import { VERSION_ID } from './fleet.ts'

/** The fleet's clock: 2026-03-01 12:00:00 UTC. */
export const FLEET_NOW = Date.UTC(2026, 2, 1, 12)
const MINUTE = 60_000

/** Seven versions; the third is void. */
export function logOf(policy: string): LogEntry[] {
  return Array.from({ length: 7 }, (_, index): LogEntry => {
    const seq = 7 - index
    return {
      id: seq === 7 ? VERSION_ID : `bafyreihwebsite${seq}`,
      type: 'feed/version',
      policy,
      seq,
      parents: seq === 1 ? [] : [`bafyreihwebsite${seq - 1}`],
      action: 'apply',
      author: { key: 'c1'.repeat(32), name: seq === 3 ? 'tom' : 'ci' },
      at: FLEET_NOW - 12 * MINUTE * index ** 2 - 12 * MINUTE,
      by: 'mira',
      message: seq === 7 ? 'one worker for each core' : `change ${seq}`,
      bundle: { cid: `bafyreihbundle00${seq}`, size: 2048 * seq },
      selector: 'labels.role == "web"',
      counts: seq !== 3,
      code: seq === 3 ? 'E_NO_GRANT' : null,
      reason: seq === 3 ? 'the key had no grant for web/site' : '',
      winner: seq === 7,
      head: seq === 7,
    }
  })
}
