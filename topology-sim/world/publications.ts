import type { AppliedPolicy, Cid, Effect, Envelope, Reply, Version } from '../../node/core/index.ts'
import { isVersion } from '../../node/core/index.ts'
import type { Publication } from './measure.ts'
import type { WorldState } from './state.ts'

/** One publication as it is being measured. */
export interface Tracked extends Publication {
  version: Cid | null
  seq: number | null
  publishedMs: number | null
  reply: Publication['reply']
  bytes: number
  copies: number
  hops: Uint8Array
  selected: number
  readonly arrivals: Map<number, number>
  readonly selector: string
  readonly bundle: Cid | null
  /** Its author had a grant for it, by what the roots had said until then. */
  readonly authorised: boolean
  record: Envelope<Version> | null
}

export interface NewPublication {
  readonly policy: string
  readonly action: Publication['action']
  readonly author: number
  readonly bundle: Cid | null
  readonly authorised: boolean
  readonly selector: string
  readonly selects: Uint8Array
}

/** What is published, and when it came where. */
export class Publications {
  readonly list: Tracked[] = []
  readonly #state: WorldState
  readonly #byVersion = new Map<Cid, Tracked>()
  readonly #byRef = new Map<number, Tracked>()
  readonly #byBundle = new Map<Cid, Tracked[]>()
  /** References of commands and of records that are handed in; 0 is gossip's. */
  #refs = 1

  constructor(state: WorldState) {
    this.#state = state
  }

  begin(made: NewPublication): { readonly publication: Tracked; readonly ref: number } {
    const { size, nowMs } = this.#state
    const times = (): Float64Array => new Float64Array(size).fill(Number.NaN)
    const publication: Tracked = {
      ...made,
      index: this.list.length,
      startedMs: nowMs,
      version: null,
      seq: null,
      publishedMs: null,
      reply: null,
      record: null,
      selected: made.selects.reduce((sum, one) => sum + one, 0),
      arrivals: new Map(),
      knownMs: times(),
      durableMs: times(),
      heldMs: times(),
      appliedMs: times(),
      failed: new Uint8Array(size),
      counts: { known: 0, durable: 0, held: 0, applied: 0, failed: 0 },
      hops: NO_HOPS,
      copies: 0,
      bytes: 0,
    }
    this.list.push(publication)
    const ref = this.#refs++
    this.#byRef.set(ref, publication)
    if (made.bundle !== null) this.#byBundle.set(made.bundle, [...(this.#byBundle.get(made.bundle) ?? []), publication])
    return { publication, ref }
  }

  /** A newcomer gets everything that was published before, and should apply the newest of each policy. */
  joined(node: number, isSelected: (selector: string) => boolean): void {
    const newest = new Map(this.list.map((publication) => [publication.policy, publication]))
    for (const publication of this.list) {
      publication.arrivals.set(node, this.#state.nowMs)
      if (newest.get(publication.policy) !== publication || !isSelected(publication.selector)) continue
      publication.selects[node] = 1
      publication.selected++
    }
  }

  nextRef(): number {
    return this.#refs++
  }

  /** The author's own record, before anyone else can know it. */
  written(publication: Tracked, record: Envelope<Version>): void {
    publication.version = record.id
    publication.seq = record.body.seq
    publication.record = record
    publication.bytes = record.bytes.length
    this.#byVersion.set(record.id, publication)
    if (publication.authorised) this.#state.watch.allow(record.id)
  }

  known(node: number, records: readonly Envelope[]): void {
    for (const record of records) {
      const publication = this.#byVersion.get(record.id) ?? this.#recognise(node, record)
      if (publication === undefined || !Number.isNaN(publication.knownMs[node])) continue
      publication.knownMs[node] = this.#state.nowMs
      publication.counts.known++
    }
  }

  /** What a node's engine has just signed for one of our commands. */
  #recognise(node: number, record: Envelope): Tracked | undefined {
    if (!isVersion(record) || record.body.key !== this.#state.genesis.keys[node]) return undefined
    const { policy, action, bundle } = record.body
    const publication = this.list.find(
      (one) =>
        one.version === null &&
        one.author === node &&
        one.policy === policy &&
        one.action === action &&
        one.bundle === (bundle?.cid ?? null),
    )
    if (publication !== undefined) this.written(publication, record)
    return publication
  }

  durable(node: number, records: readonly Envelope[]): void {
    for (const { id } of records) {
      const publication = this.#byVersion.get(id)
      if (publication === undefined || !Number.isNaN(publication.durableMs[node])) continue
      publication.durableMs[node] = this.#state.nowMs
      publication.counts.durable++
    }
  }

  held(node: number, bundle: Cid): void {
    for (const publication of this.#byBundle.get(bundle) ?? []) {
      if (!Number.isNaN(publication.heldMs[node])) continue
      publication.heldMs[node] = this.#state.nowMs
      publication.counts.held++
    }
  }

  gossiped(node: number, bytes: Uint8Array): void {
    if (this.list.length === 0) return
    const record = this.#state.reader.read(bytes)
    const publication = this.#byVersion.get(record.id)
    if (publication === undefined || publication.author !== node) return
    publication.publishedMs ??= this.#state.nowMs
  }

  applied(node: number, results: readonly AppliedPolicy[], removed: readonly string[]): void {
    for (const { version, state } of results) {
      const publication = this.#byVersion.get(version)
      if (publication === undefined) continue
      publication.failed[node] = Number(state === 'failed')
      if (state === 'failed') publication.counts.failed++
      else if (state === 'ok') this.#inForce(node, publication)
    }
    for (const policy of removed) {
      for (const publication of this.list)
        if (publication.policy === policy && publication.action === 'retire') this.#inForce(node, publication)
    }
  }

  #inForce(node: number, publication: Tracked): void {
    if (!Number.isNaN(publication.appliedMs[node])) return
    publication.appliedMs[node] = this.#state.nowMs
    publication.counts.applied++
  }

  /** On a record that was handed in. */
  judged(node: number, { ref, result, code }: Extract<Effect, { type: 'verdict' }>): void {
    const publication = this.#byRef.get(ref)
    if (publication === undefined || publication.reply !== null) return
    if (result === 'accept') this.#state.watch.handedIn(node, publication)
    else publication.reply = { ok: false, code, atMs: this.#state.nowMs }
  }

  replied(_node: number, ref: number, reply: Reply): void {
    const publication = this.#byRef.get(ref)
    if (publication === undefined) return
    publication.reply = { ok: reply.ok, code: reply.ok ? null : reply.code, atMs: this.#state.nowMs }
  }

  /** Brings hops and copies up to date: the network counts them. */
  refresh(): readonly Tracked[] {
    for (const publication of this.list) {
      const figures = publication.record === null ? undefined : this.#state.network.figures(publication.record.bytes)
      if (figures === undefined) continue
      publication.hops = figures.hops
      publication.copies = figures.copies
    }
    return this.list
  }
}

const NO_HOPS = new Uint8Array(0)
