import type { Input, Key } from '../../node/core/index.ts'
import { SIM_LIMITS } from '../limits.ts'
import { EVENT, STATUS, type WorldState } from './state.ts'

/** An answer on its way back. */
export interface Probe {
  readonly peer: Key
  readonly other: number
  /** Null: there is no address to ask at. False: nothing came back in time. */
  readonly accepts: boolean | null
}

/**
 * Does anybody accept a TCP connection at this peer's addresses? As the daemon asks (`node/net/reach.ts`): a machine that is on
 * answers after a round trip, yes if its daemon runs, no if it was killed; one that is off, asleep or behind a partition is
 * waited for in vain. A node behind NAT has no address at which others could ask.
 */
export function probe(state: WorldState, node: number, peer: Key): void {
  const other = state.indexOf.get(peer)
  if (other === undefined || state.options.fleet.at(other).dialable === false)
    return state.later(0, EVENT.probed, node, { peer, other: other ?? node, accepts: null } satisfies Probe)
  const inVainUs = SIM_LIMITS.probeMs * 1000
  const there = state.reachable(node, other) && state.status[other] !== STATUS.asleep
  const roundTripUs = there ? returnUs(state, node, other) - state.nowUs : Number.POSITIVE_INFINITY
  const probed: Probe = { peer, other, accepts: roundTripUs <= inVainUs }
  state.later(Math.min(roundTripUs, inVainUs), EVENT.probed, node, probed)
}

/** SYN and SYN-ACK, or SYN and RST. */
function returnUs({ links, nowUs }: WorldState, node: number, other: number): number {
  return links.arrivalUs(links.arrivalUs(nowUs, node, other, SEGMENT_BYTES), other, node, SEGMENT_BYTES)
}

/** TCP and IP headers with their options. */
const SEGMENT_BYTES = 60

/** What the engine is told when it has come back. */
export function answerOf(state: WorldState, node: number, { peer, other, accepts }: Probe): Input {
  const reachable = accepts === null ? null : accepts && state.connected(node, other)
  return { type: 'probed', peer, reachable }
}
