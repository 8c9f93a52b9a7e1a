import { LIMITS } from '../limits.ts'
import type { AddResult, Changes, Ledger } from '../ledger/types.ts'
import type { Cid, Envelope } from '../records/types.ts'
import { emit, event, reply } from './emit.ts'
import type { Dirt, EngineState } from './state.ts'

/**
 * Records on their way to the disk. A record is in `state.ledger` at once, so that what follows it is understood, and in
 * `state.durable` when its batch is persisted: only then does it count, is it told to others, or acknowledged.
 */
export interface Batches {
  /** Collected in the current step, not handed over yet. */
  open: Open
  /** Handed over, oldest first; they become durable in this order. */
  readonly flying: Batch[]
  /** Ids that the disk may hold and the ledger not, or the reverse, since a batch failed. */
  debt: Set<Cid> | null
}

interface Open {
  records: Envelope[]
  drop: Set<Cid>
  dirt: Dirt
  after: Followup[]
}

interface Batch extends Open {
  readonly id: number
  ledger: Ledger
  persisted: boolean
  pays: readonly Cid[]
}

/** What waits until a batch is durable, as data. */
export type Followup =
  | { readonly type: 'gossip'; readonly record: Envelope }
  /** Neighbours are to compare themselves with this node soon. */
  | { readonly type: 'nudge' }
  | { readonly type: 'verdict'; readonly ref: number; readonly id: Cid; readonly code: string | null }
  | { readonly type: 'reply'; readonly ref: number; readonly record: Envelope }
  /** An own version is on disk: `own.ts` goes on with it. */
  | { readonly type: 'published'; readonly ref: number; readonly record: Envelope; readonly local: boolean }

export function newDirt(): Dirt {
  return { charters: false, law: false, policies: new Set(), peers: new Set() }
}

export function stain(dirt: Dirt, changed: Changes): void {
  dirt.charters ||= changed.charters
  dirt.law ||= changed.law
  for (const policy of changed.policies) dirt.policies.add(policy)
  for (const peer of changed.peers) dirt.peers.add(peer)
}

function merge(into: Dirt, from: Dirt): void {
  stain(into, { ...from, policies: [...from.policies], peers: [...from.peers] })
}

function newOpen(): Open {
  return { records: [], drop: new Set(), dirt: newDirt(), after: [] }
}

function batchesOf(state: EngineState): Batches {
  state.batches ??= { open: newOpen(), flying: [], debt: null }
  return state.batches
}

/** Adds to the ledger, collects for the disk what was admitted, notes what changed. */
export function take(state: EngineState, envelopes: readonly Envelope[]): readonly AddResult[] {
  const before = state.ledger
  const { ledger, results, dropped, changed } = state.grow(before, envelopes)
  if (ledger === before) return results
  const { open } = batchesOf(state)
  state.ledger = ledger
  const byId = new Map(envelopes.map((envelope) => [envelope.id, envelope]))
  for (const result of results) {
    const envelope = byId.get(result.id)
    if (result.state === 'admitted' && envelope !== undefined) open.records.push(envelope)
  }
  for (const id of dropped) open.drop.add(id)
  open.records = open.records.filter((envelope) => ledger.has(envelope.id))
  for (const envelope of open.records) open.drop.delete(envelope.id)
  stain(open.dirt, changed)
  state.fresh ??= newDirt()
  stain(state.fresh, changed)
  return results
}

/** Runs `followup` when everything collected so far is durable. */
export function afterwards(state: EngineState, followup: Followup): void {
  batchesOf(state).open.after.push(followup)
}

/** At the end of a step: one batch with everything that it collected. */
export function flush(state: EngineState): void {
  if (state.batches === null && !state.localDirty) return
  const batches = batchesOf(state)
  const { open } = batches
  if (open.records.length === 0 && open.drop.size === 0 && open.after.length === 0 && !state.localDirty) return
  const id = state.nextBatch++
  const pays = payDebt(state, batches, open)
  const batch: Batch = { ...open, id, ledger: state.ledger, persisted: false, pays }
  batches.flying.push(batch)
  batches.open = newOpen()
  const local = state.localDirty ? state.local : null
  state.localDirty = false
  emit(state, { type: 'persist', batch: id, records: batch.records, drop: [...batch.drop], local })
}

/** @returns what may go on now */
export function persisted(state: EngineState, id: number): readonly Followup[] {
  const done = state.batches?.flying.find((batch) => batch.id === id)
  if (done === undefined) return []
  done.persisted = true
  for (const id of done.pays) state.batches?.debt?.delete(id)
  return advance(state)
}

/** Batches count in their order, however their answers come. */
function advance(state: EngineState): readonly Followup[] {
  const flying = state.batches?.flying ?? []
  const ready: Followup[] = []
  for (let first = flying[0]; first?.persisted === true; first = flying[0]) {
    flying.shift()
    state.durable = first.ledger
    if (state.settled === null) state.settled = first.dirt
    else merge(state.settled, first.dirt)
    ready.push(...first.after)
  }
  forgetIfIdle(state)
  return ready
}

/** The batch is not on disk: what was in it is forgotten, and wanted again. @returns what may go on now */
export function persistFailed(state: EngineState, id: number, code: string): readonly Followup[] {
  const flying = state.batches?.flying ?? []
  const failed = flying.find((batch) => batch.id === id)
  if (failed === undefined) return []
  flying.splice(flying.indexOf(failed), 1)
  state.ledger = state.durable
  state.fresh ??= newDirt()
  merge(state.fresh, failed.dirt)
  for (const batch of flying) regrow(state, batch)
  for (const followup of failed.after) fail(state, followup)
  event(
    state,
    'error',
    'storeFailed',
    `The disk refused ${failed.records.length} records (${code}): they are forgotten, and asked for again.`,
    {
      code: 'E_STORE',
      cause: code,
      records: failed.records.length,
    },
  )
  state.timers.soonest('store', state.now + LIMITS.persist.retryMs)
  return advance(state)
}

/**
 * What is on its way to the disk was made for another ledger: what it takes away may be here still, and what it brings
 * may not belong here now. A later batch tells the disk again, and another one if that fails.
 */
function regrow(state: EngineState, batch: Batch): void {
  const { ledger, dropped, changed } = state.grow(state.ledger, batch.records)
  stain(batch.dirt, changed)
  state.ledger = ledger
  batch.ledger = ledger
  batch.pays = []
  const batches = batchesOf(state)
  batches.debt ??= new Set()
  for (const id of [...dropped, ...batch.drop, ...batch.records.map((record) => record.id)]) batches.debt.add(id)
}

/** Adds what the disk must be told again, as this ledger has it. @returns whose debt the batch pays */
function payDebt({ ledger }: EngineState, { debt }: Batches, open: Open): readonly Cid[] {
  if (debt === null) return []
  const here = new Set(open.records.map((record) => record.id))
  for (const id of debt) {
    const envelope = ledger.get(id)
    if (envelope === undefined) open.drop.add(id)
    else if (!here.has(id)) open.records.push(envelope)
  }
  return [...debt]
}

function fail(state: EngineState, followup: Followup): void {
  const code = 'E_STORE'
  if (followup.type === 'verdict') {
    emit(state, { type: 'verdict', ref: followup.ref, result: 'ignore', code, id: followup.id })
  } else if (followup.type === 'reply' || followup.type === 'published') {
    const message = 'The disk of this node refused the record: look at its log, make room, and say it again.'
    reply(state, followup.ref, { ok: false, code, message })
  }
}

/** Most nodes are idle most of the time, and hold no lists then. */
function forgetIfIdle(state: EngineState): void {
  const batches = state.batches
  if (batches === null || batches.flying.length > 0 || (batches.debt?.size ?? 0) > 0) return
  if (batches.open.records.length === 0 && batches.open.after.length === 0) state.batches = null
}

/** Records that are here but not on disk yet. */
export function pendingCount(state: EngineState): number {
  const batches = state.batches
  if (batches === null) return 0
  return batches.open.records.length + batches.flying.reduce((sum, batch) => sum + batch.records.length, 0)
}
