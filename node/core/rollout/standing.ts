import { isBelievedGone } from '../beacons/claims.ts'
import { isGone } from '../beacons/lost.ts'
import { isSilent } from '../beacons/table.ts'
import { shownPolicies } from '../engine/converging.ts'
import type { EngineState } from '../engine/state.ts'
import type { Beacon, Cid, Key, Millis } from '../records/types.ts'

/**
 * Where one node stands with one version, as far as this node knows:
 * - done: in force there, in good health, since `since` (by this engine's time).
 * - failed: it tried and failed, or took it back, or went down with it or on the way to it.
 * - pending: it is there, and has not got to it yet.
 * - absent: away, down without it, held by a human, or never heard of: outside the sums.
 */
export type Standing =
  | { readonly is: 'done'; readonly since: Millis }
  | { readonly is: 'failed' | 'pending' | 'absent' }

const FAILED: Standing = { is: 'failed' }
const PENDING: Standing = { is: 'pending' }
const ABSENT: Standing = { is: 'absent' }

type Said = Beacon['policies'][string]

export function standingOf(state: EngineState, peer: Key, policy: string, version: Cid): Standing {
  if (peer === state.self) {
    const shown = shownPolicies(state)
    const held = state.local.hold !== null
    return present(Object.hasOwn(shown, policy) ? shown[policy] : undefined, version, held, state.now, state.wall)
  }
  const heard = state.beacons?.byKey.get(peer)
  if (heard === undefined) return ABSENT
  const { policies, health, presence, at } = heard.beacon.body
  const said = Object.hasOwn(policies, policy) ? policies[policy] : undefined
  if (isSilent(state, heard) || isGone(state, peer) || isBelievedGone(state, heard)) {
    return presence === 'always' && hadBegun(said, version) ? FAILED : ABSENT
  }
  return present(said, version, health === 'held', heard.at, at)
}

/** It had the version, or was about to get it when it fell silent. */
function hadBegun(said: Said | undefined, version: Cid): boolean {
  return said?.version === version || (said?.want === version && said.state !== 'waiting')
}

/** @param heardAt by this engine's time. @param saidAt by the clock of the one who said it: skew falls out. */
function present(said: Said | undefined, version: Cid, held: boolean, heardAt: Millis, saidAt: Millis): Standing {
  if (said?.version === version) {
    if (said.state === 'failed') return FAILED
    if (said.state === 'ok') return { is: 'done', since: heardAt - Math.max(0, saidAt - (said.since ?? saidAt)) }
    return held ? ABSENT : PENDING
  }
  if (said?.want === version && said.state === 'failed') return FAILED
  return held ? ABSENT : PENDING
}
