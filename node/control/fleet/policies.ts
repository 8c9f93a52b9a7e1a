import type { LogEntry, NodeRow, Status } from '../schema.ts'
import type { Key, RolloutView } from '../../core/index.ts'
import type { PolicyRow, RolloutRow } from './types.ts'
import type { Cel } from './filter.ts'

/** Policies as this node sees them, with how far each has come among those whom its selector chooses. */
export function policyRows(
  status: Pick<Status, 'policies'>,
  entries: readonly LogEntry[],
  nodes: readonly NodeRow[],
  cel: Cel,
  rollouts: readonly RolloutView[] = [],
): PolicyRow[] {
  const inWaves = new Map(rollouts.map((rollout) => [rollout.version.id, rollout]))
  const nodeNames = new Map(nodes.map(({ key, name }) => [key, name]))
  const byId = new Map(entries.map((entry) => [entry.id, entry]))
  const here = new Map(status.policies.map((policy) => [policy.policy, policy]))
  const names = new Set([...here.keys(), ...entries.flatMap(({ policy }) => policy ?? [])])
  return [...names].sort().map((policy) => {
    const own = here.get(policy)
    const versions = entries.filter((entry) => entry.policy === policy && entry.type === 'feed/version')
    // A key may be allowed to publish for other nodes only: what wins there is no winner here, and what wins here is long replaced there.
    const isOurs = own !== undefined && concernsHere(own)
    const newest = versions.filter(({ head, counts }) => head && counts).map(({ id }) => id)
    const heads = isOurs && own.heads.length > 0 ? own.heads : newest
    // A policy that selects other nodes only is told by its single head, which is what they run.
    const single = newest.length === 1 ? newest[0] : undefined
    const version = (isOurs ? own.winner : single) ?? own?.winner ?? single ?? null
    const entry = version === null ? undefined : byId.get(version)
    const selector = entry?.selector ?? versions[0]?.selector ?? ''
    const retired = entry?.action === 'retire'
    return {
      policy,
      version,
      seq: entry?.seq ?? own?.seq ?? null,
      ...shareOf(policy, new Set([version, single]), selector, nodes, cel),
      forked: heads.length > 1,
      heads: heads.map((id) => ({ id, seq: byId.get(id)?.seq ?? null, author: byId.get(id)?.author.name ?? '' })),
      author: entry?.author.name ?? '',
      by: entry?.by ?? '',
      message: entry?.message ?? '',
      publishedAt: entry?.at ?? null,
      retired,
      selector,
      here: isOurs,
      state: own?.state ?? 'unknown',
      code: own?.code ?? null,
      reason: own?.reason ?? 'this node is not selected',
      rollout: rolloutRow(inWaves.get(version ?? ''), (key) => nodeNames.get(key) ?? key.slice(0, 8)),
    }
  })
}

/** Not so: a policy that is known here and selects other nodes only. */
export const concernsHere = ({
  inForce,
  state,
  heads,
}: {
  readonly inForce: string | null
  readonly state: string
  readonly heads: readonly string[]
}): boolean => inForce !== null || state !== 'ok' || heads.length > 1

export function rolloutRow(view: RolloutView | undefined, nameOf: (key: Key) => string): RolloutRow | undefined {
  if (view === undefined) return undefined
  const { waves, mine, failed, failures, halted, rollout } = view
  return {
    waves: waves.map((wave) => ({ ...wave, opensInMs: wave.opensInMs && Math.ceil(wave.opensInMs) })),
    mine,
    soakMs: rollout.soakMs,
    maxFailures: rollout.maxFailures,
    failed,
    failures: failures.map(nameOf),
    halted,
  }
}

function shareOf(
  policy: string,
  /** What counts as in force: the winner here, and the one head, which may win on others. */
  versions: ReadonlySet<string | null | undefined>,
  selector: string,
  nodes: readonly NodeRow[],
  cel: Cel,
): Pick<PolicyRow, 'inForce' | 'of' | 'failed'> {
  let inForce = 0
  let of = 0
  let failed = 0
  for (const node of nodes) {
    const told = node.policies[policy]
    const isAway = node.state === 'away'
    if (isAway || (told === undefined && !chosen(selector, node, cel))) continue
    of++
    if (told?.state === 'failed') failed++
    if (told !== undefined && versions.has(told.version) && told.state === 'ok') inForce++
  }
  return { inForce, of, failed }
}

function chosen(selector: string, node: NodeRow, cel: Cel): boolean {
  // Facts came through the API's schema as plain JSON, which is what a selector's value is.
  const facts = node.facts as Parameters<Cel['evaluateSelector']>[1]['facts']
  const context = { labels: node.labels, facts, node: { name: node.name, id: node.id } }
  return selector !== '' && cel.evaluateSelector(selector, context).selected
}
