import { z } from 'zod'
import { rolloutSchema } from './rollout-schema.ts'
import { API_VERSION } from './version.ts'

/**
 * The control API: HTTP on a Unix socket (0600) in the state folder, one schema for both ends. `API_VERSION` goes up
 * when a shape changes in a way that an older client would misread; adding a field does not.
 */
const cid = z.string().min(1).max(128)
const key = z.string().regex(/^[0-9a-f]{64}$/)
const labels = z.record(z.string(), z.string())
const count = z.number().int().nonnegative()
const millis = z.number().int()

export const healthSchema = z.enum([
  'ok',
  'behind',
  'drift',
  'failed',
  'held',
  'waiting',
  'stale',
  'away',
  'down',
  'unknown',
])

/** Every refusal: HTTP 4xx or 5xx with this body. */
export const errorSchema = z.object({ code: z.string(), message: z.string(), hint: z.string().optional() })

export const outcomeSchema = z.object({
  policy: z.string(),
  key: z.string(),
  state: z.enum(['kept', 'repaired', 'changed', 'failed', 'skipped', 'waiting']),
  cause: z.enum(['wanted', 'corrective']).optional(),
  reason: z.string(),
  code: z.string().optional(),
  diff: z.string().optional(),
})

/** One policy as this node sees it. */
export const policyStatusSchema = z.object({
  policy: z.string(),
  /** The winner for this node, or null (none selects it, retired, or an open fork with onFork: hold). */
  winner: cid.nullable(),
  seq: count.nullable(),
  heads: z.array(cid),
  /** The version that this host runs. */
  inForce: cid.nullable(),
  state: healthSchema,
  code: z.string().nullable(),
  reason: z.string(),
  outcomes: z.array(outcomeSchema),
})

export const alarmSchema = z.object({ code: z.string(), message: z.string(), subject: z.string() })

/** GET /v1/status */
export const statusSchema = z.object({
  api: z.literal(API_VERSION),
  agent: z.string(),
  mesh: cid,
  meshName: z.string(),
  node: z.object({ name: z.string(), id: z.string(), key, labels, provisional: z.boolean(), instance: z.string() }),
  health: healthSchema,
  stale: z.boolean(),
  observe: z.boolean(),
  hold: z.object({ reason: z.string(), until: millis.nullable() }).nullable(),
  charter: z.object({ n: count, epoch: count, tips: z.array(cid) }),
  peers: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      key,
      addr: z.string(),
      rttMs: z.number().nullable(),
      gossip: z.boolean(),
    }),
  ),
  ledger: z.object({ digest: z.string(), records: count, pending: count, held: count }),
  fleet: z.object({ nodes: count, converged: count, byState: z.record(z.string(), count) }),
  policies: z.array(policyStatusSchema),
  alarms: z.array(alarmSchema),
  startedAt: millis,
  addrs: z.array(z.string()),
})

/** GET /v1/nodes */
export const nodeRowSchema = z.object({
  name: z.string(),
  id: z.string(),
  key,
  labels,
  state: healthSchema,
  /** Milliseconds since its last beacon, by this node's clock; null if never heard. */
  ageMs: z.number().nullable(),
  agent: z.string().nullable(),
  presence: z.enum(['always', 'intermittent']),
  provisional: z.boolean(),
  /** For whom to encrypt what it is to read (age1...), from its certificate; absent if that names none. */
  ageRecipient: z.string().optional(),
  self: z.boolean(),
  addrs: z.array(z.string()),
  facts: z.record(z.string(), z.unknown()),
  policies: z.record(z.string(), z.object({ version: cid, state: healthSchema, code: z.string().optional() })),
})
export const nodesSchema = z.object({ api: z.literal(API_VERSION), nodes: z.array(nodeRowSchema) })

/** GET /v1/nodes/:key/policies: every policy as it concerns one node, for `why` and for plans. */
export const nodePolicySchema = z.object({
  policy: z.string(),
  /** What wins on that node by certified labels and grants; null if nothing does, and `notInForce` says why. */
  version: cid.nullable(),
  seq: count.nullable(),
  action: z.enum(['apply', 'retire']).nullable(),
  /** Of the winner, else of the newest head. */
  selector: z.string().nullable(),
  bundle: z.object({ cid, size: count }).nullable(),
  author: z.object({ key, name: z.string() }).nullable(),
  heads: z.array(cid),
  /** Rival heads with `onFork: hold`. */
  forkHeld: z.boolean(),
  /** What it must understand and this build does not. */
  needsNewer: z.array(z.string()),
  notInForce: z.string().nullable(),
  /** Its bundle is held whole by the daemon that was asked. */
  held: z.boolean(),
  /** What the node said of it, or is doing with it. */
  inForce: cid.nullable(),
  state: healthSchema,
  code: z.string().nullable(),
  reason: z.string(),
  outcomes: z.array(outcomeSchema),
})
export const nodePoliciesSchema = z.object({
  api: z.literal(API_VERSION),
  node: nodeRowSchema,
  /** The human's hold on the node that was asked; null for others, which do not tell. */
  hold: z.string().nullable(),
  policies: z.array(nodePolicySchema),
})

/** GET /v1/log?policy=NAME (all feed entries without it), newest first. */
export const logEntrySchema = z.object({
  id: cid,
  type: z.string(),
  policy: z.string().nullable(),
  seq: count.nullable(),
  parents: z.array(cid),
  action: z.string().nullable(),
  author: z.object({ key, name: z.string() }),
  at: millis,
  by: z.string(),
  message: z.string(),
  bundle: z.object({ cid, size: count }).nullable(),
  selector: z.string().nullable(),
  counts: z.boolean(),
  /** Why it is void, in force on which terms, or a fork's loser. */
  code: z.string().nullable(),
  reason: z.string(),
  winner: z.boolean(),
  head: z.boolean(),
})
export const logSchema = z.object({ api: z.literal(API_VERSION), entries: z.array(logEntrySchema) })

/** GET /v1/charter: what a command that signs with a root key starts from. Envelopes are base64. */
export const charterSchema = z.object({
  api: z.literal(API_VERSION),
  mesh: cid,
  tips: z.array(z.object({ id: cid, envelope: z.string() })),
  charters: z.array(z.object({ id: cid, envelope: z.string() })),
  /** Feed heads of every key with a role, for `past` lines. */
  heads: z.record(z.string(), z.array(cid)),
  warnings: z.array(alarmSchema),
})

/** GET /v1/feeds/:key : what an entry signed elsewhere (an operator's or CI's key file) must name. */
export const feedSchema = z.object({
  api: z.literal(API_VERSION),
  key,
  heads: z.array(cid),
  nextSeq: count,
  charter: z.object({ n: count, cid }),
})

/** POST /v1/records {envelope}: hands in a record signed elsewhere; answers when it is durable. */
export const submitSchema = z.object({ envelope: z.string() })
export const submittedSchema = z.object({
  id: cid,
  counts: z.boolean(),
  code: z.string().nullable(),
  reason: z.string(),
})

/** POST /v1/blocks: body is a run of frames (4-byte big-endian length of CID bytes, CID bytes, 4-byte length, block). */
export const blocksStoredSchema = z.object({ stored: count, bytes: count })

/**
 * GET /v1/records: every record of the ledger as frames (the form of /v1/blocks: id, then envelope), in an order in which adding them admits
 * all. POST /v1/records/import takes the same body back, each record checked as if a peer had sent it, and answers with counts.
 */
export const importedSchema = z.object({
  admitted: count,
  known: count,
  refused: z.array(z.object({ id: z.string(), code: z.string(), reason: z.string() })),
})

/** GET /v1/bundles/:cid: the blocks of a bundle that is held whole, as frames, root first; 404 E_NOT_FOUND if it is not. */

/** POST /v1/publish */
export const publishSchema = z.object({
  policy: z.string(),
  action: z.enum(['apply', 'retire']),
  selector: z.string(),
  after: z.array(z.string()).default([]),
  onFork: z.enum(['newest', 'hold']).default('newest'),
  /** The waves in which it reaches its nodes; null: all at once. */
  rollout: rolloutSchema.nullable().default(null),
  bundle: z.object({ cid, size: count }).nullable(),
  uses: z.array(z.string()).default([]),
  meta: z.object({ by: z.string(), message: z.string(), repo: z.string(), commit: z.string(), dirty: z.boolean() }),
  local: z.boolean().default(false),
  /** How long to wait for another peer to hold the bundle; then E_NOT_HELD, although the version is durable here. */
  timeoutMs: z.number().int().positive().max(3_600_000).optional(),
})

/** GET /v1/bundles/:cid/held?timeoutMs=N: waits for another peer to hold the bundle, or E_NOT_HELD. */
export const heldSchema = z.object({ heldBy: count })
export const publishedSchema = z.object({
  id: cid,
  policy: z.string(),
  seq: count,
  parents: z.array(cid),
  counts: z.boolean(),
  code: z.string().nullable(),
  reason: z.string(),
  /** Peers that said they hold the bundle before this answer. */
  heldBy: count,
})

/** POST /v1/invites */
export const inviteSchema = z.object({
  name: z.string().optional(),
  labels: labels.default({}),
  expiresMs: z.number().int().positive().default(86_400_000),
  uses: z.number().int().positive().max(10_000).default(1),
})
export const invitedSchema = z.object({ token: z.string(), id: cid, expires: millis })

/** POST /v1/certify: relabel or rename a node (enroller). */
export const certifySchema = z.object({ peer: key, name: z.string(), labels })
export const certifiedSchema = z.object({ id: cid, counts: z.boolean(), code: z.string().nullable() })

/** POST /v1/plan {bundle?}: what would change on this host, for a bundle already handed in, or for what is in force. */
export const planRequestSchema = z.object({
  bundle: z.object({ cid, size: count }).nullable(),
  policy: z.string().nullable(),
})
export const planSchema = z.object({
  api: z.literal(API_VERSION),
  selected: z.boolean(),
  why: z.string(),
  outcomes: z.array(outcomeSchema),
  matches: z.array(z.object({ name: z.string(), id: z.string() })),
  errors: z.array(errorSchema),
  /** What a reader of `matches` must know. */
  note: z.string().optional(),
})

/** POST /v1/converge, /v1/leave, /v1/hold {reason, untilMs}, /v1/unhold */
export const holdSchema = z.object({ reason: z.string().min(1), until: millis.nullable() })
export const doneSchema = z.object({ ok: z.literal(true), note: z.string() })
export const convergedSchema = z.object({
  api: z.literal(API_VERSION),
  converged: z.boolean(),
  outcomes: z.array(outcomeSchema),
})

/** GET /v1/records/:id (a unique prefix will do) */
export const recordSchema = z.object({
  api: z.literal(API_VERSION),
  id: cid,
  type: z.string(),
  body: z.record(z.string(), z.unknown()),
  signers: z.array(key),
  counts: z.boolean(),
  code: z.string().nullable(),
  reason: z.string(),
  envelope: z.string(),
})

/** GET /v1/events: JSON Lines, one event a line, `: ` comment lines as heartbeats every 15 s. */
export const eventSchema = z.object({
  at: millis,
  kind: z.string(),
  level: z.enum(['debug', 'info', 'warn', 'error']),
  message: z.string(),
  fields: z.record(z.string(), z.unknown()),
})

export type Status = z.infer<typeof statusSchema>
export type PolicyStatus = z.infer<typeof policyStatusSchema>
export type NodeRow = z.infer<typeof nodeRowSchema>
export type NodePolicyView = z.infer<typeof nodePolicySchema>
export type NodePoliciesView = z.infer<typeof nodePoliciesSchema>
export type LogEntry = z.infer<typeof logEntrySchema>
export type CharterView = z.infer<typeof charterSchema>
export type FeedView = z.infer<typeof feedSchema>
export type PublishRequest = z.infer<typeof publishSchema>
export type Published = z.infer<typeof publishedSchema>
export type PlanView = z.infer<typeof planSchema>
export type RecordView = z.infer<typeof recordSchema>
export type ControlEvent = z.infer<typeof eventSchema>
export type ControlErrorBody = z.infer<typeof errorSchema>
