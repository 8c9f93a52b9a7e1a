import { LIMITS } from '../limits.ts'
import type { Ledger } from '../ledger/types.ts'
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
  if (wanted.length === 0 && state.converging === null) return
  const converging = convergingOf(state)
  for (const cid of converging.fetching.keys()) {
    if (wanted.some((one) => one.cid === cid)) continue
    converging.fetching.delete(cid)
    emit(state, { type: 'blobCancel', cid })
  }
  for (const { cid, version } of wanted) {
    if (converging.stored.has(cid) || converging.fetching.has(cid)) continue
    want(state, cid, version)
  }
  tellWhatToKeep(state, wanted)
}

export function blobStored(state: EngineState, cid: Cid): void {
  const converging = convergingOf(state)
  converging.fetching.delete(cid)
  converging.stored.set(cid, true)
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
  for (const cid of state.converging?.fetching.keys() ?? []) {
    const fetch = state.converging?.fetching.get(cid)
    if (fetch === undefined) continue
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
  const known: Key[] = []
  const add = (key: Key | undefined): void => {
    if (key !== undefined && known.length < LIMITS.converge.sources && !known.includes(key)) known.push(key)
  }
  const others = draw(state, state.links.keys(), LIMITS.converge.sources)
  for (const key of version === null ? [] : [state.announcers?.get(version.id), version.body.key]) {
    if (key !== undefined && state.links.has(key)) add(key)
  }
  for (const key of others) add(key)
  return known
}

interface Wanted {
  readonly cid: Cid
  readonly version: Envelope<Version>
}

/** What a ledger says of bundles to whoever holds it: asked once for all nodes that hold the same. */
interface HeadBundles {
  /** Of heads that count, small enough to be kept for others. */
  readonly mirrored: readonly Wanted[]
  readonly heads: ReadonlySet<Cid>
  /** All heads, in order, as text. */
  readonly keep: readonly Cid[]
  readonly keepText: string
}

const known = new WeakMap<Ledger, HeadBundles>()

function headBundles(ledger: Ledger): HeadBundles {
  const found = known.get(ledger)
  if (found !== undefined) return found
  const mirrored: Wanted[] = []
  const heads = new Set<Cid>()
  for (const policy of ledger.policies()) {
    const view = ledger.policy(policy)
    for (const version of view?.countingHeads ?? []) {
      const { bundle } = version.body
      if (bundle !== null && bundle.size <= LIMITS.converge.mirrorBytes) mirrored.push({ cid: bundle.cid, version })
    }
    for (const { body } of view?.heads ?? []) if (body.bundle !== null) heads.add(body.bundle.cid)
  }
  const keep = [...heads].toSorted()
  const made = { mirrored, heads, keep, keepText: keep.join(' ') }
  known.set(ledger, made)
  return made
}

/**
 * Winners here and last good versions; bundles in custody; and, to have them for late comers, other heads. A head is
 * fetched while its record is on its way to the disk: nothing depends on the order of these two, and both take time.
 */
function wantedBundles(state: EngineState): readonly Wanted[] {
  const wanted: Wanted[] = []
  for (const target of state.converging?.targets.values() ?? []) add(state, wanted, target.want)
  for (const { version, lastGood } of Object.values(state.local.inForce)) {
    add(state, wanted, versionAt(state, version))
    if (lastGood !== null && lastGood !== version) add(state, wanted, versionAt(state, lastGood))
  }
  if (state.custody !== null) for (const id of state.custody) add(state, wanted, versionAt(state, id))
  if (!state.settings.mirror) return wanted
  for (const id of state.announcers?.keys() ?? []) {
    const record = state.durable.has(id) ? undefined : state.ledger.get(id)
    if (record === undefined || !isVersion(record) || state.ledger.judge(id)?.counts !== true) continue
    if ((record.body.bundle?.size ?? 0) <= LIMITS.converge.mirrorBytes) add(state, wanted, record)
  }
  for (const { version } of headBundles(state.durable).mirrored) add(state, wanted, version)
  return wanted
}

function add(state: EngineState, wanted: Wanted[], version: Envelope<Version> | null): void {
  const cid = version?.body.bundle?.cid
  if (version === null || cid === undefined || Object.hasOwn(state.local.refused, cid)) return
  for (const [at, one] of wanted.entries()) {
    if (one.cid !== cid) continue
    if (one.version !== version) wanted[at] = { cid, version }
    return
  }
  wanted.push({ cid, version })
}

/** Every head, winner and last good version. */
function tellWhatToKeep(state: EngineState, wanted: readonly Wanted[]): void {
  const converging = convergingOf(state)
  const heads = headBundles(state.durable)
  const others: Cid[] = []
  for (const { cid } of wanted) if (!heads.heads.has(cid)) others.push(cid)
  for (const cid of converging.stored.keys()) {
    if (!heads.heads.has(cid) && !others.includes(cid)) converging.stored.delete(cid)
  }
  const cids = others.length === 0 ? heads.keep : [...heads.keep, ...others].toSorted()
  const text = others.length === 0 ? heads.keepText : cids.join(' ')
  if (text === converging.keepText) return
  converging.keepText = text
  emit(state, { type: 'blobKeep', cids })
}

/** Policies for which this bundle is, or was, the one to run. */
function policiesOf(state: EngineState, cid: Cid): readonly string[] {
  const named: string[] = []
  const isOf = (version: Envelope<Version> | null): boolean => version?.body.bundle?.cid === cid
  for (const { policy, want } of state.converging?.targets.values() ?? []) if (isOf(want)) named.push(policy)
  for (const [policy, { version, lastGood }] of Object.entries(state.local.inForce)) {
    const either = isOf(versionAt(state, version)) || (lastGood !== null && isOf(versionAt(state, lastGood)))
    if (either && !named.includes(policy)) named.push(policy)
  }
  return named
}
