import type { Membership } from '../ledger/types.ts'
import type { Key } from '../records/types.ts'
import { judgePeer } from '../admission/judge.ts'
import { emit, event } from './emit.ts'
import type { EngineState } from './state.ts'
import { judgeNow } from './state.ts'

/** Those who are connected must belong: after every change of the law or of certificates, and as time passes. */
export function lookAtMembers(state: EngineState): void {
  for (const peer of state.links.keys()) {
    const code = whyNot(state, peer)
    if (code === null) continue
    state.links.delete(peer)
    state.presented?.delete(peer)
    emit(state, { type: 'hangup', peer, code })
    event(state, 'warn', 'hangup', `A peer does not belong any more (${code}): hung up.`, { peer, code })
  }
  lookAtSelf(state)
}

export function belongs(state: EngineState, peer: Key): boolean {
  return whyNot(state, peer) === null
}

/** Null: it belongs, or nothing here says that it does not. */
function whyNot(state: EngineState, peer: Key): string | null {
  const member = state.ledger.certificateOf(peer, judgeNow(state))
  if (member.state === 'member') {
    state.presented?.delete(peer)
    return null
  }
  // Admitted on what it presented, or trusted by a token: sync has not brought its certificate yet.
  const papers = state.presented?.get(peer)
  if (papers === undefined) return isOnItsWay(member) ? null : (member.code ?? 'E_NOT_ALLOWED')
  const invite = papers.length > 1 ? (papers[0] ?? null) : null
  const judged = judgePeer(state, peer, { certificate: papers.at(-1) ?? null, invite, agent: '' })
  return judged.ok || judged.unproven ? null : judged.code
}

function isOnItsWay({ state, certificate, code }: Membership): boolean {
  return state === 'none' && (certificate === null || code === 'E_FEED_GAP')
}

/** Says once what became of this node's own membership. */
function lookAtSelf(state: EngineState): void {
  const { state: now, code, reason } = state.durable.certificateOf(state.self, judgeNow(state))
  if (now === state.membership) return
  const before = state.membership
  state.membership = now
  if (now === 'member') event(state, 'info', 'member', 'This node is a member of the mesh.', {})
  else if (before === 'member') {
    const why = reason ?? now
    event(state, 'error', 'removed', `This node is no member any more: ${why}. What is in force here stays.`, { code })
  }
}
