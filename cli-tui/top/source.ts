import type {
  Group,
  LogEntry,
  NodeDetail,
  NodePage,
  NodeQuery,
  PolicyRow,
  Receipt,
  Summary,
} from '../../node/control/index.ts'

export { SORTS } from '../../node/control/index.ts'
export type {
  FilterError,
  Group,
  HeadShare,
  Health,
  NodeDetail,
  NodePage,
  NodeQuery,
  PolicyRow,
  Receipt,
  Rights,
  Sort,
  Spread,
  Summary,
} from '../../node/control/index.ts'

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
  /** What one node tells of itself; asked over the mesh. Rejects with the reason if it does not. */
  receipt(id: string): Promise<Receipt>
  /** Events after number `since`, oldest first, at most EVENTS_MAX. */
  events(since: number): Promise<readonly SeenEvent[]>
  /** Whether the daemon is there. What was heard before stays on screen, marked with its age. */
  connection(): Connection
  /** What stands in place of "live": a simulation's clock. */
  banner?(): string
  /** Called (not more often than a screen can draw) when any answer may have changed. Returns how to stop. */
  subscribe(onChange: () => void): () => void
  /** What can be done from here, each with the reason if not. */
  actions(): readonly ActionState[]
  /** Does it, and gives what it said: a sentence, or a page of lines. Rejects with an error that has a code. */
  act(request: ActionRequest): Promise<string>
  close(): void
}

export const LOG_MAX = 200
/** Events that are kept to look back at. */
export const EVENTS_MAX = 1000

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

export const ACTIONS = ['publish', 'rollback', 'retire', 'revoke', 'hold', 'unhold', 'invite', 'show', 'diff'] as const
/** What only a simulation offers: time, and faults. */
export const SIM_ACTIONS = [
  'pause',
  'faster',
  'slower',
  'crash',
  'restart',
  'drift',
  'partition',
  'heal',
  'loss',
] as const
export type ActionName = (typeof ACTIONS)[number] | (typeof SIM_ACTIONS)[number]

export interface ActionState {
  readonly name: ActionName
  /** Why it cannot be done; null if it can. */
  readonly disabled: string | null
}

export interface ActionRequest {
  readonly name: ActionName
  /** A folder, a policy (`web/site` or `web/site@3`), a reason or a node's name, as the action wants. */
  readonly arg: string
}
