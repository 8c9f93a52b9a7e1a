import {
  actorOf,
  buildInvite,
  emptyLedger,
  enrollerOf,
  firstCharter,
  grantTo,
  seal,
  type Actor,
  type Cid,
  type Envelope,
  type Grant,
  type Invite,
  type Key,
  type Labels,
  type Ledger,
  type LedgerEnv,
  type Provisional,
  type Signer,
} from '../../node/core/index.ts'
import { SIM_LIMITS } from '../limits.ts'
import { hasher, hashOfText, type SimCrypto } from './crypto.ts'
import { bodyTemplate, LateRecord, type BodyTemplate } from './late-record.ts'
import type { SharedReader } from './memo.ts'
import type { Fleet } from './types.ts'

/**
 * The mesh before anything happens: charter 1, invites, and a certificate for every node. The enroller is a key file
 * and no node, so nobody confirms what the invites gave: that would be as many records again, and change nothing.
 */
export interface Genesis {
  readonly mesh: Cid
  readonly root: Actor
  readonly recovery: Actor
  readonly enroller: Actor
  readonly keys: readonly Key[]
  readonly ledger: Ledger
  signerOf(node: number): Signer
}

const DAY_MS = 24 * 3_600_000
/** Longer than any simulation: certificates of nodes that were never confirmed must not end in it. */
const INVITE_MS = 3_650 * DAY_MS

export interface GenesisOptions {
  readonly seed: number
  readonly fleet: Fleet
  readonly crypto: SimCrypto
  readonly reader: SharedReader
  readonly startMs: number
  readonly selects: LedgerEnv['selects']
  /** Asked once the nodes' keys are known. */
  readonly grants: (keyOf: (holder: number | string) => Key) => readonly Grant[]
  /** @throws SimError E_SIM_STOPPED */
  readonly goOn: (node: number) => void
}

export function makeGenesis(options: GenesisOptions): Genesis {
  const { seed, fleet, crypto, reader, selects, goOn } = options
  const signers = new Map<number, Signer>()
  const signerOf = (node: number): Signer => {
    const known = signers.get(node)
    if (known !== undefined) return known
    const signer = crypto.signerOf(hashOfText(`chorus node ${seed} ${node}`))
    if (crypto.kind === 'ed25519') signers.set(node, signer)
    return signer
  }
  const keys: Key[] = []
  for (let node = 0; node < fleet.size; node++) {
    goOn(node)
    keys.push(signerOf(node).key)
  }
  const [root, recovery, enroller] = [actorOf('root', crypto), actorOf('recovery', crypto), actorOf('enroller', crypto)]
  const keyOf = (holder: number | string): Key =>
    typeof holder === 'number' ? (keys[holder] ?? '') : actorOf(holder, crypto).key
  const issuedAt = options.startMs - DAY_MS
  const charter = seal(
    firstCharter({
      name: 'simulated',
      nonce: hashOfText(`chorus simulation ${seed}`).subarray(0, 16),
      roots: { keys: [root.key], threshold: 1 },
      recovery: { keys: [recovery.key], threshold: 1 },
      enrollers: [enrollerOf(enroller.key, { '*': ['*'] })],
      grants: [grantTo(keys[0] ?? '', { name: 'first node' }), ...options.grants(keyOf)],
      minVersion: '0.1.0',
      issuedAt,
      refreshBy: options.startMs + INVITE_MS,
    }),
    [root],
    hasher,
  )
  reader.know(charter, charter.bytes)
  const start = emptyLedger({ mesh: charter.id, selects }).add([charter]).ledger
  const enrolling = new Enrolling({ crypto, reader, enroller, signerOf, at: issuedAt }, start)
  for (let node = 0; node < fleet.size; node++) {
    goOn(node)
    const spec = fleet.at(node)
    if (spec.absent !== true) enrolling.add(keys[node] ?? '', spec.name, spec.labels, node)
  }
  const ledger = enrolling.finish()
  // Every engine asks this first of all. Asked here, one after the other, as records lie in memory, it costs a part of that.
  for (const [node, key] of keys.entries()) {
    goOn(node)
    ledger.identityOf(key, options.startMs)
  }
  return { mesh: charter.id, root, recovery, enroller, keys, ledger, signerOf }
}

interface EnrollingParts {
  readonly crypto: SimCrypto
  readonly reader: SharedReader
  readonly enroller: Actor
  readonly signerOf: (node: number) => Signer
  readonly at: number
}

/** An invite for each set of labels and each `inviteUses` nodes, and the certificates that they gave. */
class Enrolling {
  readonly #parts: EnrollingParts
  readonly #open = new Map<Labels, OpenInvite>()
  /** Everything, and the invites alone: the next one follows the last. */
  #ledger: Ledger
  #feed: Ledger
  #batch: Envelope[] = []
  #invites = 0

  constructor(parts: EnrollingParts, start: Ledger) {
    this.#parts = parts
    this.#ledger = start
    this.#feed = start
  }

  add(key: Key, name: string, labels: Labels, node: number): void {
    const { reader, at } = this.#parts
    let open = this.#open.get(labels)
    if (open === undefined || open.left === 0) {
      open = this.#invite(key, name, labels)
      this.#open.set(labels, open)
    }
    open.left--
    const body = provisional(open.invite, key, name, labels, at)
    this.#put(new LateRecord(body, open.template(body), { reader, signers: open.signers }, node))
  }

  #invite(key: Key, name: string, labels: Labels): OpenInvite {
    const { crypto, reader, enroller, signerOf, at } = this.#parts
    const signer = actorOf(`invite ${this.#invites++}`, crypto)
    const wish = { at, invite: signer.key, labels, expires: at + INVITE_MS, uses: SIM_LIMITS.inviteUses }
    const invite = seal(buildInvite(this.#feed, enroller.key, wish), [enroller], hasher)
    reader.know(invite, invite.bytes)
    this.#feed = this.#feed.add([invite]).ledger
    this.#put(invite)
    const template = bodyTemplate(provisional(invite, key, name, labels, at))
    return { invite, signers: (of) => [signerOf(of), signer], left: SIM_LIMITS.inviteUses, template }
  }

  #put(record: Envelope): void {
    this.#batch.push(record)
    if (this.#batch.length >= SIM_LIMITS.genesisBatch) this.finish()
  }

  finish(): Ledger {
    this.#ledger = this.#ledger.add(this.#batch).ledger
    this.#batch = []
    return this.#ledger
  }
}

interface OpenInvite {
  readonly invite: Envelope<Invite>
  readonly signers: (node: number) => readonly Signer[]
  readonly template: BodyTemplate<Provisional>
  left: number
}

/** What `buildProvisional` gives; the labels are the fleet's own object, which all nodes of a group share. */
function provisional(invite: Envelope<Invite>, key: Key, name: string, labels: Labels, at: number): Provisional {
  const { mesh, invite: inviteKey } = invite.body
  const fixed = { serial: 0, ageRecipient: AGE_RECIPIENT, at } as const
  return {
    v: 1,
    type: 'set/provisional',
    mesh,
    key,
    crit: NO_CRIT,
    invite: inviteKey,
    inviteId: invite.id,
    name,
    labels,
    ...fixed,
  }
}

const NO_CRIT: readonly string[] = []
/** Simulated nodes open no secrets. */
const AGE_RECIPIENT = 'age1simulated'
