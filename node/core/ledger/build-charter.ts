import { CoreError } from '../errors.ts'
import { RECORD_LIMITS } from '../records/limits.ts'
import type { Charter, Cid, Enroller, Envelope, Grant, Key, KeySet, Millis, Past } from '../records/types.ts'
import type { Ledger } from './types.ts'

/** Bodies of charters, ready to be signed (`seal`). */
export interface FirstCharter {
  readonly name: string
  /** 16 random bytes: two meshes of one name and day differ. */
  readonly nonce: Uint8Array
  readonly roots: KeySet
  readonly recovery: KeySet
  readonly enrollers: readonly Enroller[]
  readonly grants: readonly Grant[]
  readonly minVersion: string
  readonly limits?: Readonly<Record<string, number>>
  readonly issuedAt: Millis
  readonly refreshBy: Millis
}

export function firstCharter(init: FirstCharter): Charter {
  const fixed = { v: 1, type: 'charter', mesh: null, key: null, crit: [], n: 1, epoch: 0, by: 'roots' } as const
  return { ...fixed, prev: [], past: [], lifts: [], limits: {}, ...init }
}

/** What a new charter says otherwise; what is not named stays. Lists are the whole new lists. */
export interface CharterChanges {
  readonly issuedAt: Millis
  readonly refreshBy?: Millis
  readonly by?: Charter['by']
  readonly name?: string
  readonly roots?: KeySet
  readonly recovery?: KeySet
  readonly enrollers?: readonly Enroller[]
  readonly grants?: readonly Grant[]
  /** Revocations that this charter undoes; those that an earlier one undid stay undone. */
  readonly lifts?: readonly Cid[]
  readonly minVersion?: string
  readonly limits?: Readonly<Record<string, number>>
  /** The charter to start from; by default the newest in force. By recovery it is the only one that is followed. */
  readonly base?: Cid
  /**
   * Needed if rivals are in force: `union` keeps the roles that any of them gives, `base` those of the base only and
   * lets nothing count that a rival's roles said.
   */
  readonly merge?: 'union' | 'base'
  /** Heads for the past lines of keys that are not trusted up to now: a stolen key's last honest entries, or none. */
  readonly heads?: ReadonlyMap<Key, readonly Cid[]>
}

/**
 * The successor of what is in force. A role that goes away or changes gets its `past` line with the heads of its feed
 * as they are here, so that what it said until now stays valid.
 * @throws CoreError E_CHARTER without a charter, with an unknown base, or with rivals and no `merge`
 */
export function nextCharter(ledger: Ledger, changes: CharterChanges): Charter {
  const base = baseOf(ledger, changes.base)
  const prev = changes.by === 'recovery' ? [base] : withRivals(ledger, base, changes)
  const rivals = prev.filter((charter) => charter.id !== base.id)
  const lines = mergedLines(base, rivals, changes)
  const { by = 'roots', base: _base, merge: _merge, heads = new Map<Key, readonly Cid[]>(), ...said } = changes
  const body = { ...base.body, lifts: [], refreshBy: base.body.refreshBy, ...said, ...lines, by }
  const { nonce: _nonce, ...rest } = body
  return {
    ...rest,
    mesh: ledger.env.mesh,
    key: null,
    n: 1 + Math.max(...prev.map((charter) => charter.body.n)),
    epoch: Math.max(...prev.map((charter) => charter.body.epoch)) + (by === 'recovery' ? 1 : 0),
    prev: prev.map((charter) => charter.id).toSorted(),
    past: pastOf(rest, base, rivals, (key) => heads.get(key) ?? headsNow(ledger, key)),
  }
}

function baseOf(ledger: Ledger, id: Cid | undefined): Envelope<Charter> {
  const found = id === undefined ? ledger.charters.current : ledger.charters.all.find((charter) => charter.id === id)
  if (found === undefined || found === null) {
    throw new CoreError('E_CHARTER', `No charter ${id ?? ''} is here to start from: sync with a member first.`)
  }
  return found
}

function withRivals(ledger: Ledger, base: Envelope<Charter>, changes: CharterChanges): readonly Envelope<Charter>[] {
  const rivals = ledger.charters.inForce.filter((charter) => charter.id !== base.id)
  if (rivals.length > 0 && changes.merge === undefined) {
    throw new CoreError(
      'E_CHARTER',
      `${rivals.length + 1} rival charters are in force: say whether to keep the roles of all (union) or of one (base).`,
      { tips: ledger.charters.inForce.map((charter) => charter.id) },
    )
  }
  return [base, ...rivals]
}

type Lines = Pick<Charter, 'enrollers' | 'grants'>

function mergedLines(base: Envelope<Charter>, rivals: readonly Envelope<Charter>[], changes: CharterChanges): Lines {
  const start: Lines = {
    enrollers: changes.enrollers ?? base.body.enrollers,
    grants: changes.grants ?? base.body.grants,
  }
  if (changes.merge !== 'union') return start
  return rivals.reduce<Lines>((lines, { body }) => {
    // What the base removed on purpose stays removed: that line and what is within it, not all that its key may do.
    // A past line that the rival has too is older than both: the rival gave the role again.
    const gone = base.body.past.filter((line) => !has(body.past, line))
    const enrollers = body.enrollers.filter((x) => !gone.some((past) => tookEnroller(past, x)))
    const grants = body.grants.filter((x) => !gone.some((past) => tookGrant(past, x)))
    return {
      enrollers: [...lines.enrollers, ...enrollers.filter((x) => !has(lines.enrollers, x))],
      grants: [...lines.grants, ...grants.filter((x) => !has(lines.grants, x))],
    }
  }, start)
}

const tookEnroller = (past: Past, line: Enroller): boolean => past.was === 'enroller' && holdsEnroller(past.line, line)
const tookGrant = (past: Past, line: Grant): boolean => past.was === 'grant' && holdsGrant(past.line, line)

/** Equal as values, whatever the order of their fields. */
function has(lines: readonly unknown[], line: unknown): boolean {
  const text = canonical(line)
  return lines.some((other) => canonical(other) === text)
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, v: unknown) =>
    typeof v === 'object' && v !== null && !Array.isArray(v)
      ? Object.fromEntries(Object.entries(v).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : v,
  )
}

function headsNow(ledger: Ledger, key: Key): readonly Cid[] {
  return (ledger.feed(key)?.heads ?? []).slice(0, RECORD_LIMITS.heads)
}

function pastOf(
  next: Pick<Charter, 'roots' | 'enrollers' | 'grants'>,
  base: Envelope<Charter>,
  rivals: readonly Envelope<Charter>[],
  headsOf: (key: Key) => readonly Cid[],
): readonly Past[] {
  const past: Past[] = [...base.body.past]
  const add = (line: Past) => {
    if (!has(past, line)) past.push(line)
  }
  for (const line of endedLines(base.body, next)) add({ ...line, heads: headsOf(line.key) })
  for (const { body } of rivals) {
    for (const line of body.past) add(line)
    // What both charters gave is valid up to now; what only the rival gave never was.
    for (const line of endedLines(body, next)) if (!past.some((p) => isSameRole(p, line))) add({ ...line, heads: [] })
  }
  return past
}

type Ended = Past extends infer P ? (P extends Past ? Omit<P, 'heads'> : never) : never

function isSameRole({ heads: _heads, ...role }: Past, line: Ended): boolean {
  return canonical(role) === canonical(line)
}

/** Roles of `before` that `next` takes away or narrows. */
function endedLines(before: Charter, next: Pick<Charter, 'roots' | 'enrollers' | 'grants'>): Ended[] {
  return [
    ...before.roots.keys.filter((key) => !next.roots.keys.includes(key)).map((key) => ({ key, was: 'root' as const })),
    ...before.enrollers
      .filter((line) => !next.enrollers.some((wider) => holdsEnroller(wider, line)))
      .map((line) => ({ key: line.key, was: 'enroller' as const, line })),
    ...before.grants
      .filter((line) => !next.grants.some((wider) => holdsGrant(wider, line)))
      .map((line) => ({ key: line.key, was: 'grant' as const, line })),
  ]
}

function holdsEnroller(wider: Enroller, line: Enroller): boolean {
  return (
    wider.key === line.key &&
    Object.entries(line.labels).every(([name, values]) => {
      const allowed = Object.hasOwn(wider.labels, name) ? (wider.labels[name] ?? []) : []
      return allowed.includes('*') || values.every((value) => allowed.includes(value))
    })
  )
}

/** Everything that the line allows, the wider one allows, as far as plain lists and texts show. */
function holdsGrant(wider: Grant, line: Grant): boolean {
  const within = (all: readonly string[] | undefined, some: readonly string[] | undefined) =>
    all === undefined || (some !== undefined && some.every((text) => all.includes(text)))
  return (
    wider.key === line.key &&
    wider.selector === line.selector &&
    within(wider.policies, line.policies) &&
    within(wider.verbs, line.verbs) &&
    within(wider.types, line.types) &&
    within(wider.paths, line.paths) &&
    wider.maxBlob >= line.maxBlob &&
    (wider.expires ?? Number.POSITIVE_INFINITY) >= (line.expires ?? Number.POSITIVE_INFINITY)
  )
}
