import { LIMITS } from '../limits.ts'
import type { Cid, Envelope, Key } from '../records/types.ts'
import type { Link } from '../sync/links.ts'
import { scheduleNudge } from '../sync/schedule.ts'
import { emit, refuse, reply } from './emit.ts'
import { hasOthers, ownWork } from './own.ts'
import type { EngineState } from './state.ts'
import { draw } from './state.ts'

/** A publish is acknowledged when one other peer holds the version and its bundle, unless it is said to be local. */
export interface Ack {
  readonly ref: number
  readonly record: Envelope
  readonly until: number
}

/** An own version is on disk now. */
export function published(state: EngineState, ref: number, record: Envelope, local: boolean): void {
  if (state.settings.gossip) emit(state, { type: 'gossip', bytes: record.bytes })
  scheduleNudge(state)
  if (local) return reply(state, ref, { ok: true, record, heldBy: 0, note: 'published here; others were not asked' })
  askForHolders(state, ref, record)
}

/** The same for a version that was signed elsewhere (a key file of an operator or of CI) and handed in here. */
export function awaitHolder(state: EngineState, ref: number, version: Cid): void {
  const record = state.durable.get(version)
  if (record === undefined) return refuse(state, ref, 'E_NOT_FOUND', `The version ${version} is not here.`)
  if (state.own?.acks.has(version) === true)
    return refuse(state, ref, 'E_BUSY', 'Somebody waits for this version already.')
  askForHolders(state, ref, record)
}

function askForHolders(state: EngineState, ref: number, record: Envelope): void {
  if (!hasOthers(state)) return reply(state, ref, { ok: true, record, heldBy: 0, note: 'there is no other member yet' })
  const until = state.now + state.settings.timing.holdsMs
  ownWork(state).acks.set(record.id, { ref, record, until })
  state.timers.soonest('own', until)
  const custodians = new Set(draw(state, [...state.links.values()], LIMITS.publish.custodians))
  for (const link of state.links.values()) askHolds(state, link, record.id, custodians.has(link))
}

/** A peer that came later is asked as well. */
export function askNewcomer(state: EngineState, link: Link): void {
  for (const id of state.own?.acks.keys() ?? [])
    askHolds(state, link, id, state.links.size <= LIMITS.publish.custodians)
}

function askHolds(state: EngineState, link: Link, version: Cid, custody: boolean): void {
  const id = link.nextId++
  emit(state, { type: 'send', peer: link.peer, frame: { type: 'ask', id, ask: { kind: 'holds', version, custody } } })
}

export function heldElsewhere(state: EngineState, peer: Key, version: Cid): void {
  const ack = state.own?.acks.get(version)
  if (ack === undefined || !state.links.has(peer)) return
  state.own?.acks.delete(version)
  reply(state, ack.ref, { ok: true, record: ack.record, heldBy: 1 })
}

export function expireAcks(state: EngineState): void {
  for (const [version, ack] of state.own?.acks ?? []) {
    if (ack.until > state.now) {
      state.timers.soonest('own', ack.until)
      continue
    }
    state.own?.acks.delete(version)
    const message =
      'It is published and durable on this node, but no other peer has said that it holds it: leave this node on until one does, or publish with --local.'
    reply(state, ack.ref, { ok: false, code: 'E_UNHELD', message, record: ack.record })
  }
}
