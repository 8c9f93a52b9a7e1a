import type { ControlClient, LogEntry, NodeRow, Status } from '../../node/control/index.ts'
import type { Cel } from './derive/filter.ts'
import { listOf } from './derive/list.ts'
import type { NodeList } from './derive/list.ts'
import { Pager } from './derive/page.ts'
import { policyRows } from './derive/policies.ts'
import { actionStates, rightsOf } from './derive/rights.ts'
import type { Rights } from './derive/rights.ts'
import { groupsOf, labelNames, sumsOf } from './derive/sums.ts'
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
  SeenEvent,
  Summary,
} from './source.ts'

/** Between looks at a mesh where nothing happens: ages of beacons grow without an event. */
const IDLE_MS = 3000
/** Events come in bursts; one look answers all of a burst. */
const BURST_MS = 250
/** First and longest pause before trying a lost daemon again; doubled in between. */
const RETRY_MS = { first: 500, most: 10_000 } as const

interface Look {
  readonly status: Status
  readonly nodes: readonly NodeRow[]
  readonly list: NodeList
  readonly at: number
}

export interface DaemonSourceOptions {
  readonly client: Pick<ControlClient, 'status' | 'nodes' | 'log' | 'record' | 'events'>
  readonly act: (request: ActionRequest) => Promise<string>
  readonly now: () => number
}

const loadCel = async (): Promise<Cel> => {
  const { checkSelector, evaluateSelector } = await import('../../policies/index.ts')
  return { checkSelector, evaluateSelector }
}

/**
 * A mesh through the control API. The daemon serves status, nodes, log and events; sums and pages are derived from them here, and only
 * here: when it serves `summary` and `page`, these methods ask for them instead.
 */
export class DaemonSource implements MeshSource {
  readonly #client: DaemonSourceOptions['client']
  readonly #now: () => number
  readonly #listeners = new Set<() => void>()
  readonly #events: SeenEvent[] = []
  readonly #pager = new Pager(loadCel)
  readonly #stop = new AbortController()
  readonly act: (request: ActionRequest) => Promise<string>
  #look: Look | undefined
  #rights: { readonly tip: string; readonly rights: Rights } | undefined
  #connection: Connection = { state: 'connecting' }
  #eventCount = 0
  #version = 0
  #retryMs: number = RETRY_MS.first
  #timer: NodeJS.Timeout | undefined
  #dueAt = Number.POSITIVE_INFINITY
  #failure: unknown
  #looking = false
  #streaming = false

  constructor({ client, act, now }: DaemonSourceOptions) {
    this.#client = client
    this.#now = now
    this.act = act
  }

  /** The first look; rejects if no daemon answers, so that `chorus top` can say it before it takes the screen. */
  async start(): Promise<void> {
    await this.#refresh()
    if (this.#connection.state === 'lost') throw this.#failure
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
    const held = this.#look !== undefined && this.#look.status.hold !== null
    return actionStates(this.#rights?.rights ?? null, this.#connection.state === 'lost', held)
  }

  async summary(): Promise<Summary> {
    const { status, list, at } = this.#last()
    return {
      mesh: status.mesh,
      meshName: status.meshName,
      agent: status.agent,
      self: {
        ...status.node,
        state: status.health,
        observe: status.observe,
        stale: status.stale,
        hold: status.hold?.reason ?? null,
      },
      rights: this.#rights?.rights.words ?? null,
      ...sumsOf(list),
      peers: status.peers.length,
      records: status.ledger.records,
      charter: { n: status.charter.n, epoch: status.charter.epoch },
      heads: await this.policies(),
      alarms: status.alarms,
      labels: labelNames(list),
      at,
    }
  }

  groups(by: readonly string[]): Promise<readonly Group[]> {
    return Promise.resolve(groupsOf(this.#last().list, by))
  }

  page(query: NodeQuery): Promise<NodePage> {
    const { list, at } = this.#last()
    return this.#pager.page(list, query, at)
  }

  async policies(): Promise<readonly PolicyRow[]> {
    const { status, nodes } = this.#last()
    const [{ entries }, cel] = await Promise.all([this.#client.log(undefined, EVENTS_MAX), loadCel()])
    return policyRows(status, entries, nodes, cel)
  }

  async log(policy: string): Promise<readonly LogEntry[]> {
    return (await this.#client.log(policy, LOG_MAX)).entries
  }

  node(id: string): Promise<NodeDetail | undefined> {
    const { status, nodes, at } = this.#last()
    const row = nodes.find((node) => node.id === id)
    if (row === undefined) return Promise.resolve(undefined)
    return Promise.resolve({
      row,
      at,
      policies: row.self ? status.policies : null,
      peers: row.self ? status.peers : null,
      hold: row.self ? (status.hold?.reason ?? null) : null,
    })
  }

  events(since: number): Promise<readonly SeenEvent[]> {
    return Promise.resolve(this.#events.filter(({ n }) => n > since))
  }

  close(): void {
    this.#stop.abort()
    clearTimeout(this.#timer)
    this.#listeners.clear()
  }

  #last(): Look {
    if (this.#look === undefined) throw new Error('nothing was heard from the daemon yet')
    return this.#look
  }

  async #refresh(): Promise<void> {
    if (this.#looking || this.#stop.signal.aborted) return
    this.#looking = true
    try {
      const [status, { nodes }] = await Promise.all([this.#client.status(), this.#client.nodes()])
      this.#look = { status, nodes, list: listOf(nodes, ++this.#version), at: this.#now() }
      await this.#readRights(status)
      this.#connection = { state: 'up' }
      this.#retryMs = RETRY_MS.first
      this.#plan(IDLE_MS)
      if (!this.#streaming && this.#version > 1) this.#follow()
    } catch (error) {
      this.#lose(error)
    } finally {
      this.#looking = false
    }
    this.#tell()
  }

  /** Grants of the node's own key, read again when another charter is in force. */
  async #readRights(status: Status): Promise<void> {
    const [tip] = status.charter.tips
    if (tip === undefined || this.#rights?.tip === tip) return
    const { body } = await this.#client.record(tip)
    this.#rights = { tip, rights: rightsOf(body, status.node.key) }
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
      for await (const { at, kind, level, message } of this.#client.events(this.#stop.signal)) {
        this.#events.push({ n: ++this.#eventCount, at, kind, level, message })
        if (this.#events.length > EVENTS_MAX) this.#events.splice(0, this.#events.length - EVENTS_MAX)
        this.#plan(BURST_MS)
      }
      this.#lose(new Error('the daemon has ended'))
    } catch (error) {
      this.#lose(error)
    }
    this.#tell()
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}
