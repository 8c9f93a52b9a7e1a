import type { Crypto } from '../crypto.ts'
import type { Ledger } from '../ledger/types.ts'
import type { Cid, Envelope, Key, Labels, Millis, Version } from '../records/types.ts'
import type { Rollout, Wave } from './plan.ts'

/**
 * Who belongs to which wave: a function of the ledger, so that all nodes with equal ledgers agree, and nobody has to be
 * asked. Members by key to the index of their first wave; who is in none is left out.
 */
export type Waves = ReadonlyMap<Key, number>

interface Chosen {
  readonly key: Key
  readonly labels: Labels
  readonly name: string
}

/** A ledger is a value: what was found for one of its versions stays true. In a simulation many nodes share it. */
const memo = new WeakMap<Ledger, Map<Cid, Waves>>()

/** Rollouts under way at a time, of one ledger; more are worked out again at every look. */
const MEMO_MAX = 256

export function wavesOf(
  ledger: Ledger,
  version: Envelope<Version>,
  rollout: Rollout,
  crypto: Pick<Crypto, 'sha256'>,
  now: Millis,
): Waves {
  let known = memo.get(ledger)
  if (known === undefined) memo.set(ledger, (known = new Map()))
  const found = known.get(version.id)
  if (found !== undefined) return found
  const made = assign(ledger, version, rollout, crypto, now)
  if (known.size < MEMO_MAX) known.set(version.id, made)
  return made
}

function assign(
  ledger: Ledger,
  version: Envelope<Version>,
  { waves }: Rollout,
  crypto: Pick<Crypto, 'sha256'>,
  now: Millis,
): Waves {
  const ranked = inOrder(chosenBy(ledger, version, now), version, crypto)
  const first = new Map<Key, number>()
  for (const [index, wave] of waves.entries()) {
    for (const { key } of membersOf(ledger, wave, ranked)) if (!first.has(key)) first.set(key, index)
  }
  return first
}

/** Members for whom this version is the winner, and whom it selects. */
function chosenBy(ledger: Ledger, { id, body }: Envelope<Version>, now: Millis): readonly Chosen[] {
  return ledger.members(now).flatMap((member) => {
    if (member.state !== 'member') return []
    const node = { labels: member.labels, name: ledger.nameOf(member.peer, now) ?? member.name }
    if (!ledger.env.selects(body.selector, node) || ledger.winnerFor(body.policy, node).version?.id !== id) return []
    return [{ key: member.peer, ...node }]
  })
}

/** By hash(policy, version, node): another order for every version, so that it is not always the same who goes first. */
function inOrder(
  chosen: readonly Chosen[],
  { id, body }: Envelope<Version>,
  { sha256 }: Pick<Crypto, 'sha256'>,
): readonly Chosen[] {
  const text = new TextEncoder()
  const scored = chosen.map((one) => {
    const [a = 0, b = 0, c = 0, d = 0] = sha256(text.encode(`${body.policy}\n${id}\n${one.key}`))
    return { one, score: ((a * 256 + b) * 256 + c) * 256 + d }
  })
  return scored.toSorted((a, b) => a.score - b.score || (a.one.key < b.one.key ? -1 : 1)).map(({ one }) => one)
}

/** Of the selected nodes, whom this wave has reached when it is through. A share is rounded up: it never is nobody. */
function membersOf(ledger: Ledger, wave: Wave, ranked: readonly Chosen[]): readonly Chosen[] {
  if ('select' in wave) return ranked.filter((node) => ledger.env.selects(wave.select, node))
  if ('count' in wave) return ranked.slice(0, wave.count)
  return ranked.slice(0, Math.ceil((ranked.length * wave.percent) / 100))
}
