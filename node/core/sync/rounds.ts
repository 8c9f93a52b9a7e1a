import { emit, event } from '../engine/emit.ts'
import { takeSynced } from '../engine/intake.ts'
import { draw } from '../engine/state.ts'
import type { EngineState } from '../engine/state.ts'
import { LIMITS } from '../limits.ts'
import type { Digest } from '../ledger/types.ts'
import { askBelowPage, askFurther, askWhatLacks } from './feeds.ts'
import type { SyncAnswer, SyncAsk, SyncFrame } from './frames.ts'
import type { Link } from './links.ts'
import { isSameFeed, rangeHash } from './listing.ts'
import { takeLive } from './live.ts'
import { isEqual, LIVE_PHASE, PHASES, tipIds } from './phases.ts'
import { ANY, schedulePeriodic } from './schedule.ts'

/**
 * One round: this node compares itself with one peer and pulls what it lacks; the peer, asked for its digest, does the
 * same the other way. Questions are answered in any order, a few in flight at a time.
 */
export interface Round {
  /** Begun by the other side's round: asks it to begin none in turn. */
  readonly answering: boolean
  phase: number
  readonly questions: SyncAsk[]
  readonly flying: Map<number, { readonly ask: SyncAsk; readonly at: number }>
  asked: number
  theirs: Digest | null
  admitted: number
  /** Records admitted in the current phase: it is worth while to look at it again. */
  progress: boolean
}

export function startRound(state: EngineState, link: Link, answering = false): void {
  if (link.round !== null || state.now < link.roundAt + LIMITS.sync.spacingMs) {
    if (!answering || link.round === null) link.again = true
    state.timers.soonest('asks', link.roundAt + LIMITS.sync.spacingMs)
    return
  }
  link.again = false
  link.heard = null
  link.roundAt = state.now
  const questions: SyncAsk[] = [{ kind: 'digest', digest: state.durable.digest, answering }]
  link.round = {
    answering,
    phase: -1,
    questions,
    flying: new Map(),
    asked: 0,
    theirs: null,
    admitted: 0,
    progress: false,
  }
  advance(state, link, link.round)
}

/** At the end of a step: begins the rounds that something asked for. */
export function startWanted(state: EngineState): void {
  if (state.syncWanted === null) return
  const wanted = state.syncWanted
  state.syncWanted = null
  for (const peer of wanted) {
    const link = peer === ANY ? drawLinks(state, 1)[0] : state.links.get(peer)
    if (link !== undefined) startRound(state, link)
  }
}

/** Random neighbours, each once. */
export function drawLinks(state: EngineState, count: number): readonly Link[] {
  return draw(state, state.links.keys(), count).flatMap((peer) => state.links.get(peer) ?? [])
}

/** Both the interval and a nudge: two random neighbours. */
export function syncWithSome(state: EngineState): void {
  for (const link of drawLinks(state, LIMITS.sync.neighbours)) startRound(state, link)
}

export function periodicSync(state: EngineState): void {
  syncWithSome(state)
  schedulePeriodic(state)
}

/** Gives up rounds in which an answer is overdue, begins those that had to wait. */
export function checkAsks(state: EngineState): void {
  for (const link of state.links.awake()) {
    const overdue = [...(link.round?.flying.values() ?? [])].some(
      ({ at }) => at + LIMITS.sync.askTimeoutMs <= state.now,
    )
    if (overdue) finish(state, link, 'a question was not answered')
    else if (link.round !== null) state.timers.soonest('asks', nextOverdue(link))
    else if (link.again) startRound(state, link)
  }
}

function nextOverdue(link: Link): number {
  const times = [...(link.round?.flying.values() ?? [])].map(({ at }) => at)
  return Math.min(...times) + LIMITS.sync.askTimeoutMs
}

/** The other side compares itself with us: if it finds a difference, there may be something for us as well. */
export function heardDigest(state: EngineState, link: Link, theirs: Digest, answering: boolean): void {
  if (link.round !== null) link.heard = theirs
  else if (!answering && !isEqual(theirs, state.ledger.digest)) startRound(state, link, true)
}

export function takeAnswer(state: EngineState, link: Link, frame: Extract<SyncFrame, { type: 'answer' }>): void {
  const { round } = link
  const asked = round?.flying.get(frame.id)
  if (round === null || asked === undefined) return
  round.flying.delete(frame.id)
  const wrong = digest(state, link, round, asked.ask, frame.answer)
  if (wrong !== null) finish(state, link, wrong)
  else advance(state, link, round)
}

/** @returns why the round cannot go on */
function digest(state: EngineState, link: Link, round: Round, ask: SyncAsk, answer: SyncAnswer): string | null {
  if (answer.kind === 'digest' && ask.kind === 'digest') {
    round.theirs = answer.digest
    if (isEqual(answer.digest, state.ledger.digest)) round.phase = LIVE_PHASE - 1
    return null
  }
  if (answer.kind === 'records' && (ask.kind === 'charters' || ask.kind === 'feed' || ask.kind === 'fetch')) {
    return tookRecords(state, link, round, ask, answer)
  }
  if (answer.kind === 'live' && ask.kind === 'live') {
    const next = takeLive(state, link, ask, answer)
    if (typeof next === 'string') return next
    if (next !== null) round.questions.push(next)
    return null
  }
  if (answer.kind === 'heads' && ask.kind === 'heads') {
    const next = askBelowPage(state, ask, answer)
    if (next === null) return 'its pages are out of order'
    round.questions.push(...next)
    return null
  }
  if (ask.kind !== 'range') return 'an answer does not fit its question'
  if (answer.kind === 'same') return null
  if (answer.kind === 'split') {
    for (const part of answer.parts) {
      const hash = rangeHash(state.ledger, state.crypto, ask.section, part.from, part.to)
      if (hash !== part.hash)
        round.questions.push({ kind: 'range', section: ask.section, from: part.from, to: part.to, hash })
    }
    return null
  }
  if (answer.kind === 'feeds' && ask.section === 'feeds') {
    for (const theirs of answer.feeds) {
      if (!isSameFeed(state.ledger, state.crypto, theirs)) round.questions.push(...askWhatLacks(state, theirs))
    }
    return null
  }
  if (answer.kind !== 'sets' || ask.section !== 'sets') return 'an answer does not fit its question'
  const lacking = answer.ids.filter((id) => !state.ledger.has(id))
  if (lacking.length > 0) round.questions.push({ kind: 'fetch', ids: lacking, below: false })
  return null
}

function tookRecords(
  state: EngineState,
  link: Link,
  round: Round,
  ask: Extract<SyncAsk, { kind: 'charters' | 'feed' | 'fetch' }>,
  answer: Extract<SyncAnswer, { kind: 'records' }>,
): string | null {
  // Of a closed feed only what is proven is taken; the rest is not worth holding.
  const admitted = takeSynced(state, link.peer, answer.envelopes, !(ask.kind === 'fetch' && ask.below))
  if (admitted === null) return 'it sent a record that is refused'
  round.admitted += admitted
  if (admitted > 0) round.progress = true
  const furthers = ask.kind === 'feed' && ask.want.some((id) => !state.ledger.has(id))
  if (!answer.more || (admitted === 0 && !furthers)) return null
  if (ask.kind === 'charters') round.questions.unshift({ kind: 'charters', have: tipIds(state.ledger) })
  else if (ask.kind === 'feed') round.questions.unshift(...askFurther(state, ask, answer.envelopes, admitted))
  else if (!ask.below) {
    const ids = ask.ids.filter((id) => !state.ledger.has(id))
    if (ids.length > 0) round.questions.unshift({ ...ask, ids })
  }
  return null
}

/** Asks what is to be asked; with nothing left, the next phase; with none left, the round is over. */
function advance(state: EngineState, link: Link, round: Round): void {
  for (;;) {
    while (round.flying.size < LIMITS.sync.window) {
      const ask = round.questions.shift()
      if (ask === undefined) break
      if (++round.asked + round.questions.length > LIMITS.sync.questions)
        return finish(state, link, 'it shows differences without end')
      const id = link.nextId++
      round.flying.set(id, { ask, at: state.now })
      emit(state, { type: 'send', peer: link.peer, frame: { type: 'ask', id, ask } })
    }
    if (round.flying.size > 0) return state.timers.soonest('asks', state.now + LIMITS.sync.askTimeoutMs)
    const phase = PHASES[round.phase]
    if (phase?.repeat !== true || !round.progress) round.phase += 1
    round.progress = false
    const next = PHASES[round.phase]
    if (next === undefined || round.theirs === null) return finish(state, link, null)
    round.questions.push(...next.asks(state, round.theirs, link))
  }
}

/** @param wrong null: the round is complete */
function finish(state: EngineState, link: Link, wrong: string | null): void {
  const { round } = link
  link.round = null
  if (round === null) return
  // It may have got something since it was asked.
  if (link.heard !== null && !isEqual(link.heard, state.ledger.digest)) link.again = true
  if (link.again) state.timers.soonest('asks', link.roundAt + LIMITS.sync.spacingMs)
  const fields = { peer: link.peer, asked: round.asked, admitted: round.admitted }
  if (wrong !== null) {
    event(state, 'warn', 'syncFailed', `Sync with a member was given up: ${wrong}.`, { ...fields, reason: wrong })
    return
  }
  link.syncedAt = state.now
  state.synced = true
  if (round.admitted > 0) event(state, 'debug', 'synced', `Sync brought ${round.admitted} records.`, fields)
}
