import {
  actorOf,
  buildInvite,
  buildProvisional,
  buildRevoke,
  buildVersion,
  grantTo,
  nextCharter,
  seal,
  matchesPattern,
  type Actor,
  type Body,
  type CharterChanges,
  type Cid,
  type Envelope,
  type Grant,
  type Invite,
  type Key,
  type Ledger,
  type Version,
} from '../../node/core/index.ts'
import { SimError } from '../errors.ts'
import { hasher } from './crypto.ts'
import { engineOf, feed, settingsOf } from './drive.ts'
import type { Publication } from './measure.ts'
import { rouseSilent } from './silent.ts'
import { EVENT, STATUS, type WorldState } from './state.ts'
import type { PolicyBundle } from './types.ts'

/** What operators do: publish, sign charters, revoke, invite. */

export function actorNamed(state: WorldState, name: string): Actor {
  const known = state.actors.get(name)
  if (known !== undefined) return known
  const actor = actorOf(name, state.crypto)
  state.actors.set(name, actor)
  return actor
}

export function keyOf(state: WorldState, holder: number | string): Key {
  return typeof holder === 'number' ? (state.genesis.keys[holder] ?? '') : actorNamed(state, holder).key
}

export function ledgerAt(state: WorldState, node: number): Ledger {
  if (!state.isUp(node)) {
    throw new SimError('E_SIM_STATE', `${state.nameOf(node)} is not up: do this at a node that is.`)
  }
  return engineOf(state, node).view.ledger
}

const META = { by: 'sim', message: '', repo: '', commit: '', dirty: false }

/** The bundle is put where it is published, and the version noted, with what its author will say of it. */
function begin(state: WorldState, node: number, author: Key, ledger: Ledger, bundle: PolicyBundle) {
  const { policy, selector, after, onFork, rollout = null, uses, cid, size } = bundle
  rouseSilent(state)
  state.hosts.know(bundle)
  state.blobs.put(node, cid, size)
  const { publication, ref } = state.publications.begin({
    policy,
    action: 'apply',
    author: node,
    bundle: cid,
    authorised: mayPublish(ledger, author, bundle),
    selector,
    selects: selectedBy(state, selector),
  })
  const how = { selector, after, onFork, rollout }
  const said = { policy, action: 'apply', ...how, bundle: { cid, size }, uses, meta: META } as const
  return { publication, ref, said }
}

export function publish(state: WorldState, node: number, bundle: PolicyBundle, local: boolean): Publication {
  const ledger = ledgerAt(state, node)
  const { publication, ref, said } = begin(state, node, keyOf(state, node), ledger, bundle)
  feed(state, node, { type: 'command', ref, command: { type: 'publish', ...said, local } })
  return publication
}

/** A retirement selects whom the version before it selected. */
export function retire(state: WorldState, node: number, policy: string): Publication {
  const ledger = ledgerAt(state, node)
  const selector = ledger.policy(policy)?.countingHeads[0]?.body.selector ?? 'true'
  const { publication, ref } = state.publications.begin({
    policy,
    action: 'retire',
    author: node,
    bundle: null,
    authorised: mayPublish(ledger, keyOf(state, node), { policy, uses: [] }, 'retire'),
    selector,
    selects: selectedBy(state, selector),
  })
  const fixed = { after: [], onFork: 'newest', bundle: null, uses: [], meta: META, local: false } as const
  rouseSilent(state)
  const command = { type: 'publish', policy, action: 'retire', selector, ...fixed } as const
  feed(state, node, { type: 'command', ref, command })
  return publication
}

/** Signed by a key file, handed in at a node. Void records are handed in as well: what becomes of them is the question. */
export function publishAs(
  state: WorldState,
  name: string,
  via: number,
  bundle: PolicyBundle,
  knowing?: Ledger,
): Publication {
  const actor = actorNamed(state, name)
  const ledger = knowing ?? ledgerAt(state, via)
  const { publication, ref, said } = begin(state, via, actor.key, ledger, bundle)
  const body = buildVersion(ledger, actor.key, { at: state.clockMs, ...said })
  const record = seal(body, [actor], hasher)
  state.publications.written(publication, record)
  handIn(state, via, record, ref)
  askHeld(state, via, record.id, ref)
  return publication
}

/** How often the command looks whether its record is on the disk of the node that took it, and for how long. Microseconds. */
const DURABLE_LOOK_US = 1_000
const DURABLE_WAIT_US = 10_000_000

/** As the command does: once its record is durable it asks when another peer holds it. A node that is down gives no answer. */
function askHeld(state: WorldState, via: number, version: Cid, ref: number, waitedUs = 0): void {
  if (waitedUs > DURABLE_WAIT_US || engineOf(state, via).view.ledger.get(version) !== undefined)
    return feed(state, via, { type: 'command', ref, command: { type: 'held', version } })
  const again = (): void => askHeld(state, via, version, ref, waitedUs + DURABLE_LOOK_US)
  state.queue.add(state.nowUs + DURABLE_LOOK_US, EVENT.action, via, state.life[via] ?? 0, again)
}

/** What the roots have said, read as a scenario's author would: not by the engine's own judgement. */
function mayPublish(
  ledger: Ledger,
  key: Key,
  { policy, uses }: Pick<PolicyBundle, 'policy' | 'uses'>,
  verb: 'publish' | 'retire' = 'publish',
): boolean {
  return ledger.charters.inForce.every(({ body }) =>
    body.grants.some((grant) => {
      const covers = grant.policies.some((pattern) => matchesPattern(pattern, policy))
      const exec = !uses.includes('exec') || grant.verbs.includes('exec')
      return grant.key === key && covers && exec && grant.verbs.includes(verb)
    }),
  )
}

function selectedBy(state: WorldState, selector: string): Uint8Array {
  const selects = new Uint8Array(state.size)
  const { fleet } = state.options
  const { env } = state.minds
  const byObject = new Map<object, boolean>()
  const plain = !selector.includes('node') && !selector.includes('facts')
  for (let node = 0; node < state.size; node++) {
    if (state.status[node] === STATUS.absent || state.status[node] === STATUS.left) continue
    const { labels, name } = fleet.at(node)
    let chosen = plain ? byObject.get(labels) : undefined
    if (chosen === undefined) {
      chosen = env.selects(selector, { labels, name })
      if (plain) byObject.set(labels, chosen)
    }
    selects[node] = chosen ? 1 : 0
  }
  return selects
}

/** A version that a node signs behind its engine's back: whether it may be applied is known from what the roots said. */
export function vouch(state: WorldState, node: number, { id, body }: Envelope<Version>): void {
  if (mayPublish(ledgerAt(state, node), body.key, body, body.action === 'retire' ? 'retire' : 'publish'))
    state.watch.allow(id)
}

/** A record that was signed elsewhere comes through the control socket. */
export function handIn(state: WorldState, node: number, record: Envelope, ref = state.publications.nextRef()): void {
  rouseSilent(state)
  state.reader.know(record, record.bytes)
  feed(state, node, { type: 'record', via: 'local', from: null, bytes: record.bytes, ref })
}

function signAndHandIn(state: WorldState, node: number, body: Body, signer: Actor): Envelope {
  const record = seal(body, [signer], hasher)
  handIn(state, node, record)
  return record
}

export function charter(
  state: WorldState,
  changes: Omit<CharterChanges, 'issuedAt'>,
  { via = 0, by }: { readonly via?: number; readonly by?: string },
): Cid {
  const ledger = ledgerAt(state, via)
  const signer =
    by === undefined ? (changes.by === 'recovery' ? state.genesis.recovery : state.genesis.root) : actorNamed(state, by)
  return signAndHandIn(state, via, nextCharter(ledger, { issuedAt: state.clockMs, ...changes }), signer).id
}

export function grant(state: WorldState, holder: number | string, wish: Partial<Omit<Grant, 'key'>>, via: number): Cid {
  const grants = ledgerAt(state, via).charters.current?.body.grants ?? []
  const name = typeof holder === 'number' ? state.nameOf(holder) : holder
  return charter(state, { grants: [...grants, grantTo(keyOf(state, holder), { name, ...wish })] }, { via })
}

/** `heads` of a feed: valid up to what `via` knows now. */
export function revoke(state: WorldState, target: number | string, what: 'member' | 'feed', via: number): Cid {
  const ledger = ledgerAt(state, via)
  const key = keyOf(state, target)
  const heads = what === 'feed' ? (ledger.feed(key)?.heads ?? []) : []
  const body = buildRevoke(ledger, state.genesis.root.key, { at: state.clockMs, what, target: key, heads })
  return signAndHandIn(state, via, body, state.genesis.root).id
}

const DAY_MS = 24 * 3_600_000

/** As `chorus invite` on an enroller's machine and `chorus join` on the new one. */
export function join(state: WorldState, node: number, via: number): void {
  const spec = state.options.fleet.at(node)
  if (state.status[node] !== STATUS.absent)
    throw new SimError(
      'E_SIM_STATE',
      `${spec.name} is there already: mark it absent in the fleet if it is to join later.`,
    )
  const ledger = ledgerAt(state, via)
  const inviteKey = actorNamed(state, `invite for ${spec.name}`)
  const at = state.clockMs
  const wish = { at, invite: inviteKey.key, labels: spec.labels, expires: at + DAY_MS, uses: 1, name: spec.name }
  const invite: Envelope<Invite> = seal(
    buildInvite(ledger, state.genesis.enroller.key, wish),
    [state.genesis.enroller],
    hasher,
  )
  handIn(state, via, invite)
  const body = buildProvisional(invite, { at, peer: keyOf(state, node), ageRecipient: 'age1simulated' })
  const certificate = seal(body, [state.genesis.signerOf(node), inviteKey], hasher)
  state.status[node] = STATUS.up
  const { env } = state.minds
  state.publications.joined(node, (selector) => env.selects(selector, { labels: spec.labels, name: spec.name }))
  const settings = {
    ...settingsOf(state, node),
    credentials: { certificate: certificate.bytes, invite: invite.bytes },
    trusted: [keyOf(state, via)],
  }
  state.engines[node] = state.minds.make(node, 0, settings, { records: [], local: null })
  feed(state, node, { type: 'wake' })
  state.queue.add(state.nowUs, EVENT.dial, node, via)
  state.connections.redialAll([node], 0)
}

/** The daemon of one that left tells its neighbours, and ends. */
const LAST_WORDS_MS = 5_000

export function leave(state: WorldState, node: number): void {
  feed(state, node, { type: 'command', ref: state.publications.nextRef(), command: { type: 'leave' } })
  state.later(LAST_WORDS_MS * 1000, EVENT.action, node, () => {
    state.connections.cutAll(node)
    state.status[node] = STATUS.left
  })
}
