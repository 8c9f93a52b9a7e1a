import { LIMITS } from '../limits.ts'
import { isVersion } from '../records/guards.ts'
import type { Cid, Envelope, Key, Version } from '../records/types.ts'
import { answerAllHolds } from '../sync/holders.ts'
import { convergingOf } from './converging.ts'
import { emit, event } from './emit.ts'
import type { EngineState } from './state.ts'
import { draw } from './state.ts'
import { reaim, versionAt } from './targets.ts'

/** Which bundles this node fetches, from whom, and which it keeps. */
export function lookAtBundles(state: EngineState): void {
  if (!state.bundlesDirty) return
  state.bundlesDirty = false
  const wanted = wantedBundles(state)
  if (wanted.size === 0 && state.converging === null) return
  const converging = convergingOf(state)
  for (const cid of converging.fetching.keys()) {
    if (wanted.has(cid)) continue
    converging.fetching.delete(cid)
    emit(state, { type: 'blobCancel', cid })
  }
  for (const [cid, version] of wanted) {
    if (converging.stored.has(cid) || converging.fetching.has(cid)) continue
    want(state, cid, version)
  }
  tellWhatToKeep(state, wanted)
}

export function blobStored(state: EngineState, cid: Cid): void {
  const converging = convergingOf(state)
  converging.fetching.delete(cid)
  converging.stored.add(cid)
  for (const policy of policiesOf(state, cid)) reaim(state, policy)
  state.bundlesDirty = true
  answerAllHolds(state)
}

/** Wrong bytes for good: this node refuses the bundle. Else it is asked for again, less and less often. */
export function blobFailed(state: EngineState, cid: Cid, peer: Key | null, code: string, final: boolean): void {
  const converging = convergingOf(state)
  const fetch = converging.fetching.get(cid)
  if (final) {
    converging.fetching.delete(cid)
    const refused = Object.entries(state.local.refused).slice(-LIMITS.converge.refused + 1)
    state.local = { ...state.local, refused: Object.fromEntries([...refused, [cid, code]]) }
    state.localDirty = true
    event(state, 'error', 'bundleRefused', `This node refuses the bundle ${cid} (${code}).`, { cid, code })
    for (const policy of policiesOf(state, cid)) reaim(state, policy)
    return
  }
  if (fetch === undefined) return
  fetch.tries += 1
  const wait = Math.min(LIMITS.converge.fetchMaxMs, LIMITS.converge.fetchMs * 2 ** Math.min(fetch.tries - 1, 20))
  fetch.at = state.now + wait
  state.timers.soonest('fetch', fetch.at)
  event(state, 'debug', 'bundleLate', `The bundle ${cid} could not be fetched (${code}).`, { cid, code, peer })
}

/** Those whose time has come are asked for again. */
export function refetch(state: EngineState): void {
  for (const [cid, fetch] of state.converging?.fetching ?? []) {
    if (fetch.at > state.now) {
      state.timers.soonest('fetch', fetch.at)
      continue
    }
    fetch.at = Number.POSITIVE_INFINITY
    emit(state, { type: 'blobWant', cid, size: fetch.size, from: sources(state, null) })
  }
}

/** A new neighbour may have what others did not. */
export function refetchSoon(state: EngineState): void {
  for (const fetch of state.converging?.fetching.values() ?? []) {
    if (fetch.at === Number.POSITIVE_INFINITY) continue
    fetch.at = state.now
    state.timers.soonest('fetch', state.now)
  }
}

function want(state: EngineState, cid: Cid, version: Envelope<Version>): void {
  const size = version.body.bundle?.size ?? 0
  convergingOf(state).fetching.set(cid, { size, tries: 0, at: Number.POSITIVE_INFINITY })
  emit(state, { type: 'blobWant', cid, size, from: sources(state, version) })
}

/** Who told of it, who wrote it, then other neighbours; the driver asks further peers after them. */
function sources(state: EngineState, version: Envelope<Version> | null): readonly Key[] {
  const first = version === null ? [] : [state.announcers?.get(version.id), version.body.key]
  const others = draw(state, state.links.keys(), LIMITS.converge.sources)
  const known = [...first.filter((key) => key !== undefined && state.links.has(key)), ...others]
  return [...new Set(known)].filter((key) => key !== undefined).slice(0, LIMITS.converge.sources)
}

/**
 * Winners here and last good versions; bundles in custody; and, to have them for late comers, other heads. A head is
 * fetched while its record is on its way to the disk: nothing depends on the order of these two, and both take time.
 */
function wantedBundles(state: EngineState): Map<Cid, Envelope<Version>> {
  const wanted = new Map<Cid, Envelope<Version>>()
  const add = (version: Envelope<Version> | null): void => {
    const cid = version?.body.bundle?.cid
    if (version !== null && cid !== undefined && !Object.hasOwn(state.local.refused, cid)) wanted.set(cid, version)
  }
  for (const target of state.converging?.targets.values() ?? []) add(target.want)
  for (const { version, lastGood } of Object.values(state.local.inForce)) {
    add(versionAt(state, version))
    if (lastGood !== null) add(versionAt(state, lastGood))
  }
  for (const id of state.custody ?? []) add(versionAt(state, id))
  if (!state.settings.mirror) return wanted
  for (const id of state.announcers?.keys() ?? []) {
    const record = state.durable.has(id) ? undefined : state.ledger.get(id)
    if (record === undefined || !isVersion(record) || state.ledger.judge(id)?.counts !== true) continue
    if ((record.body.bundle?.size ?? 0) <= LIMITS.converge.mirrorBytes) add(record)
  }
  for (const policy of state.durable.policies()) {
    for (const head of state.durable.policy(policy)?.countingHeads ?? []) {
      if ((head.body.bundle?.size ?? 0) <= LIMITS.converge.mirrorBytes) add(head)
    }
  }
  return wanted
}

/** Every head, winner and last good version. */
function tellWhatToKeep(state: EngineState, wanted: ReadonlyMap<Cid, Envelope<Version>>): void {
  const converging = convergingOf(state)
  const keep = new Set(wanted.keys())
  for (const policy of state.durable.policies()) {
    for (const head of state.durable.policy(policy)?.heads ?? []) {
      if (head.body.bundle !== null) keep.add(head.body.bundle.cid)
    }
  }
  for (const cid of converging.stored) if (!keep.has(cid)) converging.stored.delete(cid)
  const cids = [...keep].toSorted()
  const text = cids.join(' ')
  if (text === converging.keepText) return
  converging.keepText = text
  emit(state, { type: 'blobKeep', cids })
}

/** Policies for which this bundle is, or was, the one to run. */
function policiesOf(state: EngineState, cid: Cid): readonly string[] {
  const named = new Set<string>()
  const isOf = (version: Envelope<Version> | null): boolean => version?.body.bundle?.cid === cid
  for (const { policy, want } of state.converging?.targets.values() ?? []) if (isOf(want)) named.add(policy)
  for (const [policy, { version, lastGood }] of Object.entries(state.local.inForce)) {
    if (isOf(versionAt(state, version)) || (lastGood !== null && isOf(versionAt(state, lastGood)))) named.add(policy)
  }
  return [...named]
}
