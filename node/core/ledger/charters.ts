import type { CoreCode } from '../errors.ts'
import { notUnderstood } from '../records/schemas.ts'
import type { Charter, Cid, Envelope, Key, KeySet } from '../records/types.ts'
import { LEDGER_LIMITS } from './limits.ts'
import type { ChartersView } from './types.ts'

/**
 * Charters as a set (RECORDS.md, section 2). What is held and what is in force is a function of the valid charters that
 * were offered; there are few of them, so it is computed anew whenever one comes.
 */
type CharterEnvelope = Envelope<Charter>

export interface Charters extends ChartersView {
  readonly byId: ReadonlyMap<Cid, CharterEnvelope>
}

export const NO_CHARTERS: Charters = {
  byId: new Map(),
  inForce: [],
  tips: [],
  all: [],
  needsNewer: [],
  current: null,
}

export type CharterFault =
  | { readonly kind: 'gap'; readonly missing: readonly Cid[] }
  | { readonly kind: 'refused'; readonly code: CoreCode; readonly reason: string }

/** The set with these charters added, as far as they are valid and within the bounds; the same object if nothing new. */
export function addCharters(charters: Charters, offered: readonly CharterEnvelope[], mesh: Cid): Charters {
  const byId = new Map(charters.byId)
  // Parents have a lower n, so one pass in that order is enough.
  for (const envelope of offered.toSorted(byNumber)) {
    if (!byId.has(envelope.id) && charterFault(envelope, byId, mesh) === null) byId.set(envelope.id, envelope)
  }
  return byId.size === charters.byId.size ? charters : viewOf(byId)
}

/** Null: it may join the set. */
export function charterFault(
  envelope: CharterEnvelope,
  held: ReadonlyMap<Cid, CharterEnvelope>,
  mesh: Cid,
): CharterFault | null {
  const { body } = envelope
  if (body.prev.length === 0) return firstFault(envelope, mesh)
  if (body.mesh !== mesh) return refused('E_WRONG_MESH', 'it belongs to another mesh')
  const missing = body.prev.filter((id) => !held.has(id))
  if (missing.length > 0) return { kind: 'gap', missing }
  const prev = body.prev.flatMap((id) => held.get(id) ?? [])
  for (const rule of SUCCESSOR_RULES) {
    const fault = rule(envelope, prev)
    if (fault !== null) return fault
  }
  return null
}

function firstFault(envelope: CharterEnvelope, mesh: Cid): CharterFault | null {
  const { body } = envelope
  if (envelope.id !== mesh) return refused('E_WRONG_MESH', 'it is the first charter of another mesh')
  if (body.mesh !== null || body.key !== null || body.n !== 1 || body.epoch !== 0 || body.by !== 'roots') {
    return refused('E_CHARTER', 'charter 1 has n 1, epoch 0, no mesh, no key, and is signed by its roots')
  }
  return signedBy(envelope, body.roots, 'roots')
}

type Rule = (envelope: CharterEnvelope, prev: readonly CharterEnvelope[]) => CharterFault | null

const SUCCESSOR_RULES: readonly Rule[] = [
  ({ body }, prev) => {
    const n = 1 + Math.max(...prev.map((p) => p.body.n))
    return body.n === n ? null : refused('E_CHARTER', `its n must be ${n}, one more than the highest that it follows`)
  },
  ({ body }, prev) => {
    const epoch = Math.max(...prev.map((p) => p.body.epoch)) + (body.by === 'recovery' ? 1 : 0)
    return body.epoch === epoch ? null : refused('E_CHARTER', `its epoch must be ${epoch}`)
  },
  ({ body }, prev) => {
    if (body.by === 'recovery') return null
    const kept = prev.every((p) => sameKeys(p.body.roots, body.roots) && sameKeys(p.body.recovery, body.recovery))
    return kept ? null : refused('E_CHARTER', 'only a charter by the recovery keys changes roots or recovery')
  },
  (envelope, prev) => {
    const { by } = envelope.body
    for (const p of prev) {
      const fault = signedBy(envelope, p.body[by], by)
      if (fault !== null) return fault
    }
    return null
  },
  ({ body }, prev) => {
    const named = keysNamed(body)
    for (const p of prev) {
      for (const key of keysNamed(p.body)) {
        if (!named.has(key))
          return refused('E_CHARTER', `it does not name the key ${key}, which a charter before it names`)
      }
    }
    return null
  },
]

/** Keys with a role, or with one in the past: a later charter must name them all. */
export function keysNamed(charter: Charter): ReadonlySet<Key> {
  const keys = new Set(charter.roots.keys)
  for (const line of charter.enrollers) keys.add(line.key)
  for (const line of charter.grants) keys.add(line.key)
  for (const line of charter.past) keys.add(line.key)
  return keys
}

function signedBy(envelope: CharterEnvelope, set: KeySet, what: string): CharterFault | null {
  const count = envelope.sigs.filter((sig) => set.keys.includes(sig.key)).length
  if (count >= set.threshold) return null
  return refused('E_THRESHOLD', `it has ${count} of ${set.threshold} signatures by the ${what} that it needs`)
}

function sameKeys(a: KeySet, b: KeySet): boolean {
  return a.threshold === b.threshold && a.keys.length === b.keys.length && a.keys.every((key) => b.keys.includes(key))
}

function refused(code: CoreCode, reason: string): CharterFault {
  return { kind: 'refused', code, reason }
}

function byNumber(a: CharterEnvelope, b: CharterEnvelope): number {
  return a.body.n - b.body.n || byId(a, b)
}

function byId(a: Envelope, b: Envelope): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0
}

/** What to keep of these valid charters, and what of it is in force. */
function viewOf(valid: ReadonlyMap<Cid, CharterEnvelope>): Charters {
  const everyone = [...valid.values()]
  const understood = everyone.filter((envelope) => notUnderstood(envelope.body).length === 0)
  const inForce = highestTips(understood, valid)
  // Without a build that understands them, the newest charters are still everyone's: hold what leads to them too.
  const kept = withAncestors([...inForce, ...highestTips(everyone, valid)], valid)
  const side = everyone.filter((envelope) => !kept.has(envelope.id)).toSorted(byNumber)
  for (const envelope of side.slice(0, LEDGER_LIMITS.sideCharters)) kept.add(envelope.id)
  const all = everyone.filter((envelope) => kept.has(envelope.id)).toSorted(byNumber)
  const named = new Set(all.flatMap((envelope) => envelope.body.prev))
  return {
    byId: new Map(all.map((envelope) => [envelope.id, envelope])),
    inForce,
    tips: all.filter((envelope) => !named.has(envelope.id)).toSorted(byId),
    all,
    needsNewer: all.filter((envelope) => notUnderstood(envelope.body).length > 0),
    current: inForce.toSorted((a, b) => b.body.n - a.body.n || byId(a, b))[0] ?? null,
  }
}

/** Of the charters that no other of `among` follows, at any depth, those of the highest epoch: 8, the lowest CIDs. */
function highestTips(among: readonly CharterEnvelope[], valid: ReadonlyMap<Cid, CharterEnvelope>): CharterEnvelope[] {
  const epoch = Math.max(...among.map((envelope) => envelope.body.epoch))
  const followed = withAncestors(
    among.flatMap((envelope) => parentsOf(envelope, valid)),
    valid,
  )
  return among
    .filter((envelope) => envelope.body.epoch === epoch && !followed.has(envelope.id))
    .toSorted(byId)
    .slice(0, LEDGER_LIMITS.tips)
}

/** Ids of these charters and of all that they follow. */
export function withAncestors(from: readonly CharterEnvelope[], valid: ReadonlyMap<Cid, CharterEnvelope>): Set<Cid> {
  const seen = new Set<Cid>()
  const queue = [...from]
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (seen.has(next.id)) continue
    seen.add(next.id)
    queue.push(...parentsOf(next, valid))
  }
  return seen
}

function parentsOf(envelope: CharterEnvelope, valid: ReadonlyMap<Cid, CharterEnvelope>): CharterEnvelope[] {
  return envelope.body.prev.flatMap((id) => valid.get(id) ?? [])
}
