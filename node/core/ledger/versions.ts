import { isVersion } from '../records/guards.ts'
import { notUnderstood } from '../records/schemas.ts'
import type { Cid, Envelope, Grant, Version } from '../records/types.ts'
import { coveringGrants, grantsFor, judge } from './judge.ts'
import type { State } from './state.ts'
import type { Bounds, Draft, LogLine, NodeIdentity, PolicyView, Winner } from './types.ts'

/** The versions of one policy as a DAG, and the winner on one node (RECORDS.md, section 3). */
type VersionEnvelope = Envelope<Version>
export type Selects = (selector: string, node: NodeIdentity) => boolean

const NO_WINNER: Winner = { version: null, heads: [], held: false, types: null, paths: null, needsNewer: [] }

/**
 * Among versions that count, whose parents are all here, whose author's grant selects this node, and that no descendant
 * with the same properties replaces: highest seq, then lowest CID. None if there are several and one says `hold`.
 */
export function winnerFor(state: State, policy: string, node: NodeIdentity, selects: Selects): Winner {
  const heads = headsAmong(state, policy, (version) => isCandidate(state, version, node, selects))
  const first = heads[0]
  if (first === undefined) return NO_WINNER
  if (heads.length > 1 && heads.some((head) => head.body.onFork === 'hold')) return { ...NO_WINNER, heads, held: true }
  return {
    version: first,
    heads,
    held: false,
    ...bounds(state, first, node, selects),
    needsNewer: notUnderstood(first.body),
  }
}

function isCandidate(state: State, version: VersionEnvelope, node: NodeIdentity, selects: Selects): boolean {
  if (!judge(state, version).counts || missingParents(state, version).length > 0) return false
  return state.law.tips.every((tip) =>
    coveringGrants(state, tip, version).some((grant) => selects(grant.selector, node)),
  )
}

export function missingParents(state: State, { body }: VersionEnvelope): readonly Cid[] {
  return body.parents.filter((id) => versionAt(state, id) === undefined)
}

export function versionAt(state: State, id: Cid): VersionEnvelope | undefined {
  const entry = state.entries.get(id)
  return entry !== undefined && isVersion(entry) ? entry : undefined
}

/**
 * Versions that qualify and that no qualifying descendant replaces. From the DAG's heads down, stopping at what
 * qualifies: in the usual case that is the first one looked at.
 */
function headsAmong(
  state: State,
  policy: string,
  qualifies: (version: VersionEnvelope) => boolean,
): readonly VersionEnvelope[] {
  const found: VersionEnvelope[] = []
  const seen = new Set<Cid>()
  const queue = [...(state.policies.get(policy)?.heads ?? [])]
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    const version = seen.has(id) ? undefined : versionAt(state, id)
    seen.add(id)
    if (version === undefined || version.body.policy !== policy) continue
    if (qualifies(version)) found.push(version)
    else queue.push(...version.body.parents)
  }
  if (found.length < 2) return found
  const replaced = ancestorsAmong(state, found)
  return found.filter((version) => !replaced.has(version.id)).toSorted(byRank)
}

/** Those of `found` (and others) that are ancestors of some. Below a sound version seqs only fall. */
function ancestorsAmong(state: State, found: readonly VersionEnvelope[]): ReadonlySet<Cid> {
  const floor = Math.min(...found.map((version) => version.body.seq))
  const seen = new Set<Cid>()
  const queue = found.flatMap((version) => version.body.parents)
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    const version = seen.has(id) ? undefined : versionAt(state, id)
    seen.add(id)
    if (version === undefined) continue
    const sound = !state.badVersions.has(id) && missingParents(state, version).length === 0
    if (!sound || version.body.seq >= floor) queue.push(...version.body.parents)
  }
  return seen
}

/** Highest seq first, then lowest CID. */
function byRank(a: VersionEnvelope, b: VersionEnvelope): number {
  return b.body.seq - a.body.seq || (a.id < b.id ? -1 : 1)
}

/** What the author's grants confine the version to on this node: the widest line of each charter, all charters' together. */
function bounds(state: State, version: VersionEnvelope, node: NodeIdentity, selects: Selects): Bounds {
  let out: Bounds = { types: null, paths: null }
  for (const tip of state.law.tips) {
    const line = widest(coveringGrants(state, tip, version).filter((grant) => selects(grant.selector, node)))
    if (line !== undefined) out = narrowed(out, line)
  }
  return out
}

/** What a new version would be confined to on this node; null: it would not be in force there, whatever it selects. */
export function reachOf(state: State, draft: Draft, node: NodeIdentity, selects: Selects): Bounds | null {
  let out: Bounds | null = null
  for (const tip of state.law.tips) {
    const line = widest(grantsFor(tip, draft).filter((grant) => selects(grant.selector, node)))
    if (line === undefined) return null
    out = narrowed(out ?? { types: null, paths: null }, line)
  }
  return out
}

function widest(lines: readonly Grant[]): Grant | undefined {
  return lines.find((grant) => grant.types === undefined && grant.paths === undefined) ?? lines[0]
}

function narrowed(out: Bounds, line: Grant): Bounds {
  return { types: both(out.types, line.types), paths: both(out.paths, line.paths) }
}

function both(a: readonly string[] | null, b: readonly string[] | undefined): readonly string[] | null {
  if (b === undefined) return a
  return a === null ? b : a.filter((text) => b.includes(text))
}

export function policyView(state: State, name: string): PolicyView | undefined {
  const policy = state.policies.get(name)
  if (policy === undefined) return undefined
  const heads = policy.heads.flatMap((id) => versionAt(state, id) ?? []).toSorted(byRank)
  const missing = new Set<Cid>()
  if (state.absent.size > 0) {
    for (const version of versionsOf(state, name)) {
      for (const id of missingParents(state, version)) missing.add(id)
    }
  }
  return {
    policy: name,
    size: policy.size,
    heads,
    countingHeads: countingHeads(state, name),
    missing: [...missing].toSorted(),
  }
}

/** What a new version should name as parents. */
export function countingHeads(state: State, policy: string): readonly VersionEnvelope[] {
  return headsAmong(state, policy, (v) => judge(state, v).counts && missingParents(state, v).length === 0)
}

/** Highest seq first, then lowest CID. */
export function* versionsOf(state: State, name: string): Generator<VersionEnvelope> {
  const policy = state.policies.get(name)
  if (policy === undefined) return
  // Wrong seqs may leave holes, so the index's keys are asked, not the numbers up to the highest.
  const seqs = policy.maxSeq > policy.size ? [...policy.bySeq.keys()].map(Number).toSorted((a, b) => b - a) : null
  for (const seq of seqs ?? countDown(policy.maxSeq)) {
    for (const id of policy.bySeq.get(String(seq)) ?? []) {
      const version = versionAt(state, id)
      if (version !== undefined) yield version
    }
  }
}

function* countDown(from: number): Generator<number> {
  for (let seq = from; seq > 0; seq--) yield seq
}

export function logOf(state: State, name: string, max: number): readonly LogLine[] {
  const lines: LogLine[] = []
  const heads = countingHeads(state, name).map((version) => version.id)
  const tips = state.policies.get(name)?.heads ?? []
  for (const version of versionsOf(state, name)) {
    if (lines.length >= max) break
    lines.push({
      version,
      judgement: judge(state, version),
      head: tips.includes(version.id),
      forked: heads.length > 1 && heads.includes(version.id),
      missingParents: missingParents(state, version),
    })
  }
  return lines
}
