import { endAdmission, expireAdmissions, startAdmission, takeAdmissionFrame } from '../admission/handshake.ts'
import { askAnew, askForLost, foundAgain, lostLink, probed } from '../beacons/lost.ts'
import { beaconIfChanged, sendBeacon } from '../beacons/own.ts'
import { watch } from '../beacons/watch.ts'
import type { Key } from '../records/types.ts'
import { unblock } from '../sync/answers.ts'
import { answerAllHolds } from '../sync/holders.ts'
import { openLink } from '../sync/links.ts'
import { checkAsks, periodicSync, startRound, startWanted, syncWithSome } from '../sync/rounds.ts'
import { scheduleNudge, schedulePeriodic, scheduleSync } from '../sync/schedule.ts'
import { takeSyncFrame } from '../sync/take.ts'
import { askNewcomer, awaitHolder, expireAcks, published } from './acknowledge.ts'
import { raiseAlarms } from './alarms.ts'
import { flush, persisted, persistFailed } from './batches.ts'
import type { Followup } from './batches.ts'
import { blobFailed, blobStored, lookAtBundles, refetch, refetchSoon } from './bundles.ts'
import { emit, reply } from './emit.ts'
import { confirmNewcomers, noteNewcomers } from './enroll.ts'
import { closeGaps } from './gaps.ts'
import { armHold, holdNode, unholdNode } from './held.ts'
import { admit, retryHeld, takeRecord } from './intake.ts'
import { belongs, lookAtMembers } from './members.ts'
import { lookAtOwn, submit } from './own.ts'
import type { Command, Effect, Input } from './port.ts'
import { restore } from './restore.ts'
import { applied, convergeNow, drifted, lookAtRuns, periodicCheck, startRun } from './runs.ts'
import type { EngineOptions } from './settings.ts'
import { aheadOfWall, EngineState, jittered, NO_EFFECTS, setClock } from './state.ts'
import type { Dirt } from './state.ts'
import { lookAtWaves, retarget } from './targets.ts'
import type { TimerName } from './timers.ts'
import { EngineView } from './view.ts'

/**
 * One node, without I/O: inputs in, effects out, time as an argument. The same engine runs in the daemon and in the
 * simulator. Give it inputs one at a time, and act on what `drain` gives, in its order, before the next.
 *
 *     engine.handle({ type: 'peerUp', peer }, nowMs)
 *     for (const effect of engine.drain()) act(effect)
 *     arm(engine.deadline())
 */
export class Engine {
  readonly #state: EngineState
  readonly view: EngineView
  /** Members that are in step with this node from the start; null once it has started. */
  #peers: readonly Key[] | null

  constructor(options: EngineOptions) {
    this.#state = new EngineState(options)
    this.view = new EngineView(this.#state)
    this.#peers = options.snapshot?.peers ?? []
    if (options.snapshot !== undefined) restore(this.#state, options.snapshot)
  }

  /** @param nowMs milliseconds since 1970 */
  handle(input: Input, nowMs: number): void {
    const state = this.#state
    setClock(state, Math.round(nowMs))
    if (this.#peers !== null) {
      start(state, this.#peers)
      this.#peers = null
    }
    dispatch(state, input)
    settle(state)
    for (let name = state.timers.take(state.now); name !== undefined; name = state.timers.take(state.now)) {
      ALARMS[name](state)
      settle(state)
    }
    flush(state)
  }

  /** What is to be done, in this order. Each effect is given once. */
  drain(): readonly Effect[] {
    const { effects } = this.#state
    this.#state.effects = NO_EFFECTS
    return effects
  }

  /** When to call `handle({type: 'wake'})` at the latest; undefined before the first input. */
  deadline(): number | undefined {
    const next = this.#state.timers.next()
    return next === undefined ? undefined : next - aheadOfWall(this.#state)
  }
}

/** @param peers connected already, and in step */
function start(state: EngineState, peers: readonly Key[]): void {
  state.startedAt = state.now
  if (peers.length > 0) state.synced = true
  state.links.rest(peers, state.now)
  schedulePeriodic(state)
  const { beaconMs, checkMs, staleAfterMs } = state.settings.timing
  state.timers.set('beacon', state.now + beaconMs * 0.05 * state.random.next())
  state.timers.set('check', state.now + jittered(state, checkMs, 0.25))
  state.timers.set('watch', state.now + staleAfterMs)
  armHold(state)
  presentOwn(state)
}

/** What `join` made waits here until its invite has come, and is a record like others then. */
function presentOwn(state: EngineState): void {
  const { credentials } = state.settings
  if (credentials === null || state.ledger.certificateOf(state.self, state.wall).certificate !== null) return
  admit(state, null, [state.reader.read(credentials.certificate)])
}

const ALARMS: Readonly<Record<TimerName, (state: EngineState) => void>> = {
  sync: periodicSync,
  nudge: syncWithSome,
  asks: checkAsks,
  handshakes: expireAdmissions,
  beacon: sendBeacon,
  confirm: confirmNewcomers,
  own: expireAcks,
  fetch: refetch,
  converge: startRun,
  check: periodicCheck,
  unhold: (state) => unholdNode(state, null),
  watch(state) {
    closeGaps(state)
    lookAtMembers(state)
    watch(state)
  },
  lost: askForLost,
  rollout: lookAtWaves,
  store(state) {
    state.localDirty = true
    scheduleSync(state, null)
  },
}

function dispatch(state: EngineState, input: Input): void {
  switch (input.type) {
    case 'record':
      return takeRecord(state, input)
    case 'admitStart':
      return startAdmission(state, input.conn, input.peer, input.role)
    case 'admitFrame':
      return takeAdmissionFrame(state, input.conn, input.frame)
    case 'admitEnd':
      return endAdmission(state, input.conn)
    case 'peerUp': {
      const link = openLink(state, input.peer)
      foundAgain(state, input.peer)
      if (state.links.size === 1) askAnew(state)
      // Something may have come since it was admitted.
      if (!belongs(state, input.peer)) return lookAtMembers(state)
      startRound(state, link)
      askNewcomer(state, link)
      return refetchSoon(state)
    }
    case 'peerDown':
      if (state.links.delete(input.peer)) lostLink(state, input.peer)
      state.presented?.delete(input.peer)
      return
    case 'probed':
      return probed(state, input.peer, input.reachable)
    case 'syncFrame': {
      const link = state.links.get(input.peer)
      if (link !== undefined) takeSyncFrame(state, link, input.frame)
      return
    }
    default:
      return dispatchLocal(state, input)
  }
}

type FromNetwork = 'record' | 'admitStart' | 'admitFrame' | 'admitEnd' | 'peerUp' | 'peerDown' | 'probed' | 'syncFrame'

/** What comes from the node itself: its streams, disk, host, operator. */
function dispatchLocal(state: EngineState, input: Exclude<Input, { type: FromNetwork }>): void {
  switch (input.type) {
    case 'blocked': {
      const link = state.links.get(input.peer)
      if (link !== undefined) link.blocked = true
      return
    }
    case 'writable': {
      const link = state.links.get(input.peer)
      if (link !== undefined) unblock(state, link)
      return
    }
    case 'persisted':
      return follow(state, persisted(state, input.batch))
    case 'persistFailed':
      return follow(state, persistFailed(state, input.batch, input.code))
    case 'blobStored':
      return blobStored(state, input.cid)
    case 'blobFailed':
      return blobFailed(state, input.cid, input.peer, input.code, input.final)
    case 'applied':
      return applied(state, input.run, input.policies)
    case 'drifted':
      return drifted(state, input.resources)
    case 'command':
      return obey(state, input.ref, input.command)
    case 'self':
      state.addrs = input.addrs
      state.facts = input.facts
      state.beaconDirty = true
      return
    case 'wake':
  }
}

function obey(state: EngineState, ref: number, command: Command): void {
  switch (command.type) {
    case 'hold':
      return holdNode(state, ref, command.reason, command.until)
    case 'unhold':
      return unholdNode(state, ref)
    case 'converge':
      return convergeNow(state, ref)
    case 'held':
      return awaitHolder(state, ref, command.version)
    default:
      return submit(state, ref, command)
  }
}

/** What waited for the disk. */
function follow(state: EngineState, followups: readonly Followup[]): void {
  for (const next of followups) {
    if (next.type === 'nudge') scheduleNudge(state)
    else if (next.type === 'verdict') {
      emit(state, { type: 'verdict', ref: next.ref, result: 'accept', code: next.code, id: next.id })
    } else if (next.type === 'gossip') {
      scheduleNudge(state)
      if (state.settings.gossip) emit(state, { type: 'gossip', bytes: next.record.bytes })
    } else if (next.type === 'reply') reply(state, next.ref, { ok: true, record: next.record })
    else published(state, next.ref, next.record, next.local)
  }
}

/** After every input and every alarm: what follows from what changed. */
function settle(state: EngineState): void {
  for (let { fresh } = state; fresh !== null; { fresh } = state) {
    state.fresh = null
    retryHeld(state, fresh)
    if (state.gaps !== null) closeGaps(state)
    if (concernsMembers(fresh)) lookAtMembers(state)
  }
  const { settled } = state
  if (settled !== null) {
    state.settled = null
    retarget(state, settled)
    noteNewcomers(state, settled)
    if (concernsMembers(settled)) lookAtMembers(state)
    answerAllHolds(state)
    raiseAlarms(state)
    state.beaconDirty = true
  }
  lookAtBundles(state)
  lookAtRuns(state)
  lookAtOwn(state)
  startWanted(state)
  if (state.beaconDirty) beaconIfChanged(state)
}

function concernsMembers(dirt: Dirt): boolean {
  return dirt.law || dirt.charters || dirt.peers.length > 0
}
