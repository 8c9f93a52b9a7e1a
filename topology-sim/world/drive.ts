import type { Effect, Engine, Input } from '../../node/core/index.ts'
import type { Verdict } from '../network/gossip-model.ts'
import type { Parcel } from '../network/network.ts'
import { parcelBytes } from '../network/weights.ts'
import { probe } from './probes.ts'
import { EVENT, STATUS, type WorldState } from './state.ts'
import { trace } from './trace.ts'

/** Gives engines their inputs, does what they ask for, and rings their alarms. */

type EffectOf<T extends Effect['type']> = Extract<Effect, { type: T }>

/** What gossip is told, set while an engine judges an envelope. */
let verdict: Verdict = 'ignore'

export function engineOf(state: WorldState, node: number): Engine {
  const known = state.engines[node]
  if (known !== null && known !== undefined) return known
  // A mesh at rest: nodes are made when something first reaches them.
  const snapshot = {
    records: [],
    local: null,
    ledger: state.genesis.ledger,
    peers: state.connections.neighbours(node).map((other) => state.genesis.keys[other] ?? ''),
  }
  const engine = state.minds.make(node, state.life[node] ?? 0, settingsOf(state, node), snapshot)
  state.engines[node] = engine
  return engine
}

export function settingsOf(state: WorldState, node: number) {
  const { presence = 'always' } = state.options.fleet.at(node)
  const watched = state.observers.some((observer) => observer.node === node || observer.node === undefined)
  const quiet = state.options.events ?? 'none'
  return { presence, events: watched ? ('debug' as const) : quiet }
}

export function feed(state: WorldState, node: number, input: Input): void {
  if (state.status[node] !== STATUS.up) return
  const engine = engineOf(state, node)
  state.minds.node = node
  engine.handle(input, state.clockMs + (state.aheadMs[node] ?? 0))
  const effects = engine.drain()
  for (const effect of effects) perform(state, node, effect)
  arm(state, node, engine)
}

/** One alarm at a time: an earlier one takes the place of what was armed before. */
function arm(state: WorldState, node: number, engine: Engine): void {
  const deadline = engine.deadline()
  if (deadline === undefined) return
  const atUs = Math.max(state.nowUs, (deadline - (state.aheadMs[node] ?? 0) - state.startMs) * 1000)
  if (atUs >= (state.armedUs[node] ?? 0)) return
  state.armedUs[node] = atUs
  state.queue.add(atUs, EVENT.wake, node, state.life[node] ?? 0)
}

/** The alarm that was armed last; others are out of date. A deadline that moved away costs another alarm, no input. */
export function ring(state: WorldState, node: number): void {
  if (state.armedUs[node] !== state.queue.time) return
  state.armedUs[node] = Number.POSITIVE_INFINITY
  if (!state.isUp(node)) return
  const engine = engineOf(state, node)
  const deadline = engine.deadline()
  const clock = state.clockMs + (state.aheadMs[node] ?? 0)
  if (deadline !== undefined && deadline > clock) arm(state, node, engine)
  else feed(state, node, { type: 'wake' })
}

/** An envelope by gossip. */
export function hear(state: WorldState, node: number, from: number, bytes: Uint8Array): Verdict {
  verdict = 'ignore'
  const key = state.genesis.keys[from] ?? null
  feed(state, node, { type: 'record', via: 'gossip', from: key, bytes, ref: GOSSIPED })
  if (state.observers.length > 0)
    trace(state, node, 'heard', `heard from ${state.nameOf(from)}: ${verdict}`, { from, bytes })
  return verdict
}

/** The reference of whatever gossip brings; others are of records that were handed in. */
const GOSSIPED = 0

export function receive(state: WorldState, node: number, from: number, parcel: Parcel): void {
  switch (parcel.type) {
    case 'sync':
      if (!state.connections.isLive(node, from)) return
      if (state.observers.length > 0) trace(state, node, 'received', sentence(parcel), { from })
      return feed(state, node, { type: 'syncFrame', peer: state.genesis.keys[from] ?? '', frame: parcel.frame })
    case 'blocks':
      return state.blobs.arrived(node, from, parcel)
    default:
      return state.connections.took(node, parcel)
  }
}

function sentence(parcel: Extract<Parcel, { type: 'sync' }>): string {
  const { frame } = parcel
  return frame.type === 'ask' ? `asks ${frame.ask.kind}` : `answers ${frame.answer.kind}`
}

function perform(state: WorldState, node: number, effect: Effect): void {
  switch (effect.type) {
    case 'verdict':
      if (effect.ref === GOSSIPED) verdict = effect.result
      else state.publications.judged(node, effect)
      return
    case 'gossip':
      return gossip(state, node, effect)
    case 'send':
      return send(state, node, effect)
    case 'admitSend':
    case 'admitResult':
      return state.connections.admission(node, effect)
    case 'persist':
      return persist(state, node, effect)
    case 'blobWant':
      return state.blobs.want(node, effect.cid, effect.size, effect.from)
    case 'blobCancel':
      return state.blobs.cancel(node, effect.cid)
    case 'blobKeep':
      return state.blobs.keep(node, effect.cids)
    case 'apply':
      return state.hosts.apply(node, effect)
    case 'dial':
      if (effect.hurry) state.connections.dialKey(node, effect.peer)
      return
    case 'probe':
      return probe(state, node, effect.peer)
    case 'hangup':
      return state.connections.hangup(node, effect.peer)
    case 'reply':
      return state.publications.replied(node, effect.ref, effect.reply)
    case 'event':
      if (state.observers.length > 0) trace(state, node, 'event', effect.event.message, { event: effect.event })
      return
  }
}

function gossip(state: WorldState, node: number, { bytes }: EffectOf<'gossip'>): void {
  state.publications.gossiped(node, bytes)
  if (state.observers.length > 0) trace(state, node, 'gossip', 'gives it to gossip', { bytes })
  state.network.gossip(node, bytes)
}

function send(state: WorldState, node: number, { peer, frame }: EffectOf<'send'>): void {
  const to = state.indexOf.get(peer)
  if (to === undefined) return
  const parcel = { type: 'sync', frame } as const
  if (state.observers.length > 0) trace(state, node, 'sent', sentence(parcel), { from: to })
  const how = state.misbehaving.size === 0 ? 'pass' : (state.misbehaving.get(node)?.frame?.(to, frame) ?? 'pass')
  if (how === 'drop') return
  const weight = parcelBytes(parcel)
  if (typeof how === 'number')
    state.later(how * 1000, EVENT.action, node, () => state.network.send(node, to, weight, parcel))
  else state.network.send(node, to, weight, parcel)
}

// The disk

function persist(state: WorldState, node: number, effect: EffectOf<'persist'>): void {
  if (effect.records.length > 0) state.publications.known(node, effect.records)
  const slowness = state.slowness.size === 0 ? 1 : (state.slowness.get(node) ?? 1)
  const { fsyncMs = 2, jitter = 0.5 } = state.options.disk ?? {}
  const us = fsyncMs * 1000 * Math.exp(jitter * state.random.normal(0, 1))
  state.later(slowness === Number.POSITIVE_INFINITY ? us : us * slowness, EVENT.persisted, node, effect)
}

export function persisted(state: WorldState, node: number, effect: EffectOf<'persist'>): void {
  if (state.slowness.get(node) === Number.POSITIVE_INFINITY)
    return feed(state, node, { type: 'persistFailed', batch: effect.batch, code: 'E_STORE_IO' })
  if (effect.local !== null) state.locals[node] = effect.local
  feed(state, node, { type: 'persisted', batch: effect.batch })
  if (effect.records.length > 0) {
    state.publications.durable(node, effect.records)
    if (state.observers.length > 0)
      for (const record of effect.records) trace(state, node, 'persisted', 'durable', { record: record.id })
  }
  state.watch.sample(node)
}
