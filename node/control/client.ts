import type { z } from 'zod'
import { bytesOf, parse, readAll, send } from './http.ts'
import type { Call } from './http.ts'
import { decodeFrames, encodeFrames } from './frames.ts'
import type { Framed } from './frames.ts'
import type { Group, LoggedEvent, NodeDetail, NodePage, NodeQuery, PolicyRow, Receipt, Summary } from './fleet/types.ts'
import { CONTROL_LIMITS } from './limits.ts'
import { readEvents } from './event-lines.ts'
import type {
  blocksStoredSchema,
  certifiedSchema,
  CharterView,
  ControlEvent,
  convergedSchema,
  doneSchema,
  FeedView,
  importedSchema,
  invitedSchema,
  inviteSchema,
  logSchema,
  NodePoliciesView,
  nodesSchema,
  PlanView,
  Published,
  publishSchema,
  RecordView,
  Status,
  submittedSchema,
} from './schema.ts'

/** A block or a record, with its CID as text. */
export interface Block {
  readonly cid: string
  readonly bytes: Uint8Array
}

export interface ClientOptions {
  /** The state folder whose daemon is meant. */
  readonly stateDir: string
  /** Ends every call. */
  readonly signal?: AbortSignal
}

type PublishInput = z.input<typeof publishSchema>

/**
 * The command's end of the control API. Plain node:http, so that `chorus status` starts fast: the daemon checks its
 * answers against the schema, this end their version and their form.
 *
 * Every method rejects with ControlError: E_NO_DAEMON, E_SOCKET_DENIED, E_API_VERSION, E_TIMEOUT, E_ANSWER, or the code
 * with which the daemon refused.
 */
export class ControlClient {
  readonly stateDir: string
  readonly #signal: AbortSignal | undefined

  constructor({ stateDir, signal }: ClientOptions) {
    this.stateDir = stateDir
    this.#signal = signal
  }

  status(): Promise<Status> {
    return this.#json({ method: 'GET', path: '/v1/status' })
  }

  nodes(): Promise<z.infer<typeof nodesSchema>> {
    return this.#json({ method: 'GET', path: '/v1/nodes' })
  }

  summary(): Promise<Summary> {
    return this.#json({ method: 'GET', path: '/v1/summary' })
  }

  /** Counts by the values of one or two labels. */
  groups(by: readonly string[]): Promise<{ readonly groups: readonly Group[] }> {
    return this.#json({ method: 'POST', path: '/v1/groups', body: { by } })
  }

  /** Nodes in an order, filtered; a broken filter comes back as `error` with its place. */
  page(query: Partial<NodeQuery>): Promise<NodePage> {
    return this.#json({ method: 'POST', path: '/v1/page', body: query })
  }

  policies(): Promise<{ readonly policies: readonly PolicyRow[] }> {
    return this.#json({ method: 'GET', path: '/v1/policies' })
  }

  /** @param id peer id. Rejects with E_NOT_FOUND. */
  node(id: string): Promise<NodeDetail> {
    return this.#json({ method: 'GET', path: `/v1/nodes/${encodeURIComponent(id)}` })
  }

  /** What a node tells of itself, asked over the mesh. Rejects with E_NOT_FOUND, E_UNREACHABLE, E_UNOBSERVED, E_BUSY, E_TIMEOUT. */
  receipt(id: string): Promise<Receipt> {
    return this.#json({ method: 'GET', path: `/v1/nodes/${encodeURIComponent(id)}/receipt` })
  }

  /** Events since the daemon started, of level info and above, oldest first, the newest `max`. */
  history(max: number): Promise<{ readonly events: readonly LoggedEvent[] }> {
    return this.#json({ method: 'GET', path: `/v1/history?max=${max}` })
  }

  /** Every policy as it concerns one node. @param key 64 hex digits. Rejects with E_NOT_FOUND. */
  nodePolicies(key: string): Promise<NodePoliciesView> {
    return this.#json({ method: 'GET', path: `/v1/nodes/${encodeURIComponent(key)}/policies` })
  }

  /** Feed entries of one policy, or of everything, newest first; `max` at most. */
  log(policy?: string, max?: number): Promise<z.infer<typeof logSchema>> {
    const query = new URLSearchParams()
    if (policy !== undefined) query.set('policy', policy)
    if (max !== undefined) query.set('max', String(max))
    return this.#json({ method: 'GET', path: `/v1/log?${query.toString()}` })
  }

  charter(): Promise<CharterView> {
    return this.#json({ method: 'GET', path: '/v1/charter' })
  }

  /** @param key 64 hex digits */
  feed(key: string): Promise<FeedView> {
    return this.#json({ method: 'GET', path: `/v1/feeds/${encodeURIComponent(key)}` })
  }

  /** @param id a record's CID or a unique prefix of it. Rejects with E_NOT_FOUND, E_AMBIGUOUS. */
  record(id: string): Promise<RecordView> {
    return this.#json({ method: 'GET', path: `/v1/records/${encodeURIComponent(id)}` })
  }

  /** Hands in a record signed elsewhere; resolves when it is durable. */
  submit(envelope: Uint8Array): Promise<z.infer<typeof submittedSchema>> {
    return this.#json({
      method: 'POST',
      path: '/v1/records',
      body: { envelope: Buffer.from(envelope).toString('base64') },
    })
  }

  /**
   * Publishes with the node's own key. Resolves when another peer holds the bundle (unless `local`), else rejects with
   * E_NOT_HELD after `timeoutMs` (60 s): the version is durable then and goes on spreading.
   */
  publish(request: PublishInput): Promise<Published> {
    const timeoutMs = (request.timeoutMs ?? CONTROL_LIMITS.heldMs) + CONTROL_LIMITS.answerMs
    return this.#json({ method: 'POST', path: '/v1/publish', body: request, timeoutMs })
  }

  /** Waits until at least one other peer holds a bundle, as publish does; for versions signed with a key file. */
  held(bundle: string, timeoutMs: number = CONTROL_LIMITS.heldMs): Promise<{ readonly heldBy: number }> {
    const path = `/v1/bundles/${encodeURIComponent(bundle)}/held?timeoutMs=${timeoutMs}`
    return this.#json({ method: 'GET', path, timeoutMs: timeoutMs + CONTROL_LIMITS.answerMs })
  }

  invite(request: z.input<typeof inviteSchema>): Promise<z.infer<typeof invitedSchema>> {
    return this.#json({ method: 'POST', path: '/v1/invites', body: request })
  }

  certify(request: {
    peer: string
    name: string
    labels: Record<string, string>
  }): Promise<z.infer<typeof certifiedSchema>> {
    return this.#json({ method: 'POST', path: '/v1/certify', body: request })
  }

  /** What would change on this host for a bundle handed in before, or for what is in force (both null). */
  plan(request: { bundle: { cid: string; size: number } | null; policy: string | null }): Promise<PlanView> {
    return this.#json({ method: 'POST', path: '/v1/plan', body: request, timeoutMs: CONTROL_LIMITS.runMs })
  }

  /** Checks and applies now; resolves when that run has ended. */
  converge(): Promise<z.infer<typeof convergedSchema>> {
    return this.#json({ method: 'POST', path: '/v1/converge', body: {}, timeoutMs: CONTROL_LIMITS.runMs })
  }

  /** @param until ms since 1970, or null: until unhold */
  hold(reason: string, until: number | null): Promise<z.infer<typeof doneSchema>> {
    return this.#json({ method: 'POST', path: '/v1/hold', body: { reason, until } })
  }

  unhold(): Promise<z.infer<typeof doneSchema>> {
    return this.#json({ method: 'POST', path: '/v1/unhold', body: {} })
  }

  leave(): Promise<z.infer<typeof doneSchema>> {
    return this.#json({ method: 'POST', path: '/v1/leave', body: {} })
  }

  /** Hands in a bundle, its root first. Resolves when it is whole and durable. Rejects with E_CID_MISMATCH, E_BUNDLE, E_QUOTA, E_NO_SPACE. */
  putBlocks(blocks: AsyncIterable<Block> | Iterable<Block>): Promise<z.infer<typeof blocksStoredSchema>> {
    return this.#json({ method: 'POST', path: '/v1/blocks', stream: encodeFrames(framed(blocks)), timeoutMs: 0 })
  }

  /** The blocks of a bundle that is held whole, root first. Rejects with E_NOT_FOUND. */
  bundle(cid: string): AsyncGenerator<Block> {
    return this.#frames(`/v1/bundles/${encodeURIComponent(cid)}`)
  }

  /** Every record of the ledger, in an order in which importing them admits all. */
  records(): AsyncGenerator<Block> {
    return this.#frames('/v1/records')
  }

  importRecords(records: AsyncIterable<Block> | Iterable<Block>): Promise<z.infer<typeof importedSchema>> {
    return this.#json({
      method: 'POST',
      path: '/v1/records/import',
      stream: encodeFrames(framed(records)),
      timeoutMs: 0,
    })
  }

  /** What happens from now on, until the signal or `return()`. A slow reader misses events and is told how many. */
  async *events(signal: AbortSignal | undefined = this.#signal): AsyncGenerator<ControlEvent> {
    const answer = await send(this.stateDir, { method: 'GET', path: '/v1/events', signal })
    try {
      yield* readEvents(bytesOf(answer))
    } finally {
      answer.destroy()
    }
  }

  /** Prometheus' text format. */
  async metrics(): Promise<string> {
    const answer = await send(this.stateDir, { method: 'GET', path: '/metrics', signal: this.#signal })
    return await readAll(answer, CONTROL_LIMITS.answerBytes)
  }

  async #json<T>(call: Call): Promise<T> {
    const answer = await send(this.stateDir, { ...call, signal: this.#signal })
    // The daemon checked it against the schema of this API version, which the header named.
    return parse(await readAll(answer, CONTROL_LIMITS.answerBytes)) as T
  }

  async *#frames(path: string): AsyncGenerator<Block> {
    const { CID } = await import('multiformats/cid')
    const answer = await send(this.stateDir, { method: 'GET', path, signal: this.#signal })
    try {
      for await (const { id, bytes } of decodeFrames(bytesOf(answer))) yield { cid: CID.decode(id).toString(), bytes }
    } finally {
      answer.destroy()
    }
  }
}

async function* framed(blocks: AsyncIterable<Block> | Iterable<Block>): AsyncGenerator<Framed> {
  const { CID } = await import('multiformats/cid')
  for await (const { cid, bytes } of blocks) yield { id: CID.parse(cid).bytes, bytes }
}
