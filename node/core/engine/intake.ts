import { takeBeacon } from '../beacons/intake.ts'
import { LIMITS } from '../limits.ts'
import type { AddResult } from '../ledger/types.ts'
import { isFeed, isLive, isVersion } from '../records/guards.ts'
import type { Cid, Envelope, Key } from '../records/types.ts'
import { SmallMap } from '../small-map.ts'
import { scheduleSync } from '../sync/schedule.ts'
import { afterwards, take } from './batches.ts'
import { checkBytes, rememberRefusal } from './checks.ts'
import type { Candidate, Verdict } from './checks.ts'
import { describe } from './describe.ts'
import { emit, event, isTold } from './emit.ts'
import { openGap } from './gaps.ts'
import { hold, release } from './holding.ts'
import type { Input } from './port.ts'
import type { Dirt, EngineState } from './state.ts'

/** Records on their way in: checks, then the ledger (or the beacon table), then the verdict that gossip is told. */
type RecordInput = Extract<Input, { type: 'record' }>

const ACCEPT: Verdict = { result: 'accept', code: null }

/** One envelope by gossip, or handed in through the control socket. Relay at once; local ones are told when durable. */
export function takeRecord(state: EngineState, input: RecordInput): void {
  const candidate: Candidate = { via: input.via, from: input.from, bytes: input.bytes, envelope: null, hash: '' }
  const verdict = takeOne(state, candidate)
  const { envelope } = candidate
  if (input.via === 'local' && envelope !== null && verdict.result === 'accept' && state.ledger.has(envelope.id)) {
    // Charters are announced by a beacon, and travel by sync alone.
    const isCharter = envelope.family === 'charter'
    afterwards(state, isCharter ? { type: 'nudge' } : { type: 'gossip', record: envelope })
    afterwards(state, { type: 'verdict', ref: input.ref, id: envelope.id, code: verdict.code })
    return
  }
  emit(state, { type: 'verdict', ref: input.ref, ...verdict, id: envelope?.id ?? null })
}

/**
 * What a member sent in answer to a question, as one batch. Unlike gossip, order inside it does not matter.
 * @returns how many records were admitted; null: something in it was wrong by its bytes
 */
export function takeSynced(state: EngineState, from: Key, all: readonly Uint8Array[], keep = true): number | null {
  const fresh: Envelope[] = []
  for (const bytes of all) {
    const candidate: Candidate = { via: 'sync', from, bytes, envelope: null, hash: '' }
    const verdict = checkBytes(state, candidate)
    if (verdict?.result === 'reject') {
      const fields = { from, code: verdict.code }
      event(state, 'warn', 'badRecord', `A member answered with a record that is refused (${verdict.code}).`, fields)
      return null
    }
    if (verdict === null && candidate.envelope !== null) fresh.push(candidate.envelope)
  }
  const admitted = admit(state, from, fresh, keep)
  if (admitted > 0) afterwards(state, { type: 'nudge' })
  return admitted
}

/** Signatures are checked. `keep`: hold what cannot be judged yet. @returns how many were admitted */
export function admit(state: EngineState, from: Key | null, envelopes: readonly Envelope[], keep = true): number {
  if (envelopes.length === 0) return 0
  const byId = new Map(envelopes.map((envelope) => [envelope.id, envelope]))
  let admitted = 0
  for (const result of take(state, envelopes)) {
    const envelope = byId.get(result.id)
    if (envelope === undefined) continue
    if (result.state === 'admitted') {
      admitted += 1
      noteAdmitted(state, from, envelope)
    } else if (keep && (result.state === 'gap' || result.state === 'unknownKey')) {
      hold(state, envelope, from, result.missing)
    }
  }
  return admitted
}

function takeOne(state: EngineState, candidate: Candidate): Verdict {
  const failed = checkBytes(state, candidate)
  if (failed !== null) return failed
  const { envelope, from } = candidate
  if (envelope === null) return { result: 'ignore', code: 'E_MALFORMED' }
  if (isLive(envelope)) return takeBeacon(state, from, envelope)
  const [result] = take(state, [envelope])
  return result === undefined ? ACCEPT : judgeResult(state, candidate, envelope, result)
}

/** The second half of the table: what the ledger made of it. */
function judgeResult(state: EngineState, candidate: Candidate, envelope: Envelope, result: AddResult): Verdict {
  const { from } = candidate
  switch (result.state) {
    case 'admitted':
      return { result: 'accept', code: noteAdmitted(state, from, envelope) }
    case 'known':
      return { result: 'ignore', code: null }
    case 'gap':
      hold(state, envelope, from, result.missing)
      for (const id of result.missing) openGap(state, id, envelope.body.key)
      scheduleSync(state, from)
      // It is sound as far as one can see from here: others may have what it follows.
      return { result: envelope.family === 'feed' ? 'accept' : 'ignore', code: result.code }
    case 'unknownKey':
      hold(state, envelope, from, [])
      scheduleSync(state, from)
      return { result: 'ignore', code: result.code }
    default:
      if (result.final && result.code !== null) rememberRefusal(state, candidate, result.code)
      return { result: result.final ? 'reject' : 'ignore', code: result.code }
  }
}

/** @returns the code of a void or flagged entry */
function noteAdmitted(state: EngineState, from: Key | null, envelope: Envelope): string | null {
  if (from !== null && isVersion(envelope)) noteAnnouncer(state, from, envelope.id)
  const judgement = state.ledger.judge(envelope.id)
  const { id, body } = envelope
  const fields = { id, type: body.type, key: body.key }
  if (judgement?.counts === false) {
    const message = `Void (${judgement.code}), ${describe(envelope)}: ${judgement.reason}.`
    // What it replaces is on its way: sets come after feeds.
    const level = judgement.code === 'E_FEED_GAP' ? 'debug' : 'warn'
    event(state, level, 'void', message, { ...fields, code: judgement.code })
    return judgement.code
  }
  if (isTold(state, 'debug')) event(state, 'debug', 'admitted', `New here: ${describe(envelope)}.`, fields)
  if (!isFeed(envelope) || envelope.body.at <= state.wall + LIMITS.intake.futureMs) return null
  flag(state, id)
  event(
    state,
    'warn',
    'future',
    `A ${body.type} is dated in the future: its author's clock is wrong, or this node's.`,
    {
      ...fields,
      code: 'E_FUTURE',
      at: envelope.body.at,
    },
  )
  return 'E_FUTURE'
}

/** Whoever told of a version has its bundle, or knows who has. */
function noteAnnouncer(state: EngineState, from: Key, id: Cid): void {
  state.announcers ??= new SmallMap()
  const { announcers } = state
  const oldest = announcers.size >= LIMITS.converge.announcers ? announcers.oldest() : undefined
  if (oldest !== undefined) announcers.delete(oldest)
  announcers.set(id, from)
  state.bundlesDirty = true
}

function flag(state: EngineState, id: Cid): void {
  state.flagged ??= new Set()
  const oldest = state.flagged.size >= LIMITS.intake.flagged ? state.flagged.values().next().value : undefined
  if (oldest !== undefined) state.flagged.delete(oldest)
  state.flagged.add(id)
}

/** After something came: records that waited for it. They may bring something new in turn. */
export function retryHeld(state: EngineState, fresh: Dirt): void {
  for (const { envelope, from } of release(state, fresh)) {
    if (isLive(envelope)) takeBeacon(state, from, envelope)
    else admit(state, from, [envelope])
  }
}
