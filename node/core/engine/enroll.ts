import { CoreError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { buildCertificate } from '../ledger/build-entries.ts'
import { covers } from '../ledger/law.ts'
import type { Key } from '../records/types.ts'
import { afterwards } from './batches.ts'
import { write } from './own.ts'
import type { Dirt, EngineState } from './state.ts'
import { jittered, judgeNow } from './state.ts'

/**
 * An enroller that is online confirms provisional certificates with one of its own, by itself: after a short random
 * wait, so that of several enrollers one does it.
 */
export function noteNewcomers(state: EngineState, dirt: Dirt): void {
  if (!isEnroller(state)) return
  const peers = dirt.law
    ? state.durable.members(judgeNow(state)).flatMap((one) => (one.provisional ? one.peer : []))
    : dirt.peers
  for (const peer of peers) {
    if ((state.toConfirm?.size ?? 0) >= LIMITS.enroll.waiting || !isUnconfirmed(state, peer)) continue
    state.toConfirm ??= new Set()
    state.toConfirm.add(peer)
    state.timers.soonest('confirm', state.now + jittered(state, LIMITS.enroll.confirmMs))
  }
}

export function confirmNewcomers(state: EngineState): void {
  const peers = [...(state.toConfirm ?? [])].slice(0, LIMITS.enroll.batch)
  for (const peer of peers) {
    state.toConfirm?.delete(peer)
    if (isUnconfirmed(state, peer) && isEnroller(state) && !state.cloned && !state.local.left) confirm(state, peer)
  }
  if (state.toConfirm?.size === 0) state.toConfirm = null
  if (state.toConfirm !== null) state.timers.soonest('confirm', state.now + jittered(state, LIMITS.enroll.confirmMs))
}

function confirm(state: EngineState, peer: Key): void {
  const { labels } = state.ledger.certificateOf(peer, judgeNow(state))
  const lines = state.ledger.roleOf(state.self)?.enroller ?? []
  if (!lines.some((line) => covers(line.labels, labels))) return
  try {
    const record = write(state, buildCertificate(state.ledger, state.self, { at: state.wall, peer }))
    afterwards(state, { type: 'gossip', record })
  } catch (error) {
    // Void for a reason that this node cannot mend (an overused invite, an older certificate): leave it to a human.
    if (!(error instanceof CoreError)) throw error
  }
}

function isEnroller(state: EngineState): boolean {
  const role = state.ledger.roleOf(state.self)
  return role?.everywhere === true && role.enroller.length > 0
}

function isUnconfirmed(state: EngineState, peer: Key): boolean {
  const member = state.ledger.certificateOf(peer, judgeNow(state))
  return member.provisional && member.state === 'member'
}
