import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { enrollerOf, grantTo, peerIdOf, Scene, SCENE_START_MS, shortId } from '../../node/core/index.ts'
import type {
  Actor,
  Charter,
  CharterChanges,
  Command,
  EngineSettings,
  Envelope,
  Grant,
  Invite,
  Labels,
} from '../../node/core/index.ts'
import { createCrypto, hasher } from '../../node/crypto.ts'
import { evaluateSelector } from '../../policies/index.ts'
import { Lab, type LabNode } from '../../topology-sim/index.ts'
import { actor, tools } from '../support/tools.ts'

/** Labels may be asked for anything: these stories have two of them. */
const ANY_LABELS = { role: ['*'], env: ['*'] }

export interface StoryOptions {
  readonly seed?: number
  readonly settings?: Partial<EngineSettings>
  /** Further grants of charter 1, beside everything for the first node. */
  readonly grants?: readonly Grant[]
  readonly enrollers?: Charter['enrollers']
}

/**
 * A walk-through told by engines in a lab: what was done, then what the nodes said and what they hold. Its text is kept
 * as a golden file that reads as documentation; UPDATE_GOLDEN=1 writes it anew.
 */
export class Story {
  readonly lab: Lab
  /** A writer outside the mesh: holds root and recovery keys, and hands in what it signs. */
  readonly scene: Scene
  readonly root = actor('root')
  readonly recovery = actor('recovery')
  readonly #lines: string[]
  readonly #names = new Map<string, string>()
  #told = 0

  constructor(title: string, options: StoryOptions = {}) {
    const first = actor('n1')
    this.scene = Scene.open(
      tools,
      this.root,
      this.recovery,
      {
        enrollers: [enrollerOf(first.key, ANY_LABELS), ...(options.enrollers ?? [])],
        grants: [grantTo(first.key, { name: 'n1' }), ...(options.grants ?? [])],
      },
      selects,
    )
    const charter = this.scene.records[0]
    if (charter === undefined) throw new Error('a scene begins with charter 1')
    const { gossip, ...settings } = { gossip: true, ...options.settings }
    this.lab = new Lab({
      seed: options.seed ?? 1,
      mesh: charter.id,
      hasher,
      selects,
      settings: { ...settings, gossip },
      startMs: SCENE_START_MS + 60_000,
    })
    this.#lines = [`# ${title}`, '']
    for (const { key, name } of options.grants ?? []) this.#names.set(key, name)
    this.name(charter, 'charter 1')
    this.scene.certify(first, first.key, { name: 'n1', labels: {}, ageRecipient: 'age1n1' })
    this.#add(first, this.scene.records)
  }

  // What happens

  /** Tells what is done, does it, lets time pass, and tells what came of it. */
  step(told: string, action: () => void, ms = 5_000): void {
    this.#lines.push(told, '----')
    action()
    this.lab.run(ms)
    this.#trace()
    this.#state()
    this.#lines.push('')
  }

  command(node: string, command: Command): void {
    this.lab.node(node).feed({ type: 'command', ref: 1, command })
  }

  publish(node: string, policy: string, but: Partial<Extract<Command, { type: 'publish' }>> = {}): void {
    const size = 1000
    const cid = this.#bundle(`${node} ${policy} ${this.lab.nowMs}`)
    this.lab.node(node).options.disk.bundles.add(cid)
    const meta = { by: node, message: '', repo: '', commit: '', dirty: false }
    const wish = {
      policy,
      action: 'apply',
      selector: 'true',
      after: [],
      onFork: 'newest',
      uses: ['file'],
      meta,
      local: true,
      bundle: { cid, size },
    } as const
    this.command(node, { type: 'publish', ...wish, ...but })
    const node_ = this.lab.node(node)
    node_.feed({ type: 'blobStored', cid: but.bundle?.cid ?? cid, size })
  }

  /** Hands a record that was signed elsewhere to one node. */
  submit(node: string, envelope: Envelope): void {
    this.lab.node(node).feed({ type: 'record', via: 'local', from: null, bytes: envelope.bytes, ref: -1 })
  }

  /** The root (or recovery) key signs the next charter, from what the scene knows, and hands it to `node`. */
  charter(node: string, name: string, changes: Omit<CharterChanges, 'issuedAt'>): Envelope<Charter> {
    this.learn(node)
    const envelope = this.scene.charter([changes.by === 'recovery' ? this.recovery : this.root], changes)
    this.name(envelope, name)
    this.submit(node, envelope)
    return envelope
  }

  /** The scene's writer learns all that a node holds. */
  learn(node: string): void {
    this.scene.now = Math.max(this.scene.now, this.lab.nowMs)
    this.scene.take(...this.lab.node(node).engine.view.ledger.records())
  }

  /** A new machine with a token from n1: its certificate is its own and provisional until an enroller confirms it. */
  join(name: string, labels: Labels = {}, via = 'n1', uses = 1): LabNode {
    this.learn(via)
    const inviteKey = actor(`invite ${name}`)
    const invite = this.scene.invite(actor(via), inviteKey, { name, labels, uses })
    this.submit(via, invite)
    this.lab.run(100)
    return this.joinWith(name, invite, inviteKey, via)
  }

  joinWith(name: string, invite: Envelope<Invite>, inviteKey: Actor, via: string): LabNode {
    const peer = actor(name)
    const certificate = this.scene
      .fork()
      .join(peer, invite, inviteKey, invite.body.name === undefined ? name : undefined)
    const node = this.#add(peer, [], {
      credentials: { certificate: certificate.bytes, invite: invite.bytes },
      trusted: [this.lab.node(via).key],
    })
    this.lab.later(1, () => this.lab.connect(name, via))
    return node
  }

  // What is told

  /** Calls a record by a name in everything that follows. */
  name(envelope: Envelope, name: string): void {
    this.#names.set(envelope.id, name)
  }

  note(text: string): void {
    this.#lines.push(text, '')
  }

  get text(): string {
    return `${this.#lines.join('\n').trimEnd()}\n`
  }

  /** Compares with test/golden/FILE.golden, or writes it. */
  ends(file: string): void {
    const path = join(import.meta.dirname, `${file}.golden`)
    if (process.env['UPDATE_GOLDEN'] === '1' || !existsSync(path)) {
      if (process.env['CI'] === 'true') throw new Error(`${path} is missing; run with UPDATE_GOLDEN=1 and read it`)
      writeFileSync(path, this.text)
    }
    expect(this.text).toBe(readFileSync(path, 'utf8'))
  }

  #add(peer: Actor, records: readonly Envelope[], settings: Partial<EngineSettings> = {}): LabNode {
    this.#names.set(peer.key, peer.name)
    this.#names.set(peerIdOf(peer.key), peer.name)
    this.#names.set(shortId(peer.key), peer.name)
    const disk = {
      records: new Map(records.map((record) => [record.id, record.bytes])),
      local: null,
      bundles: new Set<string>(),
    }
    return this.lab.add(peer.name, createCrypto(tools.signerOf(seedOf(peer.name))), peer.key, { disk, settings })
  }

  #bundle(text: string): string {
    return this.scene.fork().publish(this.root, text.replaceAll(/[^a-z0-9/]/g, '-').slice(0, 60)).body.bundle?.cid ?? ''
  }

  #trace(): void {
    // By node: who was a millisecond faster is not what a story is about.
    const lines = this.lab.trace.slice(this.#told).toSorted((a, b) => a.node.localeCompare(b.node, 'en'))
    this.#told = this.lab.trace.length
    for (const { node, event } of lines) this.#lines.push(`${node}: ${this.#readable(event.message)}`)
    for (const { node, reply } of this.lab.replies.splice(0)) {
      if (!reply.ok) this.#lines.push(`${node} answers ${reply.code}: ${this.#readable(reply.message)}`)
    }
    for (const { node, result, code } of this.lab.verdicts.splice(0)) {
      if (code !== null) this.#lines.push(`${node} was handed a record: ${result}, ${code}`)
    }
  }

  /** Per node: what it runs, and whether all agree. */
  #state(): void {
    const up = [...this.lab.nodes.values()].filter((node) => node.up)
    for (const node of up) {
      const { ledger } = node.engine.view
      const running = [...node.applied].map(([policy, version]) => `${policy} = ${this.#nameOf(version)}`)
      const charters = ledger.charters.inForce.map(({ id }) => this.#nameOf(id)).join(' and ')
      this.#lines.push(
        `${node.name} holds ${charters || 'no charter'}, ${ledger.size} records; runs ${running.sort().join(', ') || 'nothing'}`,
      )
    }
    const digests = new Set(up.map((node) => JSON.stringify(node.engine.view.ledger.digest)))
    this.#lines.push(digests.size === 1 ? 'all agree' : `${digests.size} different ledgers`)
  }

  #nameOf(id: string): string {
    return this.#names.get(id) ?? this.#version(id) ?? id.slice(-6)
  }

  /** `seq 3 by n1` for a version. */
  #version(id: string): string | undefined {
    for (const node of this.lab.nodes.values()) {
      const body = node.engine.view.ledger.get(id)?.body
      if (body !== undefined && 'seq' in body && 'key' in body)
        return `seq ${body.seq} by ${this.#names.get(body.key ?? '') ?? '?'}`
    }
    return undefined
  }

  #readable(message: string): string {
    return message.replaceAll(/\b(bafy[a-z2-7]{50,}|12D3Koo\w+|[0-9a-f]{64})\b/g, (id) => this.#nameOf(id))
  }
}

function selects(selector: string, node: { readonly labels: Labels; readonly name: string }): boolean {
  return evaluateSelector(selector, { labels: node.labels, facts: {}, node: { name: node.name, id: '' } }).selected
}

/** As `actorOf` makes it. */
function seedOf(name: string): Uint8Array {
  return hasher.sha256(new TextEncoder().encode(`chorus actor ${name}`))
}
