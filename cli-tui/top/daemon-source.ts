import type { ControlClient, LogEntry } from '../../node/control/index.ts'
import { actionStates } from './derive/actions.ts'
import { EVENTS_MAX, LOG_MAX } from './source.ts'
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
  SeenEvent,
  Summary,
} from './source.ts'

/** Between looks at a mesh where nothing happens: ages of beacons grow without an event. */
const IDLE_MS = 3000
/** Events come in bursts; one look answers all of a burst. */
const BURST_MS = 250
/** First and longest pause before trying a lost daemon again; doubled in between. */
const RETRY_MS = { first: 500, most: 10_000 } as const
/** Between two questions to one node; what it tells changes with its runs. */
const RECEIPT_MS = 3000
/** Events that happened before the screen was opened. */
const HISTORY = 200

export interface DaemonSourceOptions {
  readonly client: Pick<
    ControlClient,
    'summary' | 'groups' | 'page' | 'policies' | 'node' | 'receipt' | 'history' | 'log' | 'events'
  >
  readonly act: (request: ActionRequest) => Promise<string>
  readonly now: () => number
  /** Why nothing can be signed with a root key of this mesh from here; null if one is at hand. Asked once. */
  readonly noRoot: (mesh: string) => string | null
}

/** A mesh through the control API. Counting, sorting and filtering is the daemon's work: only what shows comes here. */
export class DaemonSource implements MeshSource {
  readonly #client: DaemonSourceOptions['client']
  readonly #now: () => number
  readonly #askRoot: DaemonSourceOptions['noRoot']
  #noRoot: string | null = 'the mesh is not known yet'
  readonly #listeners = new Set<() => void>()
  readonly #events: SeenEvent[] = []
  readonly #stop = new AbortController()
  readonly act: (request: ActionRequest) => Promise<string>
  #summary: Summary | undefined
  #connection: Connection = { state: 'connecting' }
  #eventCount = 0
  #retryMs: number = RETRY_MS.first
  #timer: NodeJS.Timeout | undefined
  #dueAt = Number.POSITIVE_INFINITY
  #failure: unknown
  #receipt: { readonly id: string; readonly at: number; readonly told: Promise<Receipt> } | undefined
  #looking = false
  #streaming = false

  constructor({ client, act, now, noRoot }: DaemonSourceOptions) {
    this.#client = client
    this.#now = now
    this.#askRoot = noRoot
    this.act = act
  }

  /** The first look; rejects if no daemon answers, so that `chorus top` can say it before it takes the screen. */
  async start(): Promise<void> {
    await this.#refresh()
    if (this.#connection.state === 'lost') throw this.#failure
    this.#noRoot = this.#askRoot((await this.summary()).mesh)
    const { events } = await this.#client.history(HISTORY)
    for (const event of events) this.#keep(event)
    this.#follow()
  }

  connection(): Connection {
    return this.#connection
  }

  subscribe(onChange: () => void): () => void {
    this.#listeners.add(onChange)
    return () => this.#listeners.delete(onChange)
  }

  actions(): readonly ActionState[] {
    const held = this.#summary !== undefined && this.#summary.self.hold !== null
    return actionStates(this.#summary?.rights ?? null, {
      lost: this.#connection.state === 'lost',
      held,
      noRoot: this.#noRoot,
    })
  }

  async summary(): Promise<Summary> {
    if (this.#summary === undefined) throw new Error('nothing was heard from the daemon yet')
    return await Promise.resolve(this.#summary)
  }

  async groups(by: readonly string[]): Promise<readonly Group[]> {
    return (await this.#client.groups(by)).groups
  }

  page(query: NodeQuery): Promise<NodePage> {
    return this.#client.page(query)
  }

  async policies(): Promise<readonly PolicyRow[]> {
    return (await this.#client.policies()).policies
  }

  async log(policy: string): Promise<readonly LogEntry[]> {
    return (await this.#client.log(policy, LOG_MAX)).entries
  }

  async node(id: string): Promise<NodeDetail | undefined> {
    try {
      return await this.#client.node(id)
    } catch (error) {
      if (error instanceof Error && Reflect.get(error, 'code') === 'E_NOT_FOUND') return undefined
      throw error
    }
  }

  /** Asked of another machine: not at every change here, but every few seconds. */
  receipt(id: string): Promise<Receipt> {
    const asked = this.#receipt
    if (asked !== undefined && asked.id === id && this.#now() - asked.at < RECEIPT_MS) return asked.told
    const told = this.#client.receipt(id)
    this.#receipt = { id, at: this.#now(), told }
    return told
  }

  events(since: number): Promise<readonly SeenEvent[]> {
    return Promise.resolve(this.#events.filter(({ n }) => n > since))
  }

  close(): void {
    this.#stop.abort()
    clearTimeout(this.#timer)
    this.#listeners.clear()
  }

  async #refresh(): Promise<void> {
    if (this.#looking || this.#stop.signal.aborted) return
    this.#looking = true
    try {
      const first = this.#summary === undefined
      this.#summary = await this.#client.summary()
      this.#connection = { state: 'up' }
      this.#retryMs = RETRY_MS.first
      this.#plan(IDLE_MS)
      if (!this.#streaming && !first) this.#follow()
    } catch (error) {
      this.#lose(error)
    } finally {
      this.#looking = false
    }
    this.#tell()
  }

  #lose(error: unknown): void {
    if (this.#stop.signal.aborted) return
    this.#failure = error
    const since = this.#connection.state === 'lost' ? this.#connection.since : this.#now()
    const why = error instanceof Error ? error.message : String(error)
    this.#connection = { state: 'lost', since, why, retryAt: this.#now() + this.#retryMs }
    this.#plan(this.#retryMs)
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS.most)
  }

  /** Looks again after `ms`, or sooner if that is planned already: a stream of events must not put it off for ever. */
  #plan(ms: number): void {
    const dueAt = this.#now() + ms
    if (this.#stop.signal.aborted || this.#dueAt <= dueAt) return
    this.#dueAt = dueAt
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#dueAt = Number.POSITIVE_INFINITY
      void this.#refresh()
    }, ms)
  }

  /** Reads the event stream until it breaks; its end is the first sign of a daemon that died. */
  #follow(): void {
    this.#streaming = true
    void this.#read().finally(() => {
      this.#streaming = false
    })
  }

  async #read(): Promise<void> {
    try {
      for await (const event of this.#client.events(this.#stop.signal)) {
        this.#keep(event)
        this.#plan(BURST_MS)
      }
      this.#lose(new Error('the daemon has ended'))
    } catch (error) {
      this.#lose(error)
    }
    this.#tell()
  }

  #keep({ at, kind, level, message }: Omit<SeenEvent, 'n'>): void {
    this.#events.push({ n: ++this.#eventCount, at, kind, level, message })
    if (this.#events.length > EVENTS_MAX) this.#events.splice(0, this.#events.length - EVENTS_MAX)
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}
