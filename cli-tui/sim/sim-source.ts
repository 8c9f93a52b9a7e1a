import { groupsOf, labelNames, Pager, sumsOf } from '../../node/control/index.ts'
import type { LogEntry } from '../../node/control/index.ts'
import type { Driver } from '../../topology-sim/index.ts'
import type { ActionRequest, ActionState, Connection, Group, MeshSource, NodeDetail } from '../top/source.ts'
import type { NodePage, NodeQuery, PolicyRow, Receipt, SeenEvent, Summary } from '../top/source.ts'
import { SIM_ACTIONS } from '../top/source.ts'
import { nodeOfId, SimFleet } from './fleet-list.ts'
import { injectFault } from './inject.ts'
import { Pace } from './pace.ts'
import { clockOf, logEntry, policyRow, spreadOf, START_MS } from './sim-rows.ts'

type RunOptions = Pick<NonNullable<Parameters<Driver['run']>[0]>, 'pause' | 'signal'>

/** A look at every node costs; so many milliseconds for each thousand of them are between two looks. */
const LOOK_MS_PER_1000 = 40

/** The screens of `chorus top` over a simulation: the truth about every node, a clock that can be stopped, and faults. */
export class SimSource implements MeshSource {
  readonly pace = new Pace()
  readonly #driver: Driver
  readonly #fleet: SimFleet
  readonly #pager = new Pager(() => import('../../policies/index.ts'))
  readonly #listeners = new Set<() => void>()
  readonly #said: SeenEvent[] = []
  readonly #stop = new AbortController()
  readonly #traffic: number[] = []
  #bytes = 0
  #sampledMs = 0
  #timeline = 0
  #lookedAt = 0
  #over = false
  #groups = new Map<string, readonly Group[]>()
  #summary: Summary | undefined

  constructor(driver: Driver) {
    this.#driver = driver
    this.#fleet = new SimFleet(driver)
    this.#look()
  }

  /** Runs the scenario at its pace. When it has settled time goes on, for faults that are yet to be thought of; `close` ends it. */
  async run(): Promise<void> {
    const { world } = this.#driver
    const { signal } = this.#stop
    const pause = (): Promise<void> => new Promise((done) => void setImmediate(done))
    await this.pace.run(async (virtualMs) => {
      const options = { signal, pause }
      if (this.#over) await world.run(world.nowMs + virtualMs, options)
      else await this.#advance(world.nowMs + virtualMs, options)
      this.#sample()
      this.#lookSometimes()
    }, signal)
  }

  async #advance(nextMs: number, options: RunOptions): Promise<void> {
    const { scenario, world } = this.#driver
    const { why } = await this.#driver.run({ untilMs: Math.min(scenario.run, nextMs), ...options })
    this.#over = why === 'condition' || world.nowMs >= scenario.run
    if (!this.#over) return
    const how = why === 'condition' ? 'everything has settled' : 'the end of the scenario'
    this.#say('info', 'run', `${how} after ${clockOf(world.nowMs)}; time goes on`)
  }

  /** Virtual time, for ages. */
  readonly clock = (): number => START_MS + this.#driver.world.nowMs

  banner(): string {
    const { paused, speed } = this.pace
    const over = this.#over ? ' settled' : ''
    return `simulated ${clockOf(this.#driver.world.nowMs)}${over} ${paused ? 'paused' : `x${speed}`}`
  }

  connection(): Connection {
    return { state: 'up' }
  }

  subscribe(onChange: () => void): () => void {
    this.#listeners.add(onChange)
    return () => this.#listeners.delete(onChange)
  }

  actions(): readonly ActionState[] {
    return SIM_ACTIONS.map((name) => ({ name, disabled: null }))
  }

  async act({ name, arg }: ActionRequest): Promise<string> {
    if (name === 'pause') this.pace.paused = !this.pace.paused
    else if (name === 'faster') this.pace.faster()
    else if (name === 'slower') this.pace.slower()
    else this.#say('warn', name, injectFault(this.#driver, name, arg))
    this.#look()
    return await Promise.resolve(this.#said.at(-1)?.kind === name ? (this.#said.at(-1)?.message ?? '') : this.banner())
  }

  async summary(): Promise<Summary> {
    const { world, scenario } = this.#driver
    this.#summary ??= {
      mesh: scenario.scenario,
      meshName: scenario.scenario,
      agent: 'simulated',
      self: { name: `seed ${scenario.seed}`, id: '', labels: {}, state: 'ok', ...NOBODY },
      rights: { words: ['everything: this is a simulation'], verbs: [], enrols: false },
      ...sumsOf(this.#fleet),
      agents: [],
      peers: 0,
      records: world.publications.length,
      charter: { n: 1, epoch: 0 },
      heads: await this.policies(),
      alarms: world.violations.map(({ invariant, message }) => ({ code: invariant, message, subject: '' })),
      labels: labelNames(this.#fleet),
      spread: this.#fleet.newest.map((publication) => spreadOf(publication)).reverse(),
      traffic: { stepMs: STEP_MS, in: [...this.#traffic], out: [...this.#traffic] },
      at: this.clock(),
      oldestMs: null,
    }
    return this.#summary
  }

  async groups(by: readonly string[]): Promise<readonly Group[]> {
    const known = this.#groups.get(by.join('\n')) ?? groupsOf(this.#fleet, by)
    this.#groups.set(by.join('\n'), known)
    return await Promise.resolve(known)
  }

  page(query: NodeQuery): Promise<NodePage> {
    return this.#pager.page(this.#fleet, query, this.clock())
  }

  async policies(): Promise<readonly PolicyRow[]> {
    return await Promise.resolve(this.#fleet.newest.map((publication) => policyRow(publication, this.#driver.world)))
  }

  async log(policy: string): Promise<readonly LogEntry[]> {
    const all = this.#driver.world.publications.filter((publication) => publication.policy === policy)
    const newest = all.findLast(({ version }) => version !== null)
    return await Promise.resolve(
      all.toReversed().map((publication) => logEntry(publication, this.#driver.world, publication === newest)),
    )
  }

  async node(id: string): Promise<NodeDetail | undefined> {
    const node = nodeOfId(id)
    if (!(node >= 0 && node < this.#fleet.size)) return undefined
    return await Promise.resolve({ row: this.#fleet.row(node), at: this.clock(), records: [] })
  }

  async receipt(id: string): Promise<Receipt> {
    const { world } = this.#driver
    const node = nodeOfId(id)
    if (!world.isUp(node)) throw new Error('It is down.')
    const told = world.inspect(node)
    return await Promise.resolve({
      at: this.clock(),
      agent: 'simulated',
      health: this.#fleet.state(node),
      observe: false,
      hold: null,
      policies: told.policies.map((policy) => ({ ...policy, seq: null, heads: [], outcomes: [] })),
      peers: told.neighbours.map((name) => ({
        id: this.#idOf(name),
        name,
        key: '',
        addr: '',
        rttMs: null,
        gossip: told.mesh.includes(name),
      })),
      runs: [],
      log: [],
      cut: [],
    })
  }

  async events(since: number): Promise<readonly SeenEvent[]> {
    return await Promise.resolve(this.#said.filter(({ n }) => n > since))
  }

  close(): void {
    this.#stop.abort()
    this.#listeners.clear()
  }

  #idOf(name: string): string {
    return `sim-${this.#driver.world.nodeOf(name)}`
  }

  #sample(): void {
    const { world } = this.#driver
    if (world.nowMs - this.#sampledMs < STEP_MS) return
    const bytes = Object.values(world.network.counters.bytesBy).reduce((sum, each) => sum + each, 0)
    this.#traffic.push(bytes - this.#bytes)
    if (this.#traffic.length > STEPS) this.#traffic.shift()
    this.#bytes = bytes
    this.#sampledMs = world.nowMs
  }

  #lookSometimes(): void {
    const pause = Math.max(100, (this.#fleet.size / 1000) * LOOK_MS_PER_1000)
    if (performance.now() - this.#lookedAt >= pause) this.#look()
  }

  #look(): void {
    for (const { atMs, kind, text } of this.#driver.timeline.slice(this.#timeline)) this.#say('info', kind, text, atMs)
    this.#timeline = this.#driver.timeline.length
    this.#fleet.moved()
    this.#groups = new Map()
    this.#summary = undefined
    for (const listener of this.#listeners) listener()
    this.#lookedAt = performance.now()
  }

  #say(level: SeenEvent['level'], kind: string, message: string, atMs = this.#driver.world.nowMs): void {
    this.#said.push({ n: (this.#said.at(-1)?.n ?? 0) + 1, at: START_MS + atMs, kind, level, message })
  }
}

/** Traffic is counted in virtual seconds, a minute of them. */
const STEP_MS = 1000
const STEPS = 60
const NOBODY = { provisional: false, observe: false, stale: false, hold: null } as const
