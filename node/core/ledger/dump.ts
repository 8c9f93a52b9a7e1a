import { peerIdOf } from '../records/keys.ts'
import type { Millis } from '../records/types.ts'
import type { Judgement, Ledger } from './types.ts'

/**
 * The whole ledger as text, the same for the same set of records in whatever order they came: what property tests and
 * golden traces compare. `now` is used for memberships and names only.
 */
export function dumpLedger(ledger: Ledger, now: Millis): string {
  const lines: string[] = []
  const inForce = new Set(ledger.charters.inForce.map((charter) => charter.id))
  for (const { id, body } of ledger.charters.all) {
    lines.push(`charter ${body.n} epoch ${body.epoch} ${id}${inForce.has(id) ? ' in force' : ''}`)
  }
  for (const key of [...ledger.feedKeys()].toSorted()) {
    const feed = ledger.feed(key)
    if (feed === undefined) continue
    lines.push(`feed ${key} ${feed.closed ? 'closed' : 'open'} ${feed.size} entries, heads ${feed.heads.join(' ')}`)
    for (const { id, body } of ledger.between(key, [])) {
      lines.push(`  ${body.feedSeq} ${body.type} ${id} ${verdict(ledger.judge(id))}`)
    }
  }
  for (const policy of ledger.policies()) {
    lines.push(`policy ${policy}`)
    for (const line of ledger.log(policy)) {
      const marks = `${line.head ? ' head' : ''}${line.forked ? ' forked' : ''}`
      lines.push(`  ${line.version.body.seq} ${line.version.id} ${verdict(line.judgement)}${marks}`)
    }
  }
  for (const { id, body } of ledger.sets()) lines.push(`set ${body.type} ${id} ${verdict(ledger.judge(id))}`)
  for (const member of ledger.members(now)) {
    const certificate = member.certificate?.id ?? 'none'
    lines.push(
      `member ${peerIdOf(member.peer)} ${member.state} ${ledger.nameOf(member.peer, now) ?? '-'} ${certificate}`,
    )
  }
  for (const id of ledger.wanted()) lines.push(`wanted ${id}`)
  for (const { kind, subject, ids } of ledger.alarms(now)) lines.push(`alarm ${kind} ${subject} ${ids.join(' ')}`)
  for (const [section, { hash, count }] of Object.entries(ledger.digest))
    lines.push(`digest ${section} ${count} ${hash}`)
  return `${lines.join('\n')}\n`
}

function verdict(judgement: Judgement | undefined): string {
  return judgement?.counts === false ? `void ${judgement.code}` : 'counts'
}
