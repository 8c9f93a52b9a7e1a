import type { WaveState } from '../../core/index.ts'
import type { LogEntry, NodeRow, PolicyStatus, Status } from '../schema.ts'

/** What screens ask of a fleet: sums, groups and one page, never the whole. All times are ms since 1970 by the daemon's clock. */

export type Health = NodeRow['state']
export type Counts = Readonly<Partial<Record<Health, number>>>

/** What the charter in force gives to one key. */
export interface Rights {
  /** Line by line, for people. */
  readonly words: readonly string[]
  readonly verbs: readonly string[]
  readonly enrols: boolean
}

/** Sums of the fleet; the same size for any fleet. */
export interface Summary {
  readonly mesh: string
  readonly meshName: string
  readonly agent: string
  readonly self: {
    readonly name: string
    readonly id: string
    readonly labels: Readonly<Record<string, string>>
    readonly state: Health
    readonly provisional: boolean
    readonly observe: boolean
    readonly stale: boolean
    readonly hold: string | null
  }
  /** What the node's key may do; null while no charter is known. */
  readonly rights: Rights | null
  readonly nodes: number
  /** Nodes that count: all but those that are away. */
  readonly counted: number
  readonly converged: number
  readonly byState: Counts
  readonly peers: number
  readonly records: number
  readonly charter: { readonly n: number; readonly epoch: number }
  readonly heads: readonly HeadShare[]
  readonly agents: readonly (readonly [version: string, nodes: number])[]
  readonly alarms: Status['alarms']
  /** Names of labels that nodes carry, the most common first. */
  readonly labels: readonly string[]
  readonly spread: readonly Spread[]
  readonly traffic: TrafficLine
  readonly at: number
  /** Age of the oldest beacon among nodes that are not down, away or never heard; null if there is none. */
  readonly oldestMs: number | null
}

/** How far the winner of a policy has come. `of` is an estimate: whom the selector chooses, by labels and facts heard. */
export interface HeadShare {
  readonly policy: string
  readonly version: string | null
  readonly seq: number | null
  readonly inForce: number
  readonly of: number
  readonly forked: boolean
}

/**
 * How long one version took from its author's word to being in force, over the nodes whose change was heard here as it happened. An estimate:
 * two clocks and a beacon's way (about a second) are in it.
 */
export interface Spread {
  readonly policy: string
  readonly version: string
  readonly seq: number
  readonly at: number
  readonly nodes: number
  readonly p50Ms: number
  readonly p90Ms: number
  readonly p99Ms: number
  /** Nodes by time: each bucket's upper edge in ms (the last is open: null) and how many. */
  readonly buckets: readonly (readonly [toMs: number | null, nodes: number])[]
}

/** Bytes over this node's wires, by steps of equal length, oldest first; the newest step is whole. */
export interface TrafficLine {
  readonly stepMs: number
  readonly in: readonly number[]
  readonly out: readonly number[]
}

export interface Group {
  /** One value for each label asked for; empty where the node has none. */
  readonly values: readonly string[]
  readonly counts: Counts
  readonly nodes: number
}

/** Groups of one answer: more fit on no screen. */
export const GROUPS_MAX = 400
/** Most rows of one page: more than any screen has. */
export const PAGE_MAX = 500

export const SORTS = ['state', 'name', 'age', 'agent'] as const
export type Sort = (typeof SORTS)[number]

export interface NodeQuery {
  readonly sort: Sort
  readonly descending: boolean
  /** Part of a name, id or label value; or CEL over labels, facts and node, as in `select`. Empty: all. */
  readonly filter: string
  readonly problemsOnly: boolean
  readonly offset: number
  readonly limit: number
}

export interface NodePage {
  readonly rows: readonly NodeRow[]
  /** Where `rows` start; smaller than asked for when the list has become shorter. */
  readonly offset: number
  /** Nodes that match. */
  readonly total: number
  readonly all: number
  readonly at: number
  /** The filter is broken: nothing is shown until it is mended. */
  readonly error?: FilterError | undefined
}

export interface FilterError {
  readonly message: string
  /** 0-based place in the filter, if known. */
  readonly offset?: number | undefined
  readonly hint?: string | undefined
}

export interface PolicyRow extends HeadShare {
  readonly heads: readonly { readonly id: string; readonly seq: number | null; readonly author: string }[]
  readonly author: string
  readonly by: string
  readonly message: string
  readonly publishedAt: number | null
  readonly retired: boolean
  readonly selector: string
  /** Whether it concerns this node at all. */
  readonly here: boolean
  /** State on this node. */
  readonly state: Health
  readonly code: string | null
  readonly reason: string
  /** Nodes on which its newest run failed. */
  readonly failed: number
  /** Of a version that comes in waves: how far it is, as far as this node heard. Left out: all nodes at once. */
  readonly rollout?: RolloutRow | undefined
}

export interface RolloutRow {
  readonly waves: readonly WaveRow[]
  /** The wave of the node that answers, from 0; null: it is in none. */
  readonly mine: number | null
  readonly soakMs: number
  readonly maxFailures: number
  readonly failed: number
  /** Names of nodes that failed with it, a few. */
  readonly failures: readonly string[]
  readonly halted: boolean
}

/** Of nodes that are in no wave before it: `absent` are those that are away, down, held or unheard. */
export interface WaveRow {
  readonly label: string
  readonly nodes: number
  readonly done: number
  readonly failed: number
  readonly pending: number
  readonly absent: number
  readonly state: WaveState
  /** When it begins, if nothing happens; 0: it has begun; null: others have to say more first. */
  readonly opensInMs: number | null
}

/** One node: what its beacon says, and what it published itself. */
export interface NodeDetail {
  readonly row: NodeRow
  readonly at: number
  /** Entries that its key wrote, newest first, a few. */
  readonly records: readonly LogEntry[]
}

/** What one node tells of itself on request, to keys with the verb `observe` there. */
export interface Receipt {
  readonly at: number
  readonly agent: string
  readonly health: Health
  readonly observe: boolean
  readonly hold: { readonly reason: string; readonly until: number | null } | null
  /** Only policies that the grant covers. */
  readonly policies: PolicyStatus[]
  readonly peers: Status['peers']
  /** Newest first. */
  readonly runs: readonly Run[]
  /** The newest events of level info and above, oldest first. */
  readonly log: readonly LoggedEvent[]
  /** What was left out because it was too much, in words; empty: nothing. */
  readonly cut: readonly string[]
}

export interface Run {
  readonly at: number
  readonly why: string
  readonly ms: number
  readonly handsOff: string | null
  readonly converged: boolean
  /** All but those that were kept as they are; with diffs where there are any. */
  readonly outcomes: PolicyStatus['outcomes']
  readonly kept: number
}

export interface LoggedEvent {
  readonly at: number
  readonly kind: string
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
}
