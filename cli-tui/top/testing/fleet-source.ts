import type { LogEntry } from '../../../node/control/index.ts'
import * as cel from '../../../policies/index.ts'
import { groupsOf, labelNames, Pager, sumsOf } from '../../../node/control/index.ts'
import { Fleet } from '../../../node/control/testing/fleet.ts'
import { FLEET_NOW, logOf } from '../../../node/control/testing/log.ts'
import { actionStates } from '../derive/actions.ts'
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
  Receipt,
  Rights,
  SeenEvent,
  Summary,
} from '../source.ts'
import { EVENTS, paceOf, policiesOf, receiptOf, statusOf } from './story.ts'

/** Actions that answer with more than a line. */
const SAID: Readonly<Partial<Record<ActionRequest['name'], string>>> = {
  invite: `chorus1${'x'.repeat(400)}\nFor 1 machine. The token is a secret.`,
  diff: 'web/site@6 → @7\n-worker_processes 1;\n+worker_processes auto;',
}

/** A mesh without a mesh: answers as a daemon would, from a fleet in memory. For tests, goldens and the benchmark. */
export class FleetSource implements MeshSource {
  readonly fleet: Fleet
  /** What was asked to be done, oldest first. */
  readonly done: ActionRequest[] = []
  readonly #listeners = new Set<() => void>()
  readonly #pager = new Pager(() => Promise.resolve(cel))
  readonly #events: SeenEvent[] = EVENTS.map((event, index) => ({ ...event, n: index + 1 }))
  readonly #rights: Rights
  #connection: Connection = { state: 'up' }
  #summary: { readonly version: number; readonly summary: Summary } | undefined

  constructor(nodes: number, { mayPublish = true }: { readonly mayPublish?: boolean } = {}) {
    this.fleet = new Fleet(nodes)
    this.#rights = mayPublish
      ? { verbs: ['publish', 'retire'], enrols: true, words: ['publish, retire on web/*', 'enrol nodes'] }
      : { verbs: [], enrols: false, words: [] }
  }

  connection(): Connection {
    return this.#connection
  }

  subscribe(onChange: () => void): () => void {
    this.#listeners.add(onChange)
    return () => this.#listeners.delete(onChange)
  }

  actions(): readonly ActionState[] {
    return actionStates(this.#rights, {
      lost: this.#connection.state === 'lost',
      held: false,
      noRoot: this.#rights.enrols ? null : 'the root key of this mesh is not on this machine',
    })
  }

  act(request: ActionRequest): Promise<string> {
    this.done.push(request)
    if (request.arg === 'no/such') return Promise.reject(new Error('no version of "no/such" is known here'))
    return Promise.resolve(SAID[request.name] ?? `${request.name} ${request.arg}: done`)
  }

  summary(): Promise<Summary> {
    const { version } = this.fleet
    if (this.#summary?.version !== version) {
      const summary = {
        ...statusOf(this.fleet),
        rights: this.#rights,
        ...paceOf(this.fleet),
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
    return Promise.resolve({ row, at: FLEET_NOW, records: logOf('web/site').slice(0, 2) })
  }

  receipt(id: string): Promise<Receipt> {
    const row = this.fleet.byId(id)
    return row === undefined || row.state === 'down'
      ? Promise.reject(new Error('That node cannot be asked from here: it does not answer.'))
      : Promise.resolve(receiptOf(this.fleet, row))
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
