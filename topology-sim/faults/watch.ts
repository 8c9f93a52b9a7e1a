import { isFeed, isVersion, LIMITS } from '../../node/core/index.ts'
import type { Beacon, Cid, Effect, Key, Version } from '../../node/core/index.ts'
import type { LabWatch } from '../lab/lab.ts'
import type { LabNode } from '../lab/lab-node.ts'
import type { Ordeal } from './ordeal.ts'

/** A promise that a run broke. `rule` is the same for every run that breaks the same one: shrinking keeps it. */
export class Violation extends Error {
  override readonly name = 'Violation'
  readonly rule: string

  constructor(rule: string, what: string) {
    super(`${rule}: ${what}`)
    this.rule = rule
  }
}

type EffectOf<T extends Effect['type']> = Extract<Effect, { type: T }>

/**
 * What must be so at every moment, seen from outside: what a node applies, says, passes on and acknowledges, against
 * what the makers of the run know and against the node's own disk.
 */
export class Watch implements LabWatch {
  readonly #ordeal: Ordeal
  /** Of each node: whose beacon it heard last. */
  readonly #heard = new Map<string, { readonly instance: string; readonly seq: number }>()
  /** Junk of a flood that a node took the trouble to verify. */
  readonly #verified = new Map<string, number>()
  /** Versions and who published them, as acknowledged. */
  readonly #said = new Set<Cid>()

  constructor(ordeal: Ordeal) {
    this.#ordeal = ordeal
  }

  effect(node: LabNode, effect: Effect): void {
    if (!this.#isHonest(node)) return
    if (effect.type === 'apply') this.#applies(node, effect)
    else if (effect.type === 'reply') this.#replies(node, effect)
    else if (effect.type === 'gossip') this.#gossips(node, effect)
    else if (effect.type === 'send') this.#answers(node, effect)
    else if (effect.type === 'admitSend') this.#admits(node, effect)
    else if (effect.type === 'event' && effect.event.kind === 'future')
      this.#ordeal.truth.future.delete(String(effect.event.fields['id']))
  }

  judged(node: LabNode, bytes: Uint8Array, from: Key, result: string, code: string | null): void {
    if (!this.#isHonest(node)) return
    if (code === 'E_BAD_SIG') {
      const pair = `${node.name} ${from}`
      const count = (this.#verified.get(pair) ?? 0) + 1
      this.#verified.set(pair, count)
      if (count > VERIFIED_MAX)
        fail('the rate of a neighbour is bounded', `${node.name} verified ${count} forgeries of one peer`)
    }
    if (result !== 'accept') return
    if (this.#ordeal.stage.reader.read(bytes).family === 'charter')
      fail('charters travel by sync alone', `${node.name} takes one by gossip`)
    const rule = this.#ordeal.truth.unrelayed.get(bytes)
    if (rule !== undefined) fail(rule, `${node.name} passes it on`)
  }

  /** Looks at everyone; several times a minute of virtual time. */
  look(thorough: boolean): void {
    const { truth } = this.#ordeal
    for (const node of this.#ordeal.up()) {
      const { view } = node.engine
      const { ledger } = view
      for (const [id, rule] of truth.absent) if (ledger.has(id)) fail(rule, `${node.name} holds ${id}`)
      for (const [id, rule] of truth.void)
        if (ledger.judge(id)?.counts === true) fail(rule, `it counts on ${node.name}: ${id}`)
      for (const [id, rule] of truth.powerless) {
        if (ledger.charters.inForce.some((charter) => charter.id === id)) fail(rule, `it is in force on ${node.name}`)
      }
      for (const [key, rule] of truth.outsiders) {
        if (ledger.isMember(key, this.#ordeal.nowMs)) fail(rule, `${this.#nameOf(key)} is a member for ${node.name}`)
        if (view.peers().some((peer) => peer.key === key))
          fail(rule, `${node.name} is connected to ${this.#nameOf(key)}`)
      }
      if (view.held > LIMITS.hold.total) fail('pools are bounded', `${node.name} holds ${view.held} records that wait`)
      if (view.gaps.length > LIMITS.stale.gaps)
        fail('pools are bounded', `${node.name} knows of ${view.gaps.length} gaps`)
      for (const name of this.#ordeal.lab.nodes.keys()) this.#hears(node, this.#ordeal.keyOf(name.replace("'", '')))
      for (const [, rule] of truth.unheard)
        if (view.heard(this.#ordeal.keyOf('stranger')) !== undefined) fail(rule, `${node.name} heard it`)
    }
    if (thorough) this.#compare()
  }

  /** Equal records: the same bytes. */
  #compare(): void {
    const dumps = new Map<string, { readonly name: string; readonly dump: string }>()
    for (const node of this.#ordeal.up()) {
      const ids = [...node.engine.view.ledger.records()]
        .map(({ id }) => id)
        .toSorted()
        .join(' ')
      const dump = this.#ordeal.dump(node)
      const other = dumps.get(ids)
      if (other === undefined) dumps.set(ids, { name: node.name, dump })
      else if (other.dump !== dump)
        fail(
          'equal records give equal ledgers',
          `${node.name} and ${other.name} differ: ${firstDifference(dump, other.dump)}`,
        )
    }
  }

  #hears(node: LabNode, key: Key): void {
    const heard = node.engine.view.heard(key)
    if (heard === undefined) return
    const { id, body } = heard.beacon
    const rule = this.#ordeal.truth.unheard.get(id)
    if (rule !== undefined) fail(rule, `${node.name} takes it for the word of ${this.#nameOf(key)}`)
    this.#isNewer(node, key, body)
  }

  #isNewer(node: LabNode, key: Key, { instance, seq }: Beacon): void {
    const at = `${node.life} ${key}`
    const last = this.#heard.get(at)
    this.#heard.set(at, { instance, seq })
    if (last !== undefined && last.instance === instance && seq < last.seq) {
      fail(
        'an older beacon does not replace a newer one',
        `${node.name} went back from ${last.seq} to ${seq} of ${this.#nameOf(key)}`,
      )
    }
  }

  /** Nothing unauthorised, nothing that is not durable, nothing that is not fetched. */
  #applies(node: LabNode, effect: EffectOf<'apply'>): void {
    const { truth } = this.#ordeal
    for (const { policy, version, bundle } of effect.policies) {
      const rule = truth.void.get(version) ?? truth.absent.get(version) ?? truth.unapplied.get(version)
      if (rule !== undefined) fail(rule, `${node.name} applies it: ${policy} ${version}`)
      const devOnly = truth.devOnly.get(version)
      const labels = node.engine.view.identity()?.labels
      if (devOnly !== undefined && labels?.['env'] !== 'dev' && node.applied.get(policy) !== version)
        fail(devOnly, `${node.name} of ${String(labels?.['env'])} applies ${policy}`)
      const bytes = node.options.disk.records.get(version)
      if (bytes === undefined) fail('what is not durable is not applied', `${node.name} applies ${policy} ${version}`)
      else this.#isAuthorised(node, policy, bytes)
      if (!node.options.disk.bundles.has(bundle.cid))
        fail('what is not fetched is not applied', `${node.name} applies ${policy}`)
      if (this.#ordeal.lab.unfit.has(bundle.cid))
        fail('a bundle against its schema is not applied', `${node.name} applies ${policy}`)
    }
  }

  #isAuthorised(node: LabNode, policy: string, bytes: Uint8Array): void {
    // A version: the engine said so, and its shape was read from these bytes.
    const { body } = this.#ordeal.stage.reader.read(bytes) as { readonly body: Version }
    if (!this.#ordeal.truth.allows(body.key, policy))
      fail('nothing unauthorised is applied', `${node.name} applies ${policy} by ${this.#nameOf(body.key)}`)
  }

  #replies(node: LabNode, { reply }: EffectOf<'reply'>): void {
    if (!reply.ok || reply.record === undefined) return
    const { id, body } = reply.record
    if (!node.options.disk.records.has(id))
      fail('what is acknowledged is durable', `${node.name} acknowledged ${body.type}`)
    if ((reply.heldBy ?? 0) === 0 || body.key === null) return
    const others = [...this.#ordeal.lab.nodes.values()].filter(
      (other) => other !== node && other.options.disk.records.has(id),
    )
    if (others.length === 0) fail('what is acknowledged is held elsewhere', `${node.name} acknowledged ${body.type}`)
    // Only a liar holds it: whatever becomes of it is no fault of the mesh.
    if (!others.some((other) => this.#ordeal.isHonest(other))) return
    this.#ordeal.truth.acked.set(id, body.key)
  }

  #gossips(node: LabNode, { bytes }: EffectOf<'gossip'>): void {
    const record = this.#ordeal.stage.reader.read(bytes)
    if (!isFeed(record) || record.body.key !== node.key || this.#said.has(record.id)) return
    if (!node.options.disk.records.has(record.id))
      fail('an own entry is durable before it is told', `${node.name} gossips ${record.body.type}`)
    this.#said.add(record.id)
  }

  #answers(node: LabNode, { frame }: EffectOf<'send'>): void {
    if (frame.type !== 'answer') return
    if (frame.answer.kind === 'records') {
      for (const bytes of frame.answer.envelopes) this.#tells(node, this.#ordeal.stage.reader.read(bytes).id)
    } else if (frame.answer.kind === 'holds') this.#holds(node, frame.answer.version)
  }

  #holds(node: LabNode, id: Cid): void {
    this.#tells(node, id)
    const bytes = node.options.disk.records.get(id)
    const record = bytes === undefined ? null : this.#ordeal.stage.reader.read(bytes)
    const cid = record !== null && isVersion(record) ? record.body.bundle?.cid : undefined
    if (cid !== undefined && !node.options.disk.bundles.has(cid))
      fail('who says that it holds a version holds its bundle', node.name)
  }

  #tells(node: LabNode, id: Cid): void {
    // What a batch takes away may be told until the engine hears that the batch is on disk.
    if (!node.everStored.has(id)) fail('what is not durable is not told', `${node.name} tells of ${id}`)
  }

  #admits(node: LabNode, { conn, frame }: EffectOf<'admitSend'>): void {
    if (frame.type !== 'records' || frame.envelopes.length === 0) return
    const [other = ''] = conn.split(/[>#]/).filter((name) => name !== node.name)
    const rule = this.#ordeal.truth.outsiders.get(this.#ordeal.keyOf(other))
    if (rule !== undefined) fail(rule, `${node.name} gives records to ${other}`)
  }

  #isHonest(node: LabNode): boolean {
    return node.malice === null && this.#ordeal.isHonest(node)
  }

  #nameOf(key: Key): string {
    return this.#ordeal.stage.nameOf(key)
  }
}

export function fail(rule: string, what: string): never {
  throw new Violation(rule, what)
}

export function firstDifference(a: string, b: string): string {
  const [x, y] = [a.split('\n'), b.split('\n')]
  const at = x.findIndex((line, i) => line !== y[i])
  return `"${x[at] ?? 'nothing'}" and "${y[at] ?? 'nothing'}"`
}

/** A burst, and what a run's time lets through. */
const VERIFIED_MAX = LIMITS.intake.rateBurst + 300
