import type {
  Actor,
  CharterChanges,
  Cid,
  Engine,
  Envelope,
  Grant,
  Key,
  Ledger,
  Signer,
  Version,
} from '../../node/core/index.ts'
import { SimError } from '../errors.ts'
import type { Network } from '../network/network.ts'
import { engineOf, hear } from './drive.ts'
import { Faults } from './faults.ts'
import { agree, countConverged, inspect } from './inspect.ts'
import type { Violation } from './invariants.ts'
import { run } from './loop.ts'
import { linkSettings, makeState } from './make.ts'
import type { Measurements, Publication } from './measure.ts'
import { measure } from './measuring.ts'
import * as people from './people.ts'
import { EVENT, type WorldState } from './state.ts'
import type {
  ConvergedCount,
  LinkOptions,
  Misbehaviour,
  NodeReport,
  Observer,
  PolicyBundle,
  RunEnd,
  RunOptions,
  RunUntil,
  World,
  WorldOptions,
} from './types.ts'

/**
 * Makes a world: a mesh at rest, in which nothing happens until you say so.
 * @throws SimError E_SIM_FLEET, E_SIM_OVERLAY
 */
export function makeWorld(options: WorldOptions): World {
  return new SimWorld(options)
}

/** The contract is in `types.ts`; the work is in the modules that this only names. */
class SimWorld implements World {
  readonly #state: WorldState
  readonly #faults: Faults
  #names: Map<string, number> | null = null
  #links: Partial<LinkOptions>

  constructor(options: WorldOptions) {
    this.#state = makeState(options)
    this.#faults = new Faults(this.#state)
    this.#links = options.links ?? {}
  }

  get nodes(): number {
    return this.#state.size
  }
  get nowMs(): number {
    return this.#state.nowMs
  }
  get events(): number {
    return this.#state.events
  }
  get traceHash(): string {
    return this.#state.hash.text
  }
  get network(): Network {
    return this.#state.network
  }
  get publications(): readonly Publication[] {
    return this.#state.publications.refresh()
  }
  get violations(): readonly Violation[] {
    return this.#state.watch.violations
  }

  nodeOf(name: string): number {
    const { fleet } = this.#state.options
    this.#names ??= new Map(Array.from({ length: fleet.size }, (_, node) => [fleet.at(node).name, node]))
    const node = this.#names.get(name)
    if (node === undefined) throw new SimError('E_SIM_NODE', `The fleet has no node "${name}".`, { name })
    return node
  }

  nameOf(node: number): string {
    return this.#state.nameOf(this.#checked(node))
  }

  #checked(node: number): number {
    if (Number.isInteger(node) && node >= 0 && node < this.#state.size) return node
    throw new SimError('E_SIM_NODE', `There is no node ${node}: they are numbered from 0 to ${this.#state.size - 1}.`)
  }

  keyOf(node: number): Key {
    return people.keyOf(this.#state, this.#checked(node))
  }

  signerOf(node: number): Signer {
    return this.#state.genesis.signerOf(this.#checked(node))
  }

  actor(name: string): Actor {
    return people.actorNamed(this.#state, name)
  }

  isUp(node: number): boolean {
    return this.#state.isUp(this.#checked(node))
  }

  at(atMs: number, action: () => void): void {
    this.#state.queue.add(atMs * 1000, EVENT.action, -1, 0, action)
  }

  run(until: RunUntil, options: RunOptions = {}): Promise<RunEnd> {
    return run(this.#state, until, options)
  }

  publish(node: number, bundle: PolicyBundle, { local = false }: { readonly local?: boolean } = {}): Publication {
    return people.publish(this.#state, this.#checked(node), bundle, local)
  }

  publishAs(actor: string, via: number, bundle: PolicyBundle, knowing?: Ledger): Publication {
    return people.publishAs(this.#state, actor, this.#checked(via), bundle, knowing)
  }

  retire(node: number, policy: string): Publication {
    return people.retire(this.#state, this.#checked(node), policy)
  }

  charter(
    changes: Omit<CharterChanges, 'issuedAt'>,
    options: { readonly via?: number; readonly by?: string } = {},
  ): Cid {
    return people.charter(this.#state, changes, options)
  }

  grant(holder: number | string, grant: Partial<Omit<Grant, 'key'>>, via = 0): Cid {
    return people.grant(this.#state, holder, grant, via)
  }

  revoke(target: number | string, what: 'member' | 'feed', via = 0): Cid {
    return people.revoke(this.#state, target, what, via)
  }

  partition(groups: readonly (readonly number[])[]): void {
    this.#faults.partition(groups)
  }
  heal(): void {
    this.#faults.heal()
  }
  crash(node: number): void {
    this.#faults.crash(this.#checked(node))
  }
  restart(node: number, { disk = true }: { readonly disk?: boolean } = {}): void {
    this.#faults.restart(this.#checked(node), disk)
  }
  sleep(node: number): void {
    this.#faults.sleep(this.#checked(node))
  }
  wake(node: number): void {
    this.#faults.wake(this.#checked(node))
  }
  join(node: number, via = 0): void {
    people.join(this.#state, this.#checked(node), via)
  }
  leave(node: number): void {
    people.leave(this.#state, this.#checked(node))
  }

  slowDisk(node: number, factor: number): void {
    if (factor === 1) this.#state.slowness.delete(this.#checked(node))
    else this.#state.slowness.set(this.#checked(node), factor)
  }

  setClock(node: number, aheadMs: number): void {
    this.#state.aheadMs[this.#checked(node)] = aheadMs
    // Its alarm was set by the old clock.
    this.#state.armedUs[node] = Number.POSITIVE_INFINITY
    this.#state.later(0, EVENT.action, node, () => this.#faults.lookAtClock(node))
  }

  setLinks(change: Partial<LinkOptions>): void {
    this.#links = { ...this.#links, ...change }
    this.#state.links.set(linkSettings(this.#links, this.#state.links.regions))
  }

  drift(node: number, resources: readonly string[]): void {
    this.#state.hosts.drift(this.#checked(node), resources)
  }

  misbehave(node: number, how: Misbehaviour | undefined): void {
    if (how === undefined) this.#state.misbehaving.delete(this.#checked(node))
    else this.#state.misbehaving.set(this.#checked(node), how)
  }

  inject(from: number, to: number, bytes: Uint8Array): void {
    const state = this.#state
    const at = state.links.arrivalUs(state.nowUs, this.#checked(from), this.#checked(to), bytes.length)
    state.queue.add(at, EVENT.action, -1, 0, () => {
      if (state.connected(from, to) && state.connections.isLive(from, to)) hear(state, to, from, bytes)
    })
  }

  vouch(node: number, version: Envelope<Version>): void {
    people.vouch(this.#state, this.#checked(node), version)
  }

  inspect(node: number): NodeReport {
    return inspect(this.#state, this.#checked(node))
  }

  engine(node: number): Engine | undefined {
    return this.isUp(node) ? engineOf(this.#state, node) : undefined
  }

  converged(): ConvergedCount {
    return countConverged(this.#state)
  }

  agree(): boolean {
    return agree(this.#state)
  }

  measure(): Measurements {
    return measure(this.#state)
  }

  observe(observer: Observer): () => void {
    const { observers } = this.#state
    observers.push(observer)
    return () => {
      const at = observers.indexOf(observer)
      if (at >= 0) observers.splice(at, 1)
    }
  }

  check(quiet: boolean): readonly Violation[] {
    this.#state.watch.check(quiet)
    return this.violations
  }
}
