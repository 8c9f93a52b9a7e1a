import type { Hasher, Signer } from '../crypto.ts'
import { firstCharter, nextCharter } from '../ledger/build-charter.ts'
import type { CharterChanges, FirstCharter } from '../ledger/build-charter.ts'
import {
  buildCertificate,
  buildInvite,
  buildLeave,
  buildProvisional,
  buildRevoke,
  buildVersion,
} from '../ledger/build-entries.ts'
import type { NewCertificate, NewInvite, NewRevoke, NewVersion } from '../ledger/build-entries.ts'
import { emptyLedger } from '../ledger/ledger.ts'
import type { AddResult, Ledger, LedgerEnv } from '../ledger/types.ts'
import { idOf, seal } from '../records/codec.ts'
import type {
  Body,
  Charter,
  Cid,
  Enroller,
  Envelope,
  Grant,
  Invite,
  Key,
  Provisional,
  Version,
} from '../records/types.ts'

/**
 * People with keys made from their names, and scenes in which they write records: for tests, golden traces and the
 * simulator. Everything follows from the names, so two runs give the same bytes.
 */
export interface Tools {
  readonly hasher: Hasher
  /** From a 32-byte seed. */
  signerOf(seed: Uint8Array): Signer
}

export interface Actor extends Signer {
  readonly name: string
}

const encoder = new TextEncoder()

export function actorOf(name: string, tools: Tools): Actor {
  const signer = tools.signerOf(tools.hasher.sha256(encoder.encode(`chorus actor ${name}`)))
  return { name, key: signer.key, sign: (message) => signer.sign(message) }
}

/** 2025-01-01 00:00 UTC: where every scene begins. Each record comes a second later. */
export const SCENE_START_MS = 1_735_689_600_000
const DAY_MS = 24 * 3600 * 1000

/** A grant of everything, to be narrowed by `but`. */
export function grantTo(key: Key, but: Partial<Grant> = {}): Grant {
  return {
    key,
    name: 'all',
    policies: ['*'],
    verbs: ['publish', 'retire', 'rollout', 'secret', 'exec'],
    selector: 'true',
    maxBlob: 2 ** 30,
    rate: 1000,
    ...but,
  }
}

/** An enroller of any value of these labels. */
export function enrollerOf(key: Key, labels: Enroller['labels'] = { role: ['*'], env: ['*'] }): Enroller {
  return { key, labels }
}

/** One writer's view: a ledger, and a clock that ticks with every record. Scenes are cheap; fork them to make rivals. */
export class Scene {
  ledger: Ledger
  now: number
  /** Everything that was written or taken here, in order. */
  readonly records: Envelope[]
  readonly #tools: Tools

  private constructor(tools: Tools, ledger: Ledger, now: number, records: readonly Envelope[]) {
    this.#tools = tools
    this.ledger = ledger
    this.now = now
    this.records = [...records]
  }

  /** Writes charter 1. Roles that `init` does not name: root and recovery of one key each, nobody else. */
  static open(
    tools: Tools,
    root: Actor,
    recovery: Actor,
    init: Partial<FirstCharter> = {},
    selects: LedgerEnv['selects'] = () => true,
    /** Further roots that sign charter 1. */
    others: readonly Actor[] = [],
  ): Scene {
    const body = firstCharter({
      name: 'prod',
      nonce: new Uint8Array(16),
      roots: { keys: [root.key], threshold: 1 },
      recovery: { keys: [recovery.key], threshold: 1 },
      enrollers: [],
      grants: [],
      minVersion: '0.1.0',
      issuedAt: SCENE_START_MS,
      refreshBy: SCENE_START_MS + 365 * DAY_MS,
      ...init,
    })
    const charter = seal(body, [root, ...others], tools.hasher)
    const scene = new Scene(tools, emptyLedger({ mesh: charter.id, selects }), SCENE_START_MS, [])
    scene.take(charter)
    return scene
  }

  /** Another writer who knows what this one knows. */
  fork(): Scene {
    return new Scene(this.#tools, this.ledger, this.now, this.records)
  }

  /** Adds records of others. */
  take(...envelopes: readonly Envelope[]): readonly AddResult[] {
    const { ledger, results } = this.ledger.add(envelopes)
    this.ledger = ledger
    this.records.push(...envelopes)
    return results
  }

  /** Signs and adds a body of any kind; it may be void, or not admitted at all. */
  write<B extends Body>(body: B, ...signers: readonly Actor[]): Envelope<B> {
    const envelope = seal(body, signers, this.#tools.hasher)
    this.take(envelope)
    return envelope
  }

  tick(): number {
    this.now += 1000
    return this.now
  }

  charter(signers: readonly Actor[], changes: Omit<CharterChanges, 'issuedAt'> = {}): Envelope<Charter> {
    return this.write(nextCharter(this.ledger, { issuedAt: this.tick(), ...changes }), ...signers)
  }

  publish(author: Actor, policy: string, but: Partial<NewVersion> = {}): Envelope<Version> {
    const content = encoder.encode(`${author.name} ${policy} ${this.now}`)
    const bundle = { cid: idOf(content, this.#tools.hasher), size: 1000 }
    const meta = { by: author.name, message: '', repo: '', commit: '', dirty: false }
    const body = buildVersion(this.ledger, author.key, {
      at: this.tick(),
      policy,
      action: 'apply',
      selector: 'true',
      bundle,
      uses: ['file'],
      meta,
      ...but,
    })
    return this.write(body, author)
  }

  invite(enroller: Actor, invite: Actor, but: Partial<NewInvite> = {}): Envelope<Invite> {
    const at = this.tick()
    const wish = { at, invite: invite.key, labels: {}, expires: at + DAY_MS, uses: 1, ...but }
    return this.write(buildInvite(this.ledger, enroller.key, wish), enroller)
  }

  join(peer: Actor, invite: Envelope<Invite>, inviteKey: Actor, name?: string): Envelope<Provisional> {
    const wish = {
      at: this.tick(),
      peer: peer.key,
      ageRecipient: `age1${peer.name}`,
      ...(name === undefined ? {} : { name }),
    }
    return this.write(buildProvisional(invite, wish), peer, inviteKey)
  }

  certify(enroller: Actor, peer: Key, but: Partial<NewCertificate> = {}) {
    return this.write(buildCertificate(this.ledger, enroller.key, { at: this.tick(), peer, ...but }), enroller)
  }

  revoke(root: Actor, wish: Omit<NewRevoke, 'at'>) {
    return this.write(buildRevoke(this.ledger, root.key, { at: this.tick(), ...wish }), root)
  }

  leave(peer: Actor) {
    return this.write(buildLeave(this.ledger, peer.key, this.tick()), peer)
  }

  winner(policy: string, labels: Readonly<Record<string, string>> = {}, name = 'node'): Cid | null {
    return this.ledger.winnerFor(policy, { labels, name }).version?.id ?? null
  }
}
