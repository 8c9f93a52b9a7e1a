import { z } from 'zod'
import {
  alarmSchema,
  healthSchema,
  logEntrySchema,
  nodeRowSchema,
  outcomeSchema,
  policyStatusSchema,
  statusSchema,
} from '../schema.ts'
import { PAGE_MAX, SORTS } from './types.ts'
import type { Group, NodeDetail, NodePage, PolicyRow, Receipt, Summary } from './types.ts'

/** Shapes of the answers for screens, held to `types.ts` by their annotations. */
const count = z.number().int().nonnegative()
const millis = z.number().int()
const counts = z.partialRecord(healthSchema, count)

const headShare = {
  policy: z.string(),
  version: z.string().nullable(),
  seq: count.nullable(),
  inForce: count,
  of: count,
  forked: z.boolean(),
}

const spreadSchema = z.object({
  policy: z.string(),
  version: z.string(),
  seq: count,
  at: millis,
  nodes: count,
  p50Ms: z.number(),
  p90Ms: z.number(),
  p99Ms: z.number(),
  buckets: z.array(z.tuple([z.number().nullable(), count])),
})

/** GET /v1/summary */
export const summarySchema: z.ZodType<Summary> = z.object({
  mesh: z.string(),
  meshName: z.string(),
  agent: z.string(),
  self: z.object({
    name: z.string(),
    id: z.string(),
    labels: z.record(z.string(), z.string()),
    state: healthSchema,
    provisional: z.boolean(),
    observe: z.boolean(),
    stale: z.boolean(),
    hold: z.string().nullable(),
  }),
  rights: z.object({ words: z.array(z.string()), verbs: z.array(z.string()), enrols: z.boolean() }).nullable(),
  nodes: count,
  counted: count,
  converged: count,
  byState: counts,
  peers: count,
  records: count,
  charter: z.object({ n: count, epoch: count }),
  heads: z.array(z.object(headShare)),
  agents: z.array(z.tuple([z.string(), count])),
  alarms: z.array(alarmSchema),
  labels: z.array(z.string()),
  spread: z.array(spreadSchema),
  traffic: z.object({ stepMs: count, in: z.array(z.number()), out: z.array(z.number()) }),
  at: millis,
  oldestMs: z.number().nullable(),
})

/** POST /v1/groups {by: [one or two labels]} */
export const groupsAskedSchema = z.object({ by: z.array(z.string().min(1).max(253)).min(1).max(2) })
export const groupsSchema: z.ZodType<{ readonly groups: readonly Group[] }> = z.object({
  groups: z.array(z.object({ values: z.array(z.string()), counts, nodes: count })),
})

/** POST /v1/page */
export const pageAskedSchema = z.object({
  sort: z.enum(SORTS).default('state'),
  descending: z.boolean().default(false),
  filter: z.string().max(2000).default(''),
  problemsOnly: z.boolean().default(false),
  offset: count.default(0),
  limit: z.number().int().min(1).max(PAGE_MAX).default(50),
})
export const pageSchema: z.ZodType<NodePage> = z.object({
  rows: z.array(nodeRowSchema),
  offset: count,
  total: count,
  all: count,
  at: millis,
  error: z.object({ message: z.string(), offset: z.number().int().optional(), hint: z.string().optional() }).optional(),
})

const waveSchema = z.object({
  label: z.string(),
  nodes: count,
  done: count,
  failed: count,
  pending: count,
  absent: count,
  state: z.enum(['done', 'open', 'soaking', 'waiting', 'halted', 'empty']),
  opensInMs: count.nullable(),
})

/** GET /v1/policies */
export const policiesSchema: z.ZodType<{ readonly policies: readonly PolicyRow[] }> = z.object({
  policies: z.array(
    z.object({
      ...headShare,
      heads: z.array(z.object({ id: z.string(), seq: count.nullable(), author: z.string() })),
      author: z.string(),
      by: z.string(),
      message: z.string(),
      publishedAt: millis.nullable(),
      retired: z.boolean(),
      selector: z.string(),
      here: z.boolean(),
      state: healthSchema,
      code: z.string().nullable(),
      reason: z.string(),
      failed: count,
      rollout: z
        .object({
          waves: z.array(waveSchema),
          mine: count.nullable(),
          soakMs: count,
          maxFailures: count,
          failed: count,
          failures: z.array(z.string()),
          halted: z.boolean(),
        })
        .optional(),
    }),
  ),
})

/** GET /v1/nodes/:id, by peer id; 404 E_NOT_FOUND if it is no member (any more). */
export const nodeDetailSchema: z.ZodType<NodeDetail> = z.object({
  row: nodeRowSchema,
  at: millis,
  records: z.array(logEntrySchema),
})

const loggedSchema = z.object({
  at: millis,
  kind: z.string(),
  level: z.enum(['debug', 'info', 'warn', 'error']),
  message: z.string(),
})

/** GET /v1/history?max=N: events of level info and above since the daemon started, oldest first, the newest `max`. */
export const historySchema = z.object({ events: z.array(loggedSchema) })

/** GET /v1/nodes/:id/receipt: asked of that node over the mesh, or of this one. */
export const receiptSchema: z.ZodType<Receipt> = z.object({
  at: millis,
  agent: z.string(),
  health: healthSchema,
  observe: z.boolean(),
  hold: z.object({ reason: z.string(), until: millis.nullable() }).nullable(),
  policies: z.array(policyStatusSchema),
  peers: statusSchema.shape.peers,
  runs: z.array(
    z.object({
      at: millis,
      why: z.string(),
      ms: z.number(),
      handsOff: z.string().nullable(),
      converged: z.boolean(),
      outcomes: z.array(outcomeSchema),
      kept: count,
    }),
  ),
  log: z.array(loggedSchema),
  cut: z.array(z.string()),
})
