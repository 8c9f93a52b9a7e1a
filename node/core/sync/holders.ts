import { emit } from '../engine/emit.ts'
import type { EngineState } from '../engine/state.ts'
import { LIMITS } from '../limits.ts'
import { isVersion } from '../records/guards.ts'
import type { Cid } from '../records/types.ts'
import type { Link } from './links.ts'

/**
 * Who holds a version? A publisher asks its neighbours, and each answers when the record and its bundle are durable
 * there: at once or later, or never.
 */
export function askedForHolds(
  state: EngineState,
  link: Link,
  id: number,
  ask: { readonly version: Cid; readonly custody: boolean },
): void {
  link.asksHolds ??= new Map()
  const { asksHolds } = link
  const oldest = asksHolds.size >= LIMITS.sync.holdsAsked ? asksHolds.keys().next().value : undefined
  if (oldest !== undefined) asksHolds.delete(oldest)
  asksHolds.set(ask.version, id)
  state.holdsAsked = true
  if (ask.custody) takeCustody(state, ask.version)
  answerHolds(state, link)
}

function takeCustody(state: EngineState, version: Cid): void {
  state.custody ??= new Set()
  if (state.custody.has(version)) return
  const oldest = state.custody.size >= LIMITS.publish.custody ? state.custody.values().next().value : undefined
  if (oldest !== undefined) state.custody.delete(oldest)
  state.custody.add(version)
  state.bundlesDirty = true
}

/** After a record became durable or a bundle came. */
export function answerAllHolds(state: EngineState): void {
  if (!state.holdsAsked) return
  state.holdsAsked = false
  for (const link of state.links.awake()) {
    answerHolds(state, link)
    if (link.asksHolds !== null) state.holdsAsked = true
  }
}

function answerHolds(state: EngineState, link: Link): void {
  if (link.asksHolds === null) return
  for (const [version, id] of link.asksHolds) {
    if (!holds(state, version)) continue
    link.asksHolds.delete(version)
    emit(state, { type: 'send', peer: link.peer, frame: { type: 'answer', id, answer: { kind: 'holds', version } } })
  }
  if (link.asksHolds.size === 0) link.asksHolds = null
}

function holds(state: EngineState, version: Cid): boolean {
  const envelope = state.durable.get(version)
  if (envelope === undefined || !isVersion(envelope)) return false
  const { bundle } = envelope.body
  return bundle === null || (state.converging?.stored.has(bundle.cid) ?? false)
}
