import type { NodeRow, Status } from '../schema.ts'

/** Names in one alarm; more fit on no line. */
const NAMED_MAX = 4

/**
 * Two policies that want one thing to be different: the first by priority and name wins on each node, and the loser says so in its beacon. An
 * alarm for each policy that loses, on whichever nodes.
 */
export function conflictAlarms(rows: readonly NodeRow[]): Status['alarms'] {
  const losers = new Map<string, string[]>()
  for (const { name, policies } of rows)
    for (const [policy, { code }] of Object.entries(policies)) {
      if (code !== 'E_CONFLICT') continue
      const nodes = losers.get(policy)
      if (nodes === undefined) losers.set(policy, [name])
      else nodes.push(name)
    }
  return [...losers]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([subject, nodes]) => ({ code: 'E_CONFLICT', subject, message: sentence(nodes) }))
}

function sentence(nodes: readonly string[]): string {
  const named = nodes.slice(0, NAMED_MAX).join(', ')
  const more = nodes.length > NAMED_MAX ? ` and ${nodes.length - NAMED_MAX} more` : ''
  return `another policy wins what both claim, on ${named}${more}`
}
