import { SimError } from '../errors.ts'
import { feed, settingsOf } from './drive.ts'
import { openInbox } from './loop.ts'
import { STATUS, type WorldState } from './state.ts'
import { trace } from './trace.ts'

/** What happens to machines and wires. */

export class Faults {
  readonly #state: WorldState
  /** Since when each node is down, and since when the network is cut. Microseconds. */
  readonly #downSince = new Map<number, number>()
  #cutSince = 0

  constructor(state: WorldState) {
    this.#state = state
  }

  partition(groups: readonly (readonly number[])[]): void {
    const state = this.#state
    const sides = new Int32Array(state.size)
    for (const [at, group] of groups.entries()) for (const node of group) sides[node] = at + 1
    state.groups = sides
    this.#cutSince = state.nowUs
    state.connections.cutSilently((a, b) => a < b && !state.reachable(a, b), this.#everyone())
  }

  heal(): void {
    const state = this.#state
    if (state.groups === null) return
    state.groups = null
    state.connections.redialAll(this.#everyone(), (state.nowUs - this.#cutSince) / 1000)
  }

  #everyone(): number[] {
    return Array.from({ length: this.#state.size }, (_, node) => node)
  }

  #must(node: number, status: number, wish: string): void {
    if (this.#state.status[node] === status) return
    throw new SimError('E_SIM_STATE', `${this.#state.nameOf(node)} cannot ${wish} now.`, { node })
  }

  crash(node: number): void {
    const state = this.#state
    this.#must(node, STATUS.up, 'crash')
    const engine = state.engines[node]
    if (engine !== null && engine !== undefined) state.onDisk.set(node, engine.view.ledger)
    state.connections.cutAll(node)
    state.status[node] = STATUS.crashed
    state.life[node] = (state.life[node] ?? 0) + 1
    state.engines[node] = null
    state.armedUs[node] = Number.POSITIVE_INFINITY
    state.blobs.forgetWants(node)
    this.#downSince.set(node, state.nowUs)
    if (state.observers.length > 0) trace(state, node, 'down', 'crashed')
  }

  restart(node: number, disk: boolean): void {
    const state = this.#state
    this.#must(node, STATUS.crashed, 'restart')
    state.status[node] = STATUS.up
    const ledger = state.onDisk.get(node) ?? state.genesis.ledger
    state.onDisk.delete(node)
    if (!disk) {
      state.locals[node] = null
      state.blobs.forgetAll(node)
    }
    const snapshot = { records: [], local: state.locals[node] ?? null, ...(disk ? { ledger } : {}) }
    state.engines[node] = state.minds.make(node, state.life[node] ?? 0, settingsOf(state, node), snapshot)
    if (state.observers.length > 0) trace(state, node, 'up', disk ? 'started again' : 'started again, without its disk')
    feed(state, node, { type: 'wake' })
    state.connections.redialAll([node], this.#outageMs(node))
  }

  #outageMs(node: number): number {
    const since = this.#downSince.get(node) ?? this.#state.nowUs
    this.#downSince.delete(node)
    // Who starts dials at once; only those that it lost have a pause behind them.
    return Math.min(2_000, (this.#state.nowUs - since) / 1000)
  }

  /** Its clock was set: what is due now by the new one is done. */
  lookAtClock(node: number): void {
    feed(this.#state, node, { type: 'wake' })
  }

  sleep(node: number): void {
    const state = this.#state
    this.#must(node, STATUS.up, 'sleep')
    state.connections.cutSilently(() => true, [node])
    state.status[node] = STATUS.asleep
    if (state.observers.length > 0) trace(state, node, 'down', 'sleeps')
  }

  wake(node: number): void {
    const state = this.#state
    this.#must(node, STATUS.asleep, 'wake')
    state.status[node] = STATUS.up
    if (state.observers.length > 0) trace(state, node, 'up', 'woke')
    state.armedUs[node] = Number.POSITIVE_INFINITY
    // Its sockets are dead, whoever noticed.
    state.connections.cutAll(node)
    openInbox(state, node)
    state.connections.redialAll([node], 0)
  }
}
