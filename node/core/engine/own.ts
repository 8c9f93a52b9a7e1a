import { CoreError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { buildCertificate, buildInvite, buildLeave, buildVersion } from '../ledger/build-entries.ts'
import type { Body, Envelope, Key } from '../records/types.ts'
import { drawLinks, startRound } from '../sync/rounds.ts'
import type { Ack } from './acknowledge.ts'
import { describe } from './describe.ts'
import { afterwards, take } from './batches.ts'
import { event, refuse } from './emit.ts'
import type { Command } from './port.ts'
import { signedBy } from './sign.ts'
import type { EngineState } from './state.ts'
import { judgeNow } from './state.ts'

/**
 * What this node says itself. Before it writes it hears what others have: its own later entries if it was restored from
 * a backup, and, for a publish, the heads that the new version should follow.
 */
export interface OwnWork {
  readonly jobs: Job[]
  /** Versions waiting for another holder, in the order in which they were published. */
  readonly acks: Map<string, Ack>
}

type Writing = Extract<Command, { type: 'publish' | 'invite' | 'certify' | 'leave' }>

interface Job {
  readonly ref: number
  readonly command: Writing
  readonly since: number
  /** Peers whose rounds it waits for. */
  asked: readonly Key[]
}

export function ownWork(state: EngineState): OwnWork {
  state.own ??= { jobs: [], acks: new Map() }
  return state.own
}

export function submit(state: EngineState, ref: number, command: Writing): void {
  const { jobs, acks } = ownWork(state)
  if (state.cloned) {
    const message =
      'Another daemon works with this key: make a new key on one of the two with `chorus join` and a new invite.'
    return refuse(state, ref, 'E_CLONED', message)
  }
  if (state.local.left)
    return refuse(state, ref, 'E_LEFT', 'This node has left the mesh: join again with a new invite.')
  if (jobs.length + acks.size >= LIMITS.publish.waiting) {
    return refuse(state, ref, 'E_BUSY', 'Too many commands are waiting on this node: try again in a minute.')
  }
  jobs.push({ ref, command, since: state.now, asked: [] })
}

/** At the end of a step: writes what has heard enough, in order. */
export function lookAtOwn(state: EngineState): void {
  const jobs = state.own?.jobs ?? []
  for (let first = jobs[0]; first !== undefined; first = jobs[0]) {
    const until = waitsUntil(state, first)
    if (until > state.now) return state.timers.soonest('own', until)
    jobs.shift()
    perform(state, first)
  }
}

/** When this may be written at the latest; now or before: it may be written. */
function waitsUntil(state: EngineState, job: Job): number {
  const { links } = state
  if (links.size === 0) {
    if (state.synced || !hasOthers(state)) return state.now
    return state.startedAt + state.settings.timing.firstPeerMs
  }
  if (job.asked.length === 0) {
    if (job.command.type !== 'publish' && state.synced) return state.now
    const chosen = drawLinks(state, LIMITS.sync.neighbours)
    job.asked = chosen.map((link) => link.peer)
    for (const link of chosen) startRound(state, link)
  }
  const open = job.asked.some((peer) => {
    const link = links.get(peer)
    return link !== undefined && (link.syncedAt === null || link.syncedAt < job.since)
  })
  return open ? job.since + LIMITS.publish.syncMs : state.now
}

/** Members besides this node. */
export function hasOthers(state: EngineState): boolean {
  if (state.links.size > 0) return true
  return state.durable.members(judgeNow(state)).some((one) => one.state === 'member' && one.peer !== state.self)
}

function perform(state: EngineState, { ref, command }: Job): void {
  try {
    const record = write(state, bodyOf(state, command))
    if (command.type === 'publish') {
      afterwards(state, { type: 'published', ref, record, local: command.local })
      return
    }
    if (command.type === 'leave') state.local = { ...state.local, left: true }
    afterwards(state, { type: 'gossip', record })
    afterwards(state, { type: 'reply', ref, record })
  } catch (error) {
    if (!(error instanceof CoreError)) throw error
    refuse(state, ref, error.code, error.message)
  }
}

function bodyOf(state: EngineState, command: Writing): Body {
  const { ledger, self, wall: now } = state
  switch (command.type) {
    case 'publish': {
      const { policy, action, selector, after, onFork, bundle, uses, meta } = command
      const rollout = command.rollout ?? null
      const said = { policy, action, selector, after, rollout, onFork, bundle, uses, meta }
      return buildVersion(ledger, self, { at: now, ...said })
    }
    case 'invite': {
      const { labels, uses, name } = command
      const expires = now + command.expiresMs
      const named = name === undefined ? {} : { name }
      return buildInvite(ledger, self, { at: now, invite: command.inviteKey, labels, expires, uses, ...named })
    }
    case 'certify':
      return buildCertificate(ledger, self, { at: now, peer: command.peer, name: command.name, labels: command.labels })
    default:
      return buildLeave(ledger, self, now)
  }
}

/**
 * Signs, and puts it among what waits for the disk, if it would count.
 * @throws CoreError with the ledger's code if it would not
 */
export function write(state: EngineState, body: Body): Envelope {
  const record = signedBy(state, body)
  const trial = state.ledger.add([record])
  const judgement = trial.ledger.judge(record.id)
  if (judgement === undefined) {
    const [result] = trial.results
    throw new CoreError(
      result?.code ?? 'E_NOT_ALLOWED',
      `This node may not say that: ${result?.reason ?? 'it is not taken'}.`,
    )
  }
  if (!judgement.counts) throw new CoreError(judgement.code, `It would be void: ${judgement.reason}.`)
  take(state, [record])
  if (record.family === 'feed') {
    state.local = { ...state.local, own: state.ledger.feed(state.self)?.heads.slice(0, 8) ?? [] }
    state.localDirty = true
  }
  event(state, 'info', 'wrote', `Wrote ${describe(record)}.`, { id: record.id, type: body.type })
  return record
}
