import type { Charter, Envelope, Key, Ledger, Millis, NodeIdentity } from '../../core/index.ts'
import { isFeed, isVersion } from '../../core/index.ts'
import { ControlError } from '../errors.ts'
import type { CharterView, FeedView, LogEntry, RecordView } from '../schema.ts'
import { API_VERSION } from '../version.ts'

/** What the ledger alone can tell: the log, single records, charters, feeds. */

/** A name for a key: its node's, else that of its grant, else the start of the key. */
export function keyName(ledger: Ledger, key: Key, now: Millis): string {
  const grant = ledger.roleOf(key)?.grants[0]?.name
  return ledger.nameOf(key, now) ?? grant ?? key.slice(0, 8)
}

export interface LogQuestion {
  readonly ledger: Ledger
  readonly self: NodeIdentity
  readonly now: Millis
  readonly policy: string | undefined
  readonly max: number
}

/** Newest first: of one policy by seq, of everything by what the authors' clocks said. */
export function logEntries({ ledger, self, now, policy, max }: LogQuestion): LogEntry[] {
  if (policy !== undefined) {
    const lines = ledger.log(policy, max).map(({ version }) => version)
    return lines.map((version) => logEntry(ledger, self, now, version))
  }
  const all: Envelope[] = []
  for (const envelope of ledger.records()) if (isFeed(envelope)) all.push(envelope)
  const at = (envelope: Envelope): number => (isFeed(envelope) ? envelope.body.at : 0)
  all.sort((a, b) => at(b) - at(a) || (a.id < b.id ? -1 : 1))
  return all.slice(0, max).map((envelope) => logEntry(ledger, self, now, envelope))
}

/** What one key said, newest first. */
export function entriesOf({ ledger, self, now, max }: Omit<LogQuestion, 'policy'>, key: Key): LogEntry[] {
  const all = ledger.between(key, [])
  return all
    .slice(-max)
    .reverse()
    .map((envelope) => logEntry(ledger, self, now, envelope))
}

function logEntry(ledger: Ledger, self: NodeIdentity, now: Millis, envelope: Envelope): LogEntry {
  const judgement = ledger.judge(envelope.id)
  const key = envelope.body.key ?? ''
  const version = isVersion(envelope) ? envelope.body : undefined
  const winner = version && ledger.winnerFor(version.policy, self)
  const wins = winner?.version?.id === envelope.id
  const heads = winner?.heads.map((head) => head.id) ?? []
  const counts = judgement?.counts ?? false
  const beaten = counts && !wins && heads.includes(envelope.id)
  return {
    id: envelope.id,
    type: envelope.body.type,
    policy: version?.policy ?? null,
    seq: version?.seq ?? null,
    parents: [...(version?.parents ?? [])],
    action: version?.action ?? null,
    author: { key, name: keyName(ledger, key, now) },
    at: isFeed(envelope) ? envelope.body.at : 0,
    by: version?.meta.by ?? '',
    message: version?.meta.message ?? subject(envelope),
    bundle: version?.bundle ?? null,
    selector: version?.selector ?? null,
    counts,
    code: judgement?.code ?? null,
    reason: judgement?.reason ?? (beaten ? beatenBy(winner?.version ?? null, winner?.held ?? false) : ''),
    winner: wins,
    head: version !== undefined && (ledger.policy(version.policy)?.heads.some(({ id }) => id === envelope.id) ?? false),
  }
}

/** Why a head that counts is not in force. */
function beatenBy(winner: Envelope | null, held: boolean): string {
  if (held || winner === null)
    return 'Rival heads, and one of them says onFork: hold: publish a version that merges them.'
  return `Rival of ${winner.id}, which wins by its number, then by its id: publish again to merge the two.`
}

/** What an entry that is no version is about, for one line of the log. */
function subject({ body }: Envelope): string {
  if ('peer' in body && 'name' in body) return `certifies ${body.name}`
  if ('uses' in body && 'expires' in body) return `invites ${body.name ?? 'a node'}`
  if ('target' in body) return `takes back the ${body.what} ${body.target.slice(0, 8)}`
  return ''
}

/** @throws ControlError E_NOT_FOUND, E_AMBIGUOUS */
export function recordView(ledger: Ledger, prefix: string): RecordView {
  const exact = ledger.get(prefix)
  const found = exact ? [exact] : startingWith(ledger, prefix)
  const [envelope, other] = found
  if (!envelope) throw new ControlError('E_NOT_FOUND', `No record here has an id that starts with ${prefix}.`)
  if (other)
    throw new ControlError('E_AMBIGUOUS', `Several records have ids that start with ${prefix}: give more of it.`)
  const judgement = ledger.judge(envelope.id)
  return {
    api: API_VERSION,
    id: envelope.id,
    type: envelope.body.type,
    body: plain(envelope.body),
    signers: envelope.sigs.map(({ key }) => key),
    counts: judgement?.counts ?? true,
    code: judgement?.code ?? null,
    reason: judgement?.reason ?? '',
    envelope: base64(envelope),
  }
}

function startingWith(ledger: Ledger, prefix: string): Envelope[] {
  const found: Envelope[] = []
  for (const envelope of ledger.records()) {
    if (envelope.id.startsWith(prefix)) found.push(envelope)
    if (found.length > 1) break
  }
  return found
}

/** A body as JSON: bytes as hex, links as text. */
function plain(body: object): Record<string, unknown> {
  const text = JSON.stringify(body, (_name, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
  )
  // What went in was a map, so a map comes out.
  return JSON.parse(text) as Record<string, unknown>
}

const base64 = (envelope: Envelope): string => Buffer.from(envelope.bytes).toString('base64')

export function charterView(ledger: Ledger, now: Millis): CharterView {
  const { all, inForce } = ledger.charters
  const shown = (envelope: Envelope<Charter>): { id: string; envelope: string } => ({
    id: envelope.id,
    envelope: base64(envelope),
  })
  const heads: Record<string, string[]> = {}
  for (const key of ledger.feedKeys()) heads[key] = [...(ledger.feed(key)?.heads ?? [])]
  return {
    api: API_VERSION,
    mesh: ledger.env.mesh,
    tips: inForce.map(shown),
    charters: all.map(shown),
    heads,
    warnings: ledger
      .alarms(now)
      .filter(({ kind }) => CHARTER_ALARMS.has(kind))
      .map(({ kind, subject: about, message }) => ({ code: kind, message, subject: about })),
  }
}

const CHARTER_ALARMS: ReadonlySet<string> = new Set(['charterFork', 'weakRoots', 'weakRecovery', 'needsNewer'])

/** @throws ControlError E_NOT_FOUND before the first charter is here */
export function feedView(ledger: Ledger, key: Key): FeedView {
  const current = ledger.charters.current
  if (current === null)
    throw new ControlError('E_NOT_FOUND', 'This node has no charter yet: wait until it has met a member.')
  const feed = ledger.feed(key)
  return {
    api: API_VERSION,
    key,
    heads: [...(feed?.heads ?? [])],
    nextSeq: (feed?.maxSeq ?? 0) + 1,
    charter: { n: current.body.n, cid: current.id },
  }
}
