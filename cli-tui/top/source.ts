import type { LogEntry, NodeRow, PolicyStatus, Status } from '../../node/control/index.ts'

/**
 * What the screens show a mesh through: a daemon (`daemon-source.ts`), a fleet in memory (`testing/`), later a simulation. No screen ever
 * holds the whole fleet: it asks for sums, groups and one page.
 */
export interface MeshSource {
  /** Sums of the fleet; the same size for any fleet. Rejects while nothing was ever heard. */
  summary(): Promise<Summary>
  /** Counts by the values of one or two labels, largest first, at most GROUPS_MAX. */
  groups(by: readonly string[]): Promise<readonly Group[]>
  page(query: NodeQuery): Promise<NodePage>
  policies(): Promise<readonly PolicyRow[]>
  /** Versions of a policy, newest first, at most LOG_MAX. */
  log(policy: string): Promise<readonly LogEntry[]>
  /** One node by id, or undefined if it is not (or no longer) a member. */
  node(id: string): Promise<NodeDetail | undefined>
  /** Events after number `since`, oldest first, at most EVENTS_MAX. */
  events(since: number): Promise<readonly SeenEvent[]>
  /** Whether the daemon is there. What was heard before stays on screen, marked with its age. */
  connection(): Connection
  /** Called (not more often than a screen can draw) when any answer may have changed. Returns how to stop. */
  subscribe(onChange: () => void): () => void
  /** What can be done from here, each with the reason if not. */
  actions(): readonly ActionState[]
  /** Does it, and gives one sentence of what became of it. Rejects with an error that has a code. */
  act(request: ActionRequest): Promise<string>
  close(): void
}

/** Groups of one answer: more fit on no screen. */
export const GROUPS_MAX = 400
export const LOG_MAX = 200
/** Events that are kept to look back at. */
export const EVENTS_MAX = 1000

export type Health = NodeRow['state']
export type Counts = Readonly<Partial<Record<Health, number>>>

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
  /** What the node's key may do, in words; null while that is not known. */
  readonly rights: readonly string[] | null
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
  /** Names of labels that nodes carry. */
  readonly labels: readonly string[]
  /** When this was true, ms since 1970 by the local clock. */
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

export interface Group {
  /** One value for each label asked for; empty where the node has none. */
  readonly values: readonly string[]
  readonly counts: Counts
  readonly nodes: number
}

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
  readonly error?: FilterError
}

export interface FilterError {
  readonly message: string
  /** 0-based place in the filter, if known. */
  readonly offset: number | undefined
  readonly hint: string | undefined
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
}

export interface NodeDetail {
  readonly row: NodeRow
  readonly at: number
  /** Outcomes and diffs of this machine; null for others, which do not tell them. */
  readonly policies: readonly PolicyStatus[] | null
  readonly peers: Status['peers'] | null
  readonly hold: string | null
}

export interface SeenEvent {
  /** Counts up from 1 while the screen is open. */
  readonly n: number
  readonly at: number
  readonly kind: string
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
}

export type Connection =
  | { readonly state: 'connecting' }
  | { readonly state: 'up' }
  | { readonly state: 'lost'; readonly since: number; readonly why: string; readonly retryAt: number }

export const ACTIONS = ['publish', 'rollback', 'retire', 'hold', 'unhold', 'invite'] as const
export type ActionName = (typeof ACTIONS)[number]

export interface ActionState {
  readonly name: ActionName
  /** Why it cannot be done; null if it can. */
  readonly disabled: string | null
}

export interface ActionRequest {
  readonly name: ActionName
  /** A folder, a policy, a reason or a node's name, as the action wants. */
  readonly arg: string
}
