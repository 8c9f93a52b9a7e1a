import { orderBy } from '../../node/control/index.ts'
import type { Health, NodeList, NodeRow } from '../../node/control/index.ts'
import { SIM_LIMITS } from '../../topology-sim/index.ts'
import type { Driver, Publication } from '../../topology-sim/index.ts'

/** Ids of simulated nodes: no key is worked out for a node that nobody looks at. */
const ID = 'sim-'
export const simId = (node: number): string => `${ID}${node}`
export const nodeOfId = (id: string): number => (id.startsWith(ID) ? Number(id.slice(ID.length)) : Number.NaN)

/** What is said of a node with several policies. */
const WORST: readonly Health[] = ['failed', 'waiting', 'behind']

/**
 * The nodes of a simulation as they are, not as one of them sees the others: a simulation may tell the truth. No engine is asked, so that
 * looking at a million nodes wakes none.
 */
export class SimFleet implements NodeList {
  readonly size: number
  version = 1
  readonly #driver: Driver
  #names: Uint32Array | undefined
  #newest: readonly Publication[] = []

  constructor(driver: Driver) {
    this.#driver = driver
    this.size = driver.world.nodes
  }

  /** Time has passed: everything may have changed. */
  moved(): void {
    const newest = new Map<string, Publication>()
    for (const publication of this.#driver.world.publications)
      if (publication.version !== null) newest.set(publication.policy, publication)
    this.#newest = [...newest.values()]
    this.version++
  }

  /** The newest version of each policy. */
  get newest(): readonly Publication[] {
    return this.#newest
  }

  row(index: number): NodeRow {
    const { fleet } = this.#driver
    const { name, facts, presence } = fleet.at(index)
    return {
      name,
      id: simId(index),
      key: '',
      labels: this.labels(index),
      state: this.state(index),
      ageMs: this.ageMs(index),
      agent: 'sim',
      presence: presence ?? 'always',
      provisional: false,
      self: false,
      addrs: [],
      facts: { ...facts },
      policies: Object.fromEntries(
        this.#of(index).map((publication) => {
          const { policy, version } = publication
          return [policy, { version: version ?? '', state: this.#healthOf(publication, index) }]
        }),
      ),
    }
  }

  byName(): Uint32Array {
    return (this.#names ??= orderBy(this.size, (index) => this.#driver.fleet.at(index).name))
  }

  state(index: number): Health {
    const { world, fleet } = this.#driver
    if (!world.isUp(index)) return fleet.at(index).presence === 'intermittent' ? 'away' : 'down'
    const found = this.#of(index).map((publication) => this.#healthOf(publication, index))
    return WORST.find((health) => found.includes(health)) ?? 'ok'
  }

  /** In force or not is measured; why not, a node's engine knows. Of a large fleet that was not reached yet none is made for it. */
  #healthOf({ policy, appliedMs, failed }: Publication, index: number): Health {
    if (failed[index] === 1) return 'failed'
    if (!Number.isNaN(appliedMs[index] ?? Number.NaN)) return 'ok'
    const engine = this.size <= SIM_LIMITS.eagerNodes ? this.#driver.world.engine(index) : undefined
    const told = engine?.view.policies().find((one) => one.policy === policy)?.state ?? 'behind'
    // It has not heard of the version.
    return told === 'ok' ? 'behind' : told
  }

  ageMs(index: number): number | null {
    return this.#driver.world.isUp(index) ? 0 : null
  }

  agent(): string {
    return 'sim'
  }

  label(index: number, name: string): string {
    return this.labels(index)[name] ?? ''
  }

  /** Its own, and where the scenario put it. */
  labels(index: number): Record<string, string> {
    const { fleet } = this.#driver
    return { region: fleet.regionOf(index), group: fleet.groupOf(index), ...fleet.at(index).labels }
  }

  #of(index: number): readonly Publication[] {
    return this.#newest.filter(({ selects }) => selects[index] === 1)
  }
}
