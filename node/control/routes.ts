import { z } from 'zod'
import type { Backend } from './backend.ts'
import { ControlError } from './errors.ts'
import { decodeFrames } from './frames.ts'
import {
  groupsAskedSchema,
  groupsSchema,
  historySchema,
  nodeDetailSchema,
  pageAskedSchema,
  pageSchema,
  policiesSchema,
  receiptSchema,
  summarySchema,
} from './fleet/schema.ts'
import { HISTORY_MAX } from './fleet/history.ts'
import { CONTROL_LIMITS } from './limits.ts'
import {
  blocksStoredSchema,
  certifiedSchema,
  certifySchema,
  charterSchema,
  convergedSchema,
  doneSchema,
  feedSchema,
  heldSchema,
  holdSchema,
  importedSchema,
  invitedSchema,
  inviteSchema,
  logSchema,
  nodePoliciesSchema,
  nodesSchema,
  planRequestSchema,
  planSchema,
  publishedSchema,
  publishSchema,
  recordSchema,
  statusSchema,
  submitSchema,
  submittedSchema,
} from './schema.ts'

/** A request whose parts have been checked against the route's schemas. */
export interface Asked<Params, Query, Body> {
  readonly params: Params
  readonly query: Query
  readonly body: Body
  /** The raw body of a route that takes a stream. */
  readonly stream: AsyncIterable<Uint8Array>
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal
}

export interface Route {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** Takes a stream of frames instead of JSON; only so many at once. */
  readonly takesStream: boolean
  readonly answer: (backend: Backend, raw: Asked<unknown, unknown, unknown>) => Promise<unknown>
}

interface Shapes<P, Q, B, R> {
  readonly params?: z.ZodType<P>
  readonly query?: z.ZodType<Q>
  readonly body?: z.ZodType<B>
  readonly reply: z.ZodType<R>
}

/** Parses what came, answers, and checks what goes out: neither end can drift from the schema unnoticed. */
function json<P, Q, B, R>(
  method: Route['method'],
  path: string,
  shapes: Shapes<P, Q, B, R>,
  answer: (backend: Backend, asked: Asked<P, Q, B>) => R | Promise<R>,
): Route {
  const none = z.unknown()
  return {
    method,
    path,
    takesStream: false,
    async answer(backend, raw) {
      const asked = {
        ...raw,
        // A route without a schema for a part does not read that part.
        params: (shapes.params ?? none).parse(raw.params) as P,
        query: (shapes.query ?? none).parse(raw.query) as Q,
        body: (shapes.body ?? none).parse(raw.body) as B,
      }
      return checked(path, shapes.reply, await answer(backend, asked))
    },
  }
}

/** An answer that breaks its schema is the daemon's own mistake, and never goes out. */
function checked<R>(path: string, schema: z.ZodType<R>, value: R): R {
  const found = schema.safeParse(value)
  if (found.success) return found.data
  const issue = found.error.issues[0]
  throw new ControlError(
    'E_INTERNAL',
    `The answer of ${path} breaks its schema at ${issue?.path.join('.')}: ${issue?.message}.`,
  )
}

function takingFrames<R>(
  path: string,
  reply: z.ZodType<R>,
  answer: (backend: Backend, frames: ReturnType<typeof decodeFrames>) => Promise<R>,
): Route {
  return {
    method: 'POST',
    path,
    takesStream: true,
    answer: async (backend, raw) => checked(path, reply, await answer(backend, decodeFrames(raw.stream))),
  }
}

const byId = z.object({ id: z.string().min(1).max(128) })
const byKey = z.object({ key: z.string().regex(/^[0-9a-f]{64}$/, 'a key is 64 lower-case hex digits') })
const logQuery = z.object({
  policy: z.string().min(1).max(253).optional(),
  max: z.coerce.number().int().min(1).max(100_000).default(1000),
})
const historyQuery = z.object({ max: z.coerce.number().int().min(1).max(HISTORY_MAX).default(200) })
const heldQuery = z.object({
  timeoutMs: z.coerce.number().int().min(1).max(CONTROL_LIMITS.heldMaxMs).default(CONTROL_LIMITS.heldMs),
})

/** Every route that takes JSON or frames and answers JSON. Streams that go out are in `streams.ts`. */
export const ROUTES: readonly Route[] = [
  json('GET', '/v1/status', { reply: statusSchema }, (backend) => backend.status()),
  json('GET', '/v1/nodes', { reply: nodesSchema }, (backend) => backend.nodes()),
  json('GET', '/v1/summary', { reply: summarySchema }, (backend) => backend.summary()),
  json('POST', '/v1/groups', { body: groupsAskedSchema, reply: groupsSchema }, (backend, { body }) =>
    backend.groups(body.by),
  ),
  json('POST', '/v1/page', { body: pageAskedSchema, reply: pageSchema }, (backend, { body }) => backend.page(body)),
  json('GET', '/v1/policies', { reply: policiesSchema }, (backend) => backend.policies()),
  json('GET', '/v1/nodes/:id', { params: byId, reply: nodeDetailSchema }, (backend, { params }) =>
    backend.node(params.id),
  ),
  json('GET', '/v1/nodes/:id/receipt', { params: byId, reply: receiptSchema }, (backend, { params, signal }) =>
    backend.receipt(params.id, signal),
  ),
  json('GET', '/v1/history', { query: historyQuery, reply: historySchema }, (backend, { query }) =>
    backend.history(query.max),
  ),
  json('GET', '/v1/nodes/:key/policies', { params: byKey, reply: nodePoliciesSchema }, (backend, { params }) =>
    backend.nodePolicies(params.key),
  ),
  json('GET', '/v1/log', { query: logQuery, reply: logSchema }, (backend, { query }) =>
    backend.log(query.policy, query.max),
  ),
  json('GET', '/v1/charter', { reply: charterSchema }, (backend) => backend.charter()),
  json('GET', '/v1/feeds/:key', { params: byKey, reply: feedSchema }, (backend, { params }) =>
    backend.feed(params.key),
  ),
  json('GET', '/v1/records/:id', { params: byId, reply: recordSchema }, (backend, { params }) =>
    backend.record(params.id),
  ),
  json('POST', '/v1/records', { body: submitSchema, reply: submittedSchema }, (backend, { body }) =>
    backend.submit(Buffer.from(body.envelope, 'base64')),
  ),
  json('POST', '/v1/publish', { body: publishSchema, reply: publishedSchema }, (backend, { body, signal }) =>
    backend.publish(body, signal),
  ),
  json(
    'GET',
    '/v1/bundles/:id/held',
    { params: byId, query: heldQuery, reply: heldSchema },
    (backend, { params, query, signal }) => backend.held(params.id, query.timeoutMs, signal),
  ),
  json('POST', '/v1/invites', { body: inviteSchema, reply: invitedSchema }, (backend, { body }) =>
    backend.invite(body),
  ),
  json('POST', '/v1/certify', { body: certifySchema, reply: certifiedSchema }, (backend, { body }) =>
    backend.certify(body),
  ),
  json('POST', '/v1/plan', { body: planRequestSchema, reply: planSchema }, (backend, { body, signal }) =>
    backend.plan(body, signal),
  ),
  json('POST', '/v1/converge', { reply: convergedSchema }, (backend, { signal }) => backend.converge(signal)),
  json('POST', '/v1/hold', { body: holdSchema, reply: doneSchema }, (backend, { body }) => backend.hold(body)),
  json('POST', '/v1/unhold', { reply: doneSchema }, (backend) => backend.unhold()),
  json('POST', '/v1/leave', { reply: doneSchema }, (backend) => backend.leave()),
  takingFrames('/v1/blocks', blocksStoredSchema, (backend, frames) => backend.putBlocks(frames)),
  takingFrames('/v1/records/import', importedSchema, (backend, frames) => backend.importRecords(frames)),
]
