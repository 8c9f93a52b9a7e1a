import { LIMITS } from '../limits.ts'
import type { AddResult, Ledger } from '../ledger/types.ts'
import type { Cid, Envelope } from '../records/types.ts'
import { emit, event, reply } from './emit.ts'
import type { Dirt, EngineState } from './state.ts'

/**
 * Records on their way to the disk. A record is in `state.ledger` at once, so that what follows it is understood, and in
 * `state.durable` when its batch is persisted: only then does it count, is it told to others, or acknowledged.
 */
export interface Batches {
  /** Collected in the current step, not handed over yet; null: nothing so far. */
  open: Open | null
  /** Handed over, oldest first; they become durable in this order. */
  readonly flying: Batch[]
  /** Ids that the disk may hold and the ledger not, or the reverse, since a batch failed. */
  debt: Set<Cid> | null
}

interface Open {
  records: Envelope[]
  /** Null while there are none, as nearly always. */
  drop: Set<Cid> | null
  dirt: Dirt
  readonly after: Followup[]
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

export const NO_DIRT: Dirt = { charters: false, law: false, policies: [], peers: [] }

/** What changed in both; one of them as it is if the other says nothing, so that what the ledger said is mostly shared. */
export function stained(dirt: Dirt | null, changed: Dirt): Dirt {
  if (dirt === null || dirt === NO_DIRT) return changed
  if (changed === NO_DIRT) return dirt
  return {
    charters: dirt.charters || changed.charters,
    law: dirt.law || changed.law,
    policies: [...new Set([...dirt.policies, ...changed.policies])],
    peers: [...new Set([...dirt.peers, ...changed.peers])],
  }
}

function batchesOf(state: EngineState): Batches {
  state.batches ??= { open: null, flying: [], debt: null }
  return state.batches
}

function openOf(state: EngineState): Open {
  const batches = batchesOf(state)
  batches.open ??= { records: [], drop: null, dirt: NO_DIRT, after: [] }
  return batches.open
}

/** Adds to the ledger, collects for the disk what was admitted, notes what changed. */
export function take(state: EngineState, envelopes: readonly Envelope[]): readonly AddResult[] {
  const before = state.ledger
  const { ledger, results, dropped, changed } = state.grow(before, envelopes)
  if (ledger === before) return results
  const open = openOf(state)
  state.ledger = ledger
  collect(open, envelopes, results)
  if (dropped.length > 0) {
    open.drop ??= new Set()
    for (const id of dropped) open.drop.add(id)
    open.records = open.records.filter((envelope) => ledger.has(envelope.id))
  }
  if (open.drop !== null) for (const envelope of open.records) open.drop.delete(envelope.id)
  open.dirt = stained(open.dirt, changed)
  state.fresh = stained(state.fresh, changed)
  return results
}

function collect({ records }: Open, envelopes: readonly Envelope[], results: readonly AddResult[]): void {
  const only = envelopes.length === 1 ? envelopes[0] : undefined
  if (only !== undefined) {
    if (results[0]?.state === 'admitted') records.push(only)
    return
  }
  const byId = new Map(envelopes.map((envelope) => [envelope.id, envelope]))
  for (const result of results) {
    const envelope = byId.get(result.id)
    if (result.state === 'admitted' && envelope !== undefined) records.push(envelope)
  }
}

/** Runs `followup` when everything collected so far is durable. */
export function afterwards(state: EngineState, followup: Followup): void {
  openOf(state).after.push(followup)
}

/** At the end of a step: one batch with everything that it collected. */
export function flush(state: EngineState): void {
  if (!state.localDirty && isEmpty(state.batches?.open ?? null)) return
  const batches = batchesOf(state)
  const open = openOf(state)
  batches.open = null
  const id = state.nextBatch++
  const pays = payDebt(state, batches, open)
  const { records, drop, dirt, after } = open
  batches.flying.push({ records, drop, dirt, after, id, ledger: state.ledger, persisted: false, pays })
  const local = state.localDirty ? state.local : null
  state.localDirty = false
  emit(state, { type: 'persist', batch: id, records, drop: drop === null ? NO_IDS : [...drop], local })
}

const NO_IDS: readonly Cid[] = []

function isEmpty(open: Open | null): boolean {
  return open === null || (open.records.length === 0 && (open.drop?.size ?? 0) === 0 && open.after.length === 0)
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
    state.settled = stained(state.settled, first.dirt)
    for (const next of first.after) ready.push(next)
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
  state.fresh = stained(state.fresh, failed.dirt)
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
  batch.dirt = stained(batch.dirt, changed)
  state.ledger = ledger
  batch.ledger = ledger
  batch.pays = []
  const batches = batchesOf(state)
  batches.debt ??= new Set()
  const gone = [...dropped, ...(batch.drop ?? NO_IDS)]
  for (const id of [...gone, ...batch.records.map((record) => record.id)]) batches.debt.add(id)
}

/** Adds what the disk must be told again, as this ledger has it. @returns whose debt the batch pays */
function payDebt({ ledger }: EngineState, { debt }: Batches, open: Open): readonly Cid[] {
  if (debt === null) return NO_IDS
  const here = new Set(open.records.map((record) => record.id))
  for (const id of debt) {
    const envelope = ledger.get(id)
    if (envelope === undefined) (open.drop ??= new Set()).add(id)
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
  const { open } = batches
  if (open === null || (open.records.length === 0 && open.after.length === 0)) state.batches = null
}

/** Records that are here but not on disk yet. */
export function pendingCount(state: EngineState): number {
  const batches = state.batches
  if (batches === null) return 0
  return (batches.open?.records.length ?? 0) + batches.flying.reduce((sum, batch) => sum + batch.records.length, 0)
}
