import type { Key } from '../core/index.ts'
import type { NetLimits } from './types.ts'

/** Somebody to dial: a member by key, a bootstrap address whose key is not known yet, or both. */
export interface Candidate {
  /** The key, or for a bootstrap address its text. */
  readonly id: string
  key: Key | null
  addrs: readonly string[]
  readonly bootstrap: boolean
  /** Asked for by the engine: dialled although there are neighbours enough. */
  urgent: boolean
  failures: number
  /** ms since 1970. */
  dueMs: number
  dialling: boolean
}

export interface View {
  readonly nowMs: number
  readonly connected: ReadonlySet<Key>
  readonly dialling: number
  readonly exploreAtMs: number
}

type Bounds = Pick<NetLimits, 'neighboursLow' | 'dialsParallel'>

/**
 * Whom to dial now. Below `neighboursLow`: bootstrap addresses first, then members at random. With enough neighbours: what
 * the engine asked for, and from time to time one more at random, which is what joins two halves of a mesh that were cut
 * apart and have neighbours enough each.
 * @param random gives [0, 1)
 */
export function chooseDials(
  candidates: Iterable<Candidate>,
  view: View,
  bounds: Bounds,
  random: () => number,
): { readonly dial: readonly Candidate[]; readonly explored: boolean } {
  const room = bounds.dialsParallel - view.dialling
  if (room <= 0) return { dial: [], explored: false }
  const due = [...candidates].filter(
    (each) =>
      !each.dialling &&
      each.dueMs <= view.nowMs &&
      each.addrs.length > 0 &&
      !(each.key !== null && view.connected.has(each.key)),
  )
  const rank = new Map(due.map((each) => [each, (each.urgent ? 0 : each.bootstrap ? 1 : 2) + random()]))
  due.sort((a, b) => (rank.get(a) ?? 0) - (rank.get(b) ?? 0))
  const missing = Math.max(0, bounds.neighboursLow - view.connected.size - view.dialling)
  const urgent = due.filter((each) => each.urgent).length
  const explore = missing === 0 && urgent === 0 && view.nowMs >= view.exploreAtMs
  if (explore) {
    const one = due[Math.floor(random() * due.length)]
    return { dial: one ? [one] : [], explored: true }
  }
  return { dial: due.slice(0, Math.min(room, Math.max(missing, urgent))), explored: false }
}

/** Pause after the n-th failure in a row, ms: doubled up to the longest, half of it at random, and it never gives up. */
export function redialPause(
  failures: number,
  bounds: Pick<NetLimits, 'redialMinMs' | 'redialMaxMs'>,
  random: () => number,
): number {
  const full = Math.min(bounds.redialMaxMs, bounds.redialMinMs * 2 ** Math.min(failures, 20))
  return full / 2 + (full / 2) * random()
}

/** Addresses worth remembering of a peer: well-formed, few, and no loopback of another machine. */
export function usefulAddrs(
  addrs: readonly string[],
  peerIsLocal: boolean,
  bounds: Pick<NetLimits, 'bookAddrsMax' | 'addrChars'>,
): readonly string[] {
  const useful = new Set<string>()
  for (const addr of addrs) {
    if (addr.length > bounds.addrChars || !addr.startsWith('/')) continue
    if (/^\/ip4\/0\.|^\/ip6\/::\//.test(addr)) continue
    if (!peerIsLocal && isLoopback(addr)) continue
    useful.add(addr.replace(/\/p2p\/[^/]+$/, ''))
    if (useful.size >= bounds.bookAddrsMax) break
  }
  return [...useful]
}

export function isLoopback(addr: string): boolean {
  return /^\/(ip4\/127\.|ip6\/::1\/|dns[46]?\/localhost\/)/.test(addr)
}
