/** What one peer could be asked for, and what is known of the others. */
export interface PickView {
  /** Blocks that are still missing. */
  readonly missing: Iterable<number>
  /** When a block was asked for last (ms), for those that are under way. */
  readonly asked: ReadonlyMap<number, number>
  /** How many peers that hold a part of the bundle hold this block. */
  readonly partial: (index: number) => number
  readonly partialPeers: number
  readonly nowMs: number
  /** A block that has been under way for longer may be asked of another peer too. */
  readonly lateMs: number
}

export interface PickPeer {
  readonly complete: boolean
  has(index: number): boolean
  /** Asked of this peer already, or put off by it. */
  skips(index: number): boolean
}

/** With so many partial holders the complete one is spared: it gives only what nobody else has. */
const PARTIAL_ENOUGH = 3

/**
 * Which blocks to ask a peer for: the rarest first, at random among equals, so that peers that start together ask a seed
 * for different blocks and then have something to give each other.
 */
export function pickBlocks(view: PickView, peer: PickPeer, count: number, random: () => number): number[] {
  const spare = peer.complete && view.partialPeers >= PARTIAL_ENOUGH
  const found: Ranked[] = []
  const late: Ranked[] = []
  for (const index of view.missing) {
    if ((!peer.complete && !peer.has(index)) || peer.skips(index)) continue
    const askedMs = view.asked.get(index)
    const holders = view.partial(index)
    if (askedMs !== undefined) {
      if (view.nowMs - askedMs > view.lateMs) late.push({ index, rank: askedMs })
    } else if (!spare || holders === 0) {
      found.push({ index, rank: holders + random() })
    }
  }
  // What is late is probably coming: it is asked for again only when there is nothing else to ask for.
  const best = found.length > 0 ? found : late
  best.sort((a, b) => a.rank - b.rank)
  return best.slice(0, count).map((each) => each.index)
}

interface Ranked {
  readonly index: number
  readonly rank: number
}
