import { isRevoke } from '../records/guards.ts'
import { notUnderstood } from '../records/schemas.ts'
import type { Charter, Cid, Enroller, Envelope, Grant, Key, Labels, LabelRule, Past, Revoke } from '../records/types.ts'
import { withAncestors } from './charters.ts'
import type { Charters } from './charters.ts'
import type { Role } from './types.ts'

/** What the charters in force and the revocations say, arranged for judging. Replaced whole when it changes. */
export interface Law {
  readonly tips: readonly TipLaw[]
  /** Equal texts: equal laws. */
  readonly text: string
  /** Memo of `ancestry` for heads whose whole history is here, which can never change. Not part of the value. */
  readonly ancestries: Map<string, ReadonlySet<Cid>>
}

/** One charter in force; an entry must count under each. */
export interface TipLaw {
  readonly charter: Envelope<Charter>
  readonly roots: ReadonlySet<Key>
  readonly enrollers: ReadonlyMap<Key, readonly Enroller[]>
  readonly grants: ReadonlyMap<Key, readonly Grant[]>
  readonly past: ReadonlyMap<Key, readonly Past[]>
  /** Who is or was a root or recovery key in this charter's history: no revoke can name them. */
  readonly untouchable: ReadonlySet<Key>
  /** Revocations that count under this charter, by what they revoke and by target. */
  readonly revokes: Readonly<Record<Revoke['what'], ReadonlyMap<Key, readonly Envelope<Revoke>[]>>>
}

/** Is the entry at or below (by feedPrev, in this key's feed) one of the heads? Undefined heads are simply not here. */
export type Below = (key: Key, heads: readonly Cid[], id: Cid) => boolean

export const NO_LAW: Law = { tips: [], text: '', ancestries: new Map() }

/** @param revokes every feed/revoke in the ledger @param below over the entries of the ledger */
export function buildLaw(charters: Charters, revokes: readonly Envelope<Revoke>[], below: Below): Law {
  const tips = charters.inForce.map((charter) => tipLaw(charter, charters, revokes, below))
  const text = tips
    .map((tip) => [
      tip.charter.id,
      ...Object.values(tip.revokes).flatMap((m) => [...m.values()].flat().map((r) => r.id)),
    ])
    .map((ids) => [ids[0], ...ids.slice(1).toSorted()].join(' '))
    .join('\n')
  return { tips, text, ancestries: new Map() }
}

function tipLaw(
  charter: Envelope<Charter>,
  charters: Charters,
  revokes: readonly Envelope<Revoke>[],
  below: Below,
): TipLaw {
  const history = [...withAncestors([charter], charters.byId)].flatMap((id) => charters.byId.get(id)?.body ?? [])
  const lifted = new Set(history.flatMap((body) => body.lifts))
  const untouchable = new Set(history.flatMap((body) => [...body.roots.keys, ...body.recovery.keys]))
  const past = grouped(charter.body.past, (line) => line.key)
  const roots = new Set(charter.body.roots.keys)
  const standing = revokes.filter((revoke) => {
    const { key, target } = revoke.body
    if (lifted.has(revoke.id) || untouchable.has(target) || notUnderstood(revoke.body).length > 0) return false
    if (roots.has(key)) return true
    return (past.get(key) ?? []).some((line) => line.was === 'root' && below(key, line.heads, revoke.id))
  })
  const of = (what: Revoke['what']) =>
    grouped(
      standing.filter((revoke) => revoke.body.what === what),
      (revoke) => revoke.body.target,
    )
  return {
    charter,
    roots,
    enrollers: grouped(charter.body.enrollers, (line) => line.key),
    grants: grouped(charter.body.grants, (line) => line.key),
    past,
    untouchable,
    revokes: { feed: of('feed'), member: of('member'), invite: of('invite') },
  }
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => Key): ReadonlyMap<Key, readonly T[]> {
  return Map.groupBy(items, keyOf)
}

const hasRole = (tip: TipLaw, key: Key): boolean => tip.roots.has(key) || tip.enrollers.has(key) || tip.grants.has(key)

/** Does the ledger take what this key says from now on? A role under one charter in force is enough. */
export function isOpen(law: Law, key: Key): boolean {
  return law.tips.some((tip) => hasRole(tip, key) && !tip.revokes.feed.has(key))
}

/** Heads up to which a closed feed is held: what charters in force and standing revocations name. */
export function provenHeads(law: Law, key: Key): readonly Cid[] {
  return law.tips.flatMap((tip) => [
    ...(tip.past.get(key) ?? []).flatMap((line) => line.heads),
    ...(tip.revokes.feed.get(key) ?? []).flatMap((revoke) => revoke.body.heads),
  ])
}

/** Keys about which this law says anything that decides what is held. */
export function keysOfLaw(law: Law): Set<Key> {
  const keys = new Set<Key>()
  for (const tip of law.tips) {
    const maps = [tip.enrollers, tip.grants, tip.past, tip.revokes.feed]
    for (const key of tip.roots) keys.add(key)
    for (const map of maps) for (const key of map.keys()) keys.add(key)
  }
  return keys
}

export function roleOf(law: Law, key: Key): Role | null {
  const tips = law.tips.filter((tip) => hasRole(tip, key) && !tip.revokes.feed.has(key))
  if (tips.length === 0) return null
  return {
    key,
    root: tips.some((tip) => tip.roots.has(key)),
    enroller: tips.flatMap((tip) => tip.enrollers.get(key) ?? []),
    grants: tips.flatMap((tip) => tip.grants.get(key) ?? []),
    everywhere: tips.length === law.tips.length,
  }
}

/** A charter's label line covers these labels: it names each (or `*`, for any that it does not name), with that value or `*`. */
export function covers(rule: LabelRule, labels: Labels): boolean {
  return Object.entries(labels).every(([name, value]) => {
    const line = Object.hasOwn(rule, name) ? name : '*'
    const allowed = Object.hasOwn(rule, line) ? rule[line] : undefined
    return allowed !== undefined && (allowed.includes('*') || allowed.includes(value))
  })
}

/** `web/*` covers `web/site` and `web/a/b`, not `web`; `*` covers all; a `*` elsewhere stands for any characters. */
export function matchesPattern(pattern: string, policy: string): boolean {
  const parts = pattern.split('*')
  const first = parts[0] ?? ''
  if (parts.length === 1) return pattern === policy
  if (!policy.startsWith(first)) return false
  let at = first.length
  for (const part of parts.slice(1, -1)) {
    const found = policy.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  const last = parts.at(-1) ?? ''
  return policy.length - last.length >= at && policy.endsWith(last)
}

/** True if a revoke among `envelopes` may change the law. */
export function touchesLaw(envelope: Envelope, law: Law): boolean {
  if (isRevoke(envelope)) return true
  const { key } = envelope.body
  return key !== null && law.tips.some((tip) => (tip.past.get(key) ?? []).some((line) => line.was === 'root'))
}
