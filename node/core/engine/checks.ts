import { CoreError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { isVersion } from '../records/guards.ts'
import { toHex } from '../records/keys.ts'
import { RECORD_LIMITS } from '../records/limits.ts'
import type { Envelope, Key } from '../records/types.ts'
import { SmallMap } from '../small-map.ts'
import { event } from './emit.ts'
import type { Bucket, EngineState } from './state.ts'

/**
 * The first half of RECORDS.md, section 6: what is asked of every record before the ledger or the beacon table sees it,
 * in this order. Reject only for what is wrong by its bytes.
 */
export interface Candidate {
  /** `live`: a beacon that a member handed over. */
  readonly via: 'gossip' | 'local' | 'sync' | 'live'
  readonly from: Key | null
  readonly bytes: Uint8Array
  envelope: Envelope | null
  /** sha2-256 of the whole envelope, hex; '' until it is known. */
  hash: string
}

export interface Verdict {
  readonly result: 'accept' | 'ignore' | 'reject'
  readonly code: string | null
}

/** Null: passed. */
type Check = (state: EngineState, candidate: Candidate) => Verdict | null

const reject = (code: string): Verdict => ({ result: 'reject', code })
const ignore = (code: string | null): Verdict => ({ result: 'ignore', code })

const CHECKS: readonly { readonly name: string; readonly check: Check }[] = [
  { name: 'not refused before', check: refusedBefore },
  { name: 'size, strict decode, header', check: decodes },
  { name: 'mesh', check: ofThisMesh },
  { name: 'rate of the neighbour', check: withinRate },
  { name: 'admitted already', check: isNew },
  { name: 'signatures', check: isSigned },
  { name: 'rate of the author', check: withinGrant },
]

/** The first check that it fails decides; null if it passes all. */
export function checkBytes(state: EngineState, candidate: Candidate): Verdict | null {
  for (const { check } of CHECKS) {
    const verdict = check(state, candidate)
    if (verdict === null) continue
    if (verdict.result === 'reject' && verdict.code !== null) rememberRefusal(state, candidate, verdict.code)
    return verdict
  }
  return null
}

/** Never again: for what is wrong for good. The same body with other signatures is another envelope. */
export function rememberRefusal(state: EngineState, candidate: Candidate, code: string): void {
  state.refusals ??= new Map()
  const { refusals } = state
  const oldest = refusals.size >= LIMITS.intake.refusals ? refusals.keys().next().value : undefined
  if (oldest !== undefined) refusals.delete(oldest)
  refusals.set(hashOf(state, candidate), code)
}

function hashOf(state: EngineState, candidate: Candidate): string {
  if (candidate.hash === '') candidate.hash = toHex(state.crypto.sha256(candidate.bytes))
  return candidate.hash
}

function refusedBefore(state: EngineState, candidate: Candidate): Verdict | null {
  if (state.refusals === null) return null
  const code = state.refusals.get(hashOf(state, candidate))
  return code === undefined ? null : reject(code)
}

function decodes(state: EngineState, candidate: Candidate): Verdict | null {
  const isSmall = candidate.via === 'gossip' || candidate.via === 'live'
  if (isSmall && candidate.bytes.length > RECORD_LIMITS.recordBytes) return reject('E_TOO_LARGE')
  try {
    candidate.envelope = state.reader.read(candidate.bytes)
  } catch (error) {
    return reject(error instanceof CoreError ? error.code : 'E_MALFORMED')
  }
  candidate.hash = candidate.envelope.envelopeHash
  // Charters are announced, and travel by sync alone.
  if (candidate.via === 'gossip' && candidate.envelope.family === 'charter') return reject('E_NOT_ALLOWED')
  if (candidate.via === 'live' && candidate.envelope.family !== 'live') return reject('E_NOT_ALLOWED')
  if (candidate.via === 'sync' && candidate.envelope.family === 'live') return reject('E_NOT_ALLOWED')
  return null
}

/** Charter 1 names no mesh: its own id is the mesh. */
function ofThisMesh(state: EngineState, { envelope }: Candidate): Verdict | null {
  const { mesh } = state.ledger.env
  return (envelope?.body.mesh ?? envelope?.id) === mesh ? null : reject('E_WRONG_MESH')
}

/** A token bucket for each neighbour. What is ignored here comes back by sync. */
function withinRate(state: EngineState, { via, from }: Candidate): Verdict | null {
  const link = from === null ? undefined : state.links.get(from)
  if (via !== 'gossip' || link === undefined) return null
  const { ratePerSecond, rateBurst } = LIMITS.intake
  const refilled = link.tokens + ((state.now - link.tokensAt) / 1000) * ratePerSecond
  link.tokens = Math.min(rateBurst, refilled)
  link.tokensAt = state.now
  if (link.tokens < 1) return ignore('E_RATE')
  link.tokens -= 1
  return null
}

function isNew(state: EngineState, { envelope }: Candidate): Verdict | null {
  return envelope !== null && state.ledger.has(envelope.id) ? ignore(null) : null
}

function isSigned(state: EngineState, { envelope }: Candidate): Verdict | null {
  return envelope !== null && state.reader.verify(envelope) ? null : reject('E_BAD_SIG')
}

const HOUR_MS = 3_600_000

/**
 * An author's versions in an hour, as its grants say: what is more is not relayed, and comes by sync. It never voids
 * anything, so a script that publishes in a loop costs everyone less, and loses nothing.
 */
function withinGrant(state: EngineState, { via, envelope }: Candidate): Verdict | null {
  if (via !== 'gossip' || envelope === null || !isVersion(envelope)) return null
  const { key } = envelope.body
  const grants = state.ledger.roleOf(key)?.grants ?? []
  if (grants.length === 0) return null
  let rate = Number.NEGATIVE_INFINITY
  for (const grant of grants) rate = Math.max(rate, grant.rate)
  const bucket = bucketOf(state, key, rate)
  bucket.tokens = Math.min(rate, bucket.tokens + ((state.now - bucket.at) / HOUR_MS) * rate)
  bucket.at = state.now
  if (bucket.tokens >= 1) {
    bucket.tokens -= 1
    bucket.over = false
    return null
  }
  if (!bucket.over) {
    const message = `A key publishes more than its grant's ${rate} versions an hour: they spread by sync alone.`
    event(state, 'warn', 'rate', message, { key, rate, code: 'E_RATE' })
  }
  bucket.over = true
  return ignore('E_RATE')
}

function bucketOf(state: EngineState, key: Key, rate: number): Bucket {
  state.authors ??= new SmallMap()
  const { authors } = state
  const known = authors.get(key)
  // The one that spoke last is the last to be forgotten.
  if (known !== undefined && authors.size === 1) return known
  const bucket = known ?? { tokens: rate, at: state.now, over: false }
  authors.delete(key)
  const quiet = authors.size >= LIMITS.intake.authors ? authors.oldest() : undefined
  if (quiet !== undefined) authors.delete(quiet)
  authors.set(key, bucket)
  return bucket
}
