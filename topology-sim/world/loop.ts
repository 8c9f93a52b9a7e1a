import type { Effect } from '../../node/core/index.ts'
import { SIM_LIMITS } from '../limits.ts'
import { feed, persisted, ring } from './drive.ts'
import type { HostRun } from './hosts.ts'
import { answerOf, type Probe } from './probes.ts'
import { EVENT, STATUS, type WorldState } from './state.ts'
import type { RunEnd, RunOptions, RunUntil } from './types.ts'

/** Takes events in their order, and gives each to whoever it belongs to. */

const NETWORK_KINDS = 16

/** Lets time pass. @returns why it stopped; the clock then stands at `untilMs` unless something else came first */
export async function run(state: WorldState, until: RunUntil, { pause, signal }: RunOptions): Promise<RunEnd> {
  const untilMs = typeof until === 'number' ? until : until.untilMs
  const when = typeof until === 'number' ? null : () => until.when()
  const untilUs = untilMs * 1000
  const { queue, network } = state
  const end = (why: RunEnd['why']): RunEnd => ({ why, nowMs: state.nowMs })
  let asked = Number.NEGATIVE_INFINITY
  let slice = 0
  for (;;) {
    const next = queue.peekTime()
    if (when !== null && (next === undefined || next >= asked + SIM_LIMITS.whenMs * 1000)) {
      asked = state.nowUs
      if (when()) return end('condition')
    }
    if (next === undefined || next > untilUs) {
      // The clock goes on to the end of the span even if nothing happens there.
      queue.add(untilUs, EVENT.action, NOBODY, 0, undefined)
      queue.next()
      if (when?.() === true) return end('condition')
      return end(next === undefined ? 'empty' : 'time')
    }
    queue.next()
    step(state)
    if (network.settle !== undefined && queue.kind < NETWORK_KINDS) await network.settle()
    if (++slice < SIM_LIMITS.sliceEvents) continue
    slice = 0
    if (signal?.aborted === true) return end('aborted')
    if (pause !== undefined) await pause()
  }
}

const NOBODY = -1

function step(state: WorldState): void {
  const { queue } = state
  const { kind, a, b, payload } = queue
  state.events++
  state.hash.add(queue.time, kind, a, b)
  if (kind < NETWORK_KINDS) return state.network.handle(kind, a, b, payload)
  dispatch(state, kind, a, b, payload)
}

/** Payloads come back as they were scheduled, each kind by one place only; hence the casts. */
function dispatch(state: WorldState, kind: number, a: number, b: number, payload: unknown): void {
  switch (kind) {
    case EVENT.wake:
      if (isAlive(state, a, b)) ring(state, a)
      return
    case EVENT.persisted:
    case EVENT.stored:
    case EVENT.applied:
    case EVENT.drift:
    case EVENT.blobCheck:
    case EVENT.probed:
      return alive(state, kind, a, b, payload)
    case EVENT.peerUp:
      return state.connections.peerUp(a, b)
    case EVENT.peerDown:
      return state.connections.peerDown(a, b)
    case EVENT.dial:
      state.connections.dial(a, b)
      return
    case EVENT.cut:
      return state.connections.noticed(a, b)
    case EVENT.tend:
      return state.connections.tend(a)
    case EVENT.action: {
      const action = payload as (() => void) | undefined
      if (a === NOBODY) action?.()
      else if (isAlive(state, a, b)) action?.()
      return
    }
  }
}

function isAlive(state: WorldState, node: number, life: number): boolean {
  return state.life[node] === life && state.status[node] === STATUS.up
}

/** In this life only; a node that sleeps finds it when it wakes. */
function alive(state: WorldState, kind: number, node: number, life: number, payload: unknown): void {
  if (state.life[node] !== life) return
  if (state.status[node] === STATUS.up) return own(state, kind, node, payload)
  if (state.status[node] !== STATUS.asleep) return
  const inbox = state.inboxes.get(node) ?? []
  inbox.push(() => own(state, kind, node, payload))
  state.inboxes.set(node, inbox)
}

/** What a node's own disk, host and fetches bring it. */
function own(state: WorldState, kind: number, node: number, payload: unknown): void {
  switch (kind) {
    case EVENT.persisted:
      return persisted(state, node, payload as Extract<Effect, { type: 'persist' }>)
    case EVENT.stored:
      return state.blobs.stored(node, payload as number)
    case EVENT.applied:
      return state.hosts.applied(node, payload as HostRun)
    case EVENT.drift:
      return state.hosts.drift(node, [payload as string])
    case EVENT.blobCheck:
      return state.blobs.check(node, payload as number)
    case EVENT.probed:
      return feed(state, node, answerOf(state, node, payload as Probe))
  }
}

/** Whatever the node was doing when its lid was closed. */
export function openInbox(state: WorldState, node: number): void {
  const inbox = state.inboxes.get(node) ?? []
  state.inboxes.delete(node)
  for (const act of inbox) act()
  feed(state, node, { type: 'wake' })
}
