import type { Key } from '../core/index.ts'
import { matchesPattern } from '../core/index.ts'
import type { Receipt, Run } from '../control/index.ts'
import type { History } from '../control/fleet/history.ts'
import { statusView } from '../control/views/status.ts'
import { identityOf, nowOf } from '../control/views/world.ts'
import type { NodeWorld } from '../control/views/world.ts'
import type { RunReport } from './converger.ts'

/** Bounds of what one node tells of itself. Bytes of JSON, and counts. */
export const RECEIPT_LIMITS = {
  /** Runs that are kept: the last ones that changed or failed something, and the newest. */
  runs: 10,
  /** One diff; the rest is cut off and said. */
  diffBytes: 8 * 1024,
  /** Outcomes of one policy or run. */
  outcomes: 500,
  log: 50,
  /** The whole answer: parts go one after another (old runs, log, diffs, outcomes) until it fits. */
  bytes: 256 * 1024,
} as const

/** The last runs of this node, newest first: the newest in any case, older ones only if they did something. */
export class RunList {
  #runs: readonly Run[] = []

  add(report: RunReport, at: number): void {
    const { why, ms, handsOff, converged, outcomes } = report
    const told = outcomes.filter(({ state }) => state !== 'kept')
    const run: Run = {
      at,
      why,
      ms: Math.round(ms),
      handsOff,
      converged,
      outcomes: told.slice(0, RECEIPT_LIMITS.outcomes).map((outcome) => ({ ...outcome })),
      kept: outcomes.length - told.length,
    }
    this.#runs = [run, ...this.#runs.filter((old) => old.outcomes.length > 0)].slice(0, RECEIPT_LIMITS.runs)
  }

  get list(): readonly Run[] {
    return this.#runs
  }
}

export interface Known {
  readonly world: () => NodeWorld
  readonly runs: RunList
  readonly history: History
}

/**
 * What this node tells `reader` of itself: all to itself; to others the policies that their grants with the verb `observe` cover on this node;
 * null to anybody else. Values of secrets are not in outcomes at all: the run leaves them out where they are made.
 */
export function receiptFor({ world, runs, history }: Known, reader: Key): Receipt | null {
  const now = world()
  const patterns = reader === now.self ? ['*'] : observed(now, reader)
  if (patterns.length === 0) return null
  const covers = (policy: string): boolean => patterns.some((pattern) => matchesPattern(pattern, policy))
  const { agent, health, observe, hold, policies, peers } = statusView(now)
  const whole: Receipt = {
    at: nowOf(now),
    agent,
    health,
    observe,
    hold,
    policies: policies.filter(({ policy }) => covers(policy)),
    peers,
    runs: runs.list.map((run) => ({ ...run, outcomes: run.outcomes.filter(({ policy }) => covers(policy)) })),
    // Events tell of all policies.
    log: patterns.includes('*') ? history.last(RECEIPT_LIMITS.log) : [],
    cut: [],
  }
  return fitted(whole)
}

/** Patterns of policies that a key may look at on this node, by the charters in force. */
function observed(world: NodeWorld, reader: Key): readonly string[] {
  const { ledger } = world.view
  const role = ledger.roleOf(reader)
  if (role === null || !role.everywhere) return []
  const self = identityOf(world)
  const now = nowOf(world)
  return role.grants
    .filter(({ verbs }) => verbs.includes('observe'))
    .filter(({ expires }) => expires === undefined || now <= expires)
    .filter(({ selector }) => ledger.env.selects(selector, self))
    .flatMap(({ policies }) => policies)
}

type Outcomes = Run['outcomes']

const CUTS: readonly (readonly [said: string, cut: (receipt: Receipt) => Receipt])[] = [
  [
    `diffs beyond ${RECEIPT_LIMITS.diffBytes / 1024} KiB`,
    (receipt) => eachOutcomes(receipt, (all) => all.map(shortDiff)),
  ],
  ['older runs', (receipt) => ({ ...receipt, runs: receipt.runs.slice(0, 1) })],
  ['log', (receipt) => ({ ...receipt, log: [] })],
  ['diffs', (receipt) => eachOutcomes(receipt, (all) => all.map((outcome) => ({ ...outcome, diff: '' })))],
  ['runs', (receipt) => ({ ...receipt, runs: [] })],
  ['resources that are as they should be', (receipt) => eachOutcomes(receipt, (all) => all.filter(isNews))],
  ['outcomes', (receipt) => eachOutcomes(receipt, () => [])],
]

/** Gives parts up until the rest fits. Long diffs are cut in any case. */
function fitted(receipt: Receipt): Receipt {
  let rest = receipt
  const cut: string[] = []
  for (const [index, [said, without]] of CUTS.entries()) {
    const next = without(rest)
    if (index > 0 && sizeOf(rest) <= RECEIPT_LIMITS.bytes) break
    if (JSON.stringify(next) !== JSON.stringify(rest)) cut.push(said)
    rest = next
  }
  return { ...rest, cut }
}

const sizeOf = (receipt: Receipt): number => Buffer.byteLength(JSON.stringify(receipt))

const isNews = ({ state }: Outcomes[number]): boolean => state !== 'kept'

function shortDiff(outcome: Outcomes[number]): Outcomes[number] {
  const { diff } = outcome
  if (diff === undefined || diff.length <= RECEIPT_LIMITS.diffBytes) return outcome
  const kept = diff.slice(0, RECEIPT_LIMITS.diffBytes)
  return { ...outcome, diff: `${kept.slice(0, kept.lastIndexOf('\n') + 1)}(${diff.length - kept.length} more)\n` }
}

const eachOutcomes = (receipt: Receipt, change: (all: Outcomes) => Outcomes): Receipt => ({
  ...receipt,
  policies: receipt.policies.map((policy) => ({ ...policy, outcomes: change(policy.outcomes) })),
  runs: receipt.runs.map((run) => ({ ...run, outcomes: change(run.outcomes) })),
})
