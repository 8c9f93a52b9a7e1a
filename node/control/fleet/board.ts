import { ControlError } from '../errors.ts'
import type { NodeRow } from '../schema.ts'
import { nodeRows } from '../views/nodes.ts'
import { entriesOf, logEntries } from '../views/records.ts'
import { statusView } from '../views/status.ts'
import { identityOf, nowOf } from '../views/world.ts'
import type { NodeWorld } from '../views/world.ts'
import type { Cel } from './filter.ts'
import { listOf } from './list.ts'
import type { NodeList } from './list.ts'
import { Pager } from './page.ts'
import { policyRows } from './policies.ts'
import { rightsOf } from './rights.ts'
import type { SpreadTimes } from './spread.ts'
import { groupsOf, labelNames, sumsOf } from './sums.ts'
import type { TrafficSteps } from './traffic.ts'
import type { Group, NodeDetail, NodePage, NodeQuery, PolicyRow, Summary } from './types.ts'

/** Rows are made again when they are asked for after this: several screens, or several questions of one, share them. */
const FRESH_MS = 500
/** Entries of the log that policies are told from: the newest of each policy suffice. */
const LOG_MAX = 64
/** Entries of one node's feed on its screen. */
const RECORDS_MAX = 20

export interface BoardOptions {
  readonly world: () => NodeWorld
  readonly now: () => number
  readonly spread: SpreadTimes
  readonly traffic: TrafficSteps
}

interface Look {
  readonly world: NodeWorld
  readonly list: NodeList
  readonly rows: readonly NodeRow[]
  readonly at: number
  policies?: Promise<readonly PolicyRow[]>
}

const loadCel = async (): Promise<Cel> => {
  const { checkSelector, evaluateSelector } = await import('../../../policies/index.ts')
  return { checkSelector, evaluateSelector }
}

/** The fleet for screens: counted, sorted and filtered here, beside what is known, so that no screen pulls the whole of it. */
export class FleetBoard {
  readonly #options: BoardOptions
  readonly #pager = new Pager(loadCel)
  #look: Look | undefined
  #version = 0

  constructor(options: BoardOptions) {
    this.#options = options
  }

  async summary(): Promise<Summary> {
    const { world, list, at } = this.#fresh()
    const status = statusView(world)
    const charter = world.view.ledger.charters.current
    return {
      mesh: status.mesh,
      meshName: status.meshName,
      agent: status.agent,
      self: {
        name: status.node.name,
        id: status.node.id,
        labels: status.node.labels,
        provisional: status.node.provisional,
        state: status.health,
        observe: status.observe,
        stale: status.stale,
        hold: status.hold?.reason ?? null,
      },
      rights: charter === null ? null : rightsOf({ ...charter.body }, world.self),
      ...sumsOf(list),
      peers: status.peers.length,
      records: status.ledger.records,
      charter: { n: status.charter.n, epoch: status.charter.epoch },
      heads: (await this.policies()).filter(({ retired }) => !retired),
      alarms: status.alarms,
      labels: labelNames(list),
      spread: this.#options.spread.list(),
      traffic: this.#options.traffic.line(),
      at,
    }
  }

  groups(by: readonly string[]): readonly Group[] {
    return groupsOf(this.#fresh().list, by)
  }

  page(query: NodeQuery): Promise<NodePage> {
    const { list, at } = this.#fresh()
    return this.#pager.page(list, query, at)
  }

  policies(): Promise<readonly PolicyRow[]> {
    const look = this.#fresh()
    return (look.policies ??= this.#policiesOf(look))
  }

  /** @throws ControlError E_NOT_FOUND */
  node(id: string): NodeDetail {
    const { rows, world, at } = this.#fresh()
    const row = rows.find((node) => node.id === id)
    if (row === undefined) throw new ControlError('E_NOT_FOUND', `No member of the mesh has the id ${id}.`)
    const { ledger } = world.view
    const records = entriesOf({ ledger, self: identityOf(world), now: nowOf(world), max: RECORDS_MAX }, row.key)
    return { row, at, records }
  }

  /** What was counted last, without counting again. */
  get rows(): readonly NodeRow[] {
    return this.#fresh().rows
  }

  async #policiesOf({ world, rows }: Look): Promise<readonly PolicyRow[]> {
    const cel = await loadCel()
    const { ledger } = world.view
    const [self, now] = [identityOf(world), nowOf(world)]
    const entries = ledger.policies().flatMap((policy) => logEntries({ ledger, self, now, policy, max: LOG_MAX }))
    return policyRows(statusView(world), entries, rows, cel, world.view.rollouts())
  }

  #fresh(): Look {
    const now = this.#options.now()
    if (this.#look !== undefined && now - this.#look.at < FRESH_MS && now >= this.#look.at) return this.#look
    const world = this.#options.world()
    const rows = nodeRows(world)
    this.#look = { world, rows, list: listOf(rows, ++this.#version), at: now }
    return this.#look
  }
}
