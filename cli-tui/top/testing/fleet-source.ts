import type { LogEntry, PolicyStatus } from '../../../node/control/index.ts'
import * as cel from '../../../policies/index.ts'
import { actionStates } from '../derive/rights.ts'
import { Pager } from '../derive/page.ts'
import { groupsOf, labelNames, sumsOf } from '../derive/sums.ts'
import type {
  ActionRequest,
  ActionState,
  Connection,
  Group,
  MeshSource,
  NodeDetail,
  NodePage,
  NodeQuery,
  PolicyRow,
  SeenEvent,
  Summary,
} from '../source.ts'
import { Fleet } from './fleet.ts'
import { EVENTS, FLEET_NOW, logOf, policiesOf, statusOf } from './story.ts'

/** A mesh without a mesh: answers as a daemon would, from a fleet in memory. For tests, goldens and the benchmark. */
export class FleetSource implements MeshSource {
  readonly fleet: Fleet
  /** What was asked to be done, oldest first. */
  readonly done: ActionRequest[] = []
  readonly #listeners = new Set<() => void>()
  readonly #pager = new Pager(() => Promise.resolve(cel))
  readonly #events: SeenEvent[] = EVENTS.map((event, index) => ({ ...event, n: index + 1 }))
  readonly #rights: { verbs: ReadonlySet<string>; enrols: boolean; words: readonly string[] }
  #connection: Connection = { state: 'up' }
  #summary: { readonly version: number; readonly summary: Summary } | undefined

  constructor(nodes: number, { mayPublish = true }: { readonly mayPublish?: boolean } = {}) {
    this.fleet = new Fleet(nodes)
    this.#rights = mayPublish
      ? { verbs: new Set(['publish', 'retire']), enrols: true, words: ['publish, retire on web/*', 'enrol nodes'] }
      : { verbs: new Set(), enrols: false, words: [] }
  }

  connection(): Connection {
    return this.#connection
  }

  subscribe(onChange: () => void): () => void {
    this.#listeners.add(onChange)
    return () => this.#listeners.delete(onChange)
  }

  actions(): readonly ActionState[] {
    return actionStates(this.#rights, this.#connection.state === 'lost', false)
  }

  act(request: ActionRequest): Promise<string> {
    this.done.push(request)
    return request.arg === 'no/such'
      ? Promise.reject(new Error('no version of "no/such" is known here'))
      : Promise.resolve(`${request.name} ${request.arg}: done`)
  }

  summary(): Promise<Summary> {
    const { version } = this.fleet
    if (this.#summary?.version !== version) {
      const summary = {
        ...statusOf(this.fleet),
        rights: this.#rights.words,
        ...sumsOf(this.fleet),
        heads: policiesOf(this.fleet),
        labels: labelNames(this.fleet),
        at: FLEET_NOW,
      }
      this.#summary = { version, summary }
    }
    return Promise.resolve(this.#summary.summary)
  }

  groups(by: readonly string[]): Promise<readonly Group[]> {
    return Promise.resolve(groupsOf(this.fleet, by))
  }

  page(query: NodeQuery): Promise<NodePage> {
    return this.#pager.page(this.fleet, query, FLEET_NOW)
  }

  policies(): Promise<readonly PolicyRow[]> {
    return Promise.resolve(policiesOf(this.fleet))
  }

  log(policy: string): Promise<readonly LogEntry[]> {
    return Promise.resolve(logOf(policy))
  }

  node(id: string): Promise<NodeDetail | undefined> {
    const row = this.fleet.byId(id)
    if (row === undefined) return Promise.resolve(undefined)
    const policies: readonly PolicyStatus[] | null = row.self ? this.fleet.ownPolicies() : null
    return Promise.resolve({ row, at: FLEET_NOW, policies, peers: row.self ? this.fleet.ownPeers() : null, hold: null })
  }

  events(since: number): Promise<readonly SeenEvent[]> {
    return Promise.resolve(this.#events.filter(({ n }) => n > since))
  }

  close(): void {
    this.#listeners.clear()
  }

  /** The daemon dies, or comes back. */
  lose(why: string | undefined): void {
    this.#connection =
      why === undefined ? { state: 'up' } : { state: 'lost', since: FLEET_NOW, why, retryAt: FLEET_NOW + 4000 }
    this.tell()
  }

  happen(event: Omit<SeenEvent, 'n'>): void {
    this.#events.push({ ...event, n: (this.#events.at(-1)?.n ?? 0) + 1 })
    this.tell()
  }

  tell(): void {
    for (const listener of this.#listeners) listener()
  }
}
