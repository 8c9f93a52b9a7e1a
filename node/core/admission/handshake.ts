import { afterwards } from '../engine/batches.ts'
import { emit, event } from '../engine/emit.ts'
import { admit, takeSynced } from '../engine/intake.ts'
import type { EngineState } from '../engine/state.ts'
import { askFeed } from '../sync/phases.ts'
import { LIMITS } from '../limits.ts'
import { CoreError } from '../errors.ts'
import { peerIdOf } from '../records/keys.ts'
import type { Envelope, Key } from '../records/types.ts'
import { encodeAdmissionFrame } from './frames.ts'
import type { AdmissionFrame, AdmissionPull, Hello } from './frames.ts'
import { judgePeer } from './judge.ts'
import { answerPull, ownHello } from './serve.ts'
import type { Handshake } from './types.ts'

/**
 * Admission as a state machine for one connection (RECORDS.md, section 4): hello both ways; the side with the higher
 * charter judges first, at a tie the listener; the accepted side may pull, and judges in its turn.
 */
export function startAdmission(state: EngineState, conn: string, peer: Key, role: Handshake['role']): void {
  state.handshakes ??= new Map()
  const handshake: Handshake = {
    conn,
    peer,
    role,
    startedAt: state.now,
    bytes: 0,
    hello: null,
    accepted: false,
    acceptedBy: false,
    pulls: null,
    flying: null,
    provenAsked: false,
  }
  if (state.handshakes.size >= LIMITS.admission.handshakes) {
    return answerDriver(state, handshake, 'E_BUSY', 'too many handshakes at a time: try again')
  }
  state.handshakes.set(conn, handshake)
  state.timers.soonest('handshakes', state.now + LIMITS.admission.timeoutMs)
  send(state, handshake, ownHello(state))
}

export function endAdmission(state: EngineState, conn: string): void {
  state.handshakes?.delete(conn)
  if (state.handshakes?.size === 0) state.handshakes = null
}

/** Peers that stopped in the middle. */
export function expireAdmissions(state: EngineState): void {
  for (const handshake of state.handshakes?.values() ?? []) {
    const until = handshake.startedAt + LIMITS.admission.timeoutMs
    if (until <= state.now) refuse(state, handshake, 'E_ADMISSION_TIMEOUT', 'the handshake took longer than 10 s')
    else state.timers.soonest('handshakes', until)
  }
}

export function takeAdmissionFrame(state: EngineState, conn: string, frame: AdmissionFrame): void {
  const handshake = state.handshakes?.get(conn)
  if (handshake === undefined) return
  handshake.bytes += encodeAdmissionFrame(frame).length
  if (handshake.bytes > LIMITS.admission.bytes) {
    return refuse(state, handshake, 'E_TOO_LARGE', 'the handshake moved more than 1 MiB')
  }
  switch (frame.type) {
    case 'hello':
      return takeHello(state, handshake, frame)
    case 'verdict':
      return takeVerdict(state, handshake, frame.ok, frame.code, frame.reason)
    case 'pull':
      return takePull(state, handshake, frame.pull)
    case 'records':
      return takeRecords(state, handshake, frame.envelopes, frame.more)
  }
}

function takeHello(state: EngineState, handshake: Handshake, hello: Hello): void {
  if (handshake.hello !== null) return refuse(state, handshake, 'E_MALFORMED', 'it said hello twice')
  handshake.hello = hello
  if (hello.wire !== 1) {
    return refuse(
      state,
      handshake,
      'E_WIRE',
      `it speaks wire version ${hello.wire}, this node 1: upgrade the older one`,
    )
  }
  if (hello.mesh !== state.ledger.env.mesh)
    return refuse(state, handshake, 'E_WRONG_MESH', 'it belongs to another mesh')
  if (judgesFirst(handshake, ownHello(state), hello)) judge(state, handshake)
}

/** The higher charter by epoch, then by number; at a tie the listener. */
function judgesFirst(handshake: Handshake, own: Hello, theirs: Hello): boolean {
  const [mine, other] = [highest(own), highest(theirs)]
  if (mine.epoch !== other.epoch) return mine.epoch > other.epoch
  if (mine.n !== other.n) return mine.n > other.n
  return handshake.role === 'listener'
}

function highest({ tips }: Hello): { epoch: number; n: number } {
  return tips.reduce(
    (best, tip) => (tip.epoch > best.epoch || (tip.epoch === best.epoch && tip.n > best.n) ? tip : best),
    {
      epoch: -1,
      n: 0,
      cid: '',
    },
  )
}

function takeVerdict(state: EngineState, handshake: Handshake, ok: boolean, code: string | null, reason: string): void {
  if (!ok) return answerDriver(state, handshake, code ?? 'E_NOT_ALLOWED', `the other side refuses this node: ${reason}`)
  if (handshake.hello === null) return refuse(state, handshake, 'E_MALFORMED', 'it judged before it said hello')
  handshake.acceptedBy = true
  if (handshake.accepted) return complete(state, handshake)
  handshake.pulls = charterPulls(state, handshake.hello)
  pullOrJudge(state, handshake)
}

/** If the other side names charters that are not here: those, then what the roots revoked. */
function charterPulls(state: EngineState, hello: Hello): AdmissionPull[] {
  if (hello.tips.every((tip) => state.ledger.has(tip.cid))) return []
  return [{ kind: 'charters', have: state.ledger.charters.tips.slice(0, LIMITS.admission.tips).map((tip) => tip.id) }]
}

function pullOrJudge(state: EngineState, handshake: Handshake): void {
  const next = handshake.pulls?.shift()
  if (next === undefined) return judge(state, handshake)
  handshake.flying = next
  send(state, handshake, { type: 'pull', pull: next })
}

function takePull(state: EngineState, handshake: Handshake, pull: AdmissionPull): void {
  // A stranger gets no record.
  if (!handshake.accepted) return refuse(state, handshake, 'E_NOT_ALLOWED', 'it asked before it was accepted')
  const room = LIMITS.admission.bytes - handshake.bytes
  send(state, handshake, answerPull(state, pull, room))
}

function takeRecords(state: EngineState, handshake: Handshake, envelopes: readonly Uint8Array[], more: boolean): void {
  const pull = handshake.flying
  handshake.flying = null
  if (pull === null) return refuse(state, handshake, 'E_MALFORMED', 'it sent records that nobody asked for')
  const admitted = takeSynced(state, handshake.peer, envelopes)
  if (admitted === null) return refuse(state, handshake, 'E_MALFORMED', 'it sent a record that is refused')
  const pulls = handshake.pulls ?? []
  if (pull.kind === 'charters') {
    if (more && admitted > 0) pulls.unshift(...charterPulls(state, handshake.hello ?? ownHello(state)))
    else pulls.push(...revocationPulls(state))
  } else if (pull.kind === 'feed' && more && admitted > 0) {
    pulls.unshift(feedPull(state, pull.key))
  }
  handshake.pulls = pulls
  pullOrJudge(state, handshake)
}

function revocationPulls(state: EngineState): AdmissionPull[] {
  const roots = new Set(state.ledger.charters.inForce.flatMap((charter) => charter.body.roots.keys))
  return [...roots].toSorted().map((key) => feedPull(state, key))
}

function feedPull(state: EngineState, key: Key): AdmissionPull {
  const { have } = askFeed(state.ledger, key)
  return { kind: 'feed', key, have: have.slice(0, LIMITS.admission.heads) }
}

function judge(state: EngineState, handshake: Handshake): void {
  const { hello } = handshake
  if (hello === null) return
  const certificate = read(state, hello.certificate)
  const invite = read(state, hello.invite)
  if (certificate === 'bad' || invite === 'bad') {
    return refuse(state, handshake, 'E_BAD_SIG', 'its certificate or its invite does not decode, or is not signed')
  }
  const judged = judgePeer(state, handshake.peer, { certificate, invite, agent: hello.agent })
  if (!judged.ok) {
    // Before it gives up, the side that judges last asks once for what links the certificate to a former role.
    if (judged.unproven && handshake.acceptedBy && !handshake.provenAsked) {
      handshake.provenAsked = true
      handshake.pulls = [{ kind: 'proof' }]
      return pullOrJudge(state, handshake)
    }
    return refuse(state, handshake, judged.code, judged.reason)
  }
  handshake.accepted = true
  remember(state, handshake.peer, judged.take)
  send(state, handshake, { type: 'verdict', ok: true, code: null, reason: '' })
  if (handshake.acceptedBy) complete(state, handshake)
}

/** Null: nothing was presented. */
function read(state: EngineState, bytes: Uint8Array | null): Envelope | 'bad' | null {
  if (bytes === null) return null
  try {
    const envelope = state.reader.read(bytes)
    return state.reader.verify(envelope) ? envelope : 'bad'
  } catch (error) {
    if (error instanceof CoreError) return 'bad'
    throw error
  }
}

/** What it presented goes into the ledger if it can, else it is kept beside it until sync brings what is missing. */
function remember(state: EngineState, peer: Key, take: readonly Envelope[]): void {
  if (take.length === 0) return
  const news = take.filter((envelope) => !state.ledger.has(envelope.id))
  admit(state, peer, news)
  for (const record of news) if (state.ledger.has(record.id)) afterwards(state, { type: 'gossip', record })
  if (take.every((envelope) => state.ledger.has(envelope.id))) return
  state.presented ??= new Map()
  state.presented.set(peer, take)
}

function complete(state: EngineState, handshake: Handshake): void {
  endAdmission(state, handshake.conn)
  emit(state, { type: 'admitResult', conn: handshake.conn, ok: true, code: null, reason: '' })
}

function refuse(state: EngineState, handshake: Handshake, code: string, reason: string): void {
  send(state, handshake, { type: 'verdict', ok: false, code, reason })
  answerDriver(state, handshake, code, reason)
}

function answerDriver(state: EngineState, handshake: Handshake, code: string, reason: string): void {
  endAdmission(state, handshake.conn)
  emit(state, { type: 'admitResult', conn: handshake.conn, ok: false, code, reason })
  const peer = peerIdOf(handshake.peer)
  event(state, 'info', 'refused', `No admission for ${peer} (${code}): ${reason}.`, { peer: handshake.peer, code })
}

function send(state: EngineState, handshake: Handshake, frame: AdmissionFrame): void {
  handshake.bytes += encodeAdmissionFrame(frame).length
  emit(state, { type: 'admitSend', conn: handshake.conn, frame })
}
