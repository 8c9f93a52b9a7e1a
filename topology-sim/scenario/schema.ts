import { z } from 'zod'
import { rolloutShape } from '../../policies/index.ts'
import type { Value } from '../../policies/index.ts'
import { bitrate, duration, rate, share, size, span, spread, timeOfDay } from './units.ts'

/** What a scenario file may say, part by part, beside its events and expectations. `chorus sim schema` prints it. */

/** Nodes at most: the event queue and the tables of the model address them by 32 bits, and memory ends long before. */
export const NODES_MAX = 10_000_000

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$/, 'a name of letters, digits, - . _ and /')
const value: z.ZodType<Value> = z.json()
export const condition = z
  .union([z.string().min(1).max(4096), z.boolean()])
  .transform(String)
  .meta({ wanted: 'a condition, as in labels.role == \'web\', or "true" for all' })

const laptops = z
  .strictObject({
    on: span.optional().describe('mean time that it is on; exponential'),
    off: span.optional().describe('mean time that it is off; exponential'),
    from: timeOfDay.optional().describe('when people open it'),
    to: timeOfDay.optional().describe('when people close it'),
    spread: duration.default(3_600_000).describe('how far `from` and `to` differ between people, one deviation'),
  })
  .refine(({ on, off, from, to }) => {
    const random = on !== undefined && off !== undefined
    const daily = from !== undefined && to !== undefined
    return random !== daily && (random || (on === undefined && off === undefined))
  }, 'either on and off (at random), or from and to (by the clock) is needed')

export const groupSchema = z.strictObject({
  count: z.int().min(1).max(NODES_MAX).describe('how many nodes'),
  region: name.optional().describe('a region of this file; needed if there are several'),
  labels: z.record(z.string(), z.string()).default({}).describe('certified labels'),
  facts: z.record(z.string(), value).default({}).describe('what a node says of itself: {os: {version: "12"}}'),
  mix: z
    .record(z.string(), z.record(z.string(), share))
    .default({})
    .describe('labels or facts that differ: {facts.os.version: {"11": 30%, "12": 70%}}'),
  presence: z.enum(['always', 'intermittent']).optional().describe('intermittent: away, not down, when it is silent'),
  laptops: laptops.optional().describe('when its nodes are on'),
  nat: z.boolean().default(false).describe('it cannot be dialled, only dial'),
  bandwidth: bitrate.optional().describe('what a node of it can send, and receive; else what its region says'),
  disk: duration.optional().describe('how long an fsync takes'),
})
export type Group = z.output<typeof groupSchema>

export const regionSchema = z.strictObject({
  latency: spread.prefault('1ms').describe('one way, within the region (or a zone of it)'),
  match: condition
    .optional()
    .describe('nodes of an exported fleet that are in it; the first region that matches counts'),
  zones: z.int().min(1).max(64).default(1).describe('zones that its nodes are spread over'),
  betweenZones: spread.optional().describe('one way, between its zones'),
  bandwidth: bitrate.optional().describe('what a node can send, and receive'),
})
export type Region = z.output<typeof regionSchema>

export const linksSchema = z.strictObject({
  between: spread.prefault('50ms').describe('one way, between regions that `matrix` does not name'),
  matrix: z
    .record(z.string(), z.record(z.string(), spread))
    .default({})
    .describe('one way, by region and region: {eu: {us: 45ms}}; the same back unless that is named too'),
  jitter: share.default(0.05).describe("deviation of each message's latency, beside a spread of its own"),
  loss: share.default(0).describe('share of messages that lose a packet; TCP sends it again'),
})
export type LinksPart = z.output<typeof linksSchema>

export const overlaySchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('random').describe('every node dials others at random, as daemons do'),
    dials: z.int().min(1).max(12).default(6),
  }),
  z.strictObject({
    kind: z.literal('regular').describe('every node has as many neighbours'),
    degree: z.int().min(1).max(32),
  }),
  z.strictObject({
    kind: z.literal('small-world').describe('a ring of near neighbours with some shortcuts (Watts and Strogatz)'),
    near: z.int().min(1).max(12).default(4),
    rewire: share.default(0.1),
  }),
  z.strictObject({ kind: z.literal('star').describe('all know one') }),
  z.strictObject({ kind: z.literal('full').describe('all know all; for small fleets') }),
  z.strictObject({
    kind: z.literal('edges').describe('exactly these connections, nodes by number'),
    edges: z
      .array(z.tuple([z.int().min(0), z.int().min(0)]))
      .min(1)
      .max(1_000_000),
  }),
])
export type Overlay = z.output<typeof overlaySchema>

const workSchema = z.strictObject({
  takes: spread.prefault('50ms').describe('how long it works on a host'),
  fails: share.default(0).describe('share of hosts on which it fails'),
  failsOn: condition.optional().describe('hosts on which it fails: a condition'),
  drifts: rate.default(0).describe('how often it is changed behind our back'),
})
export type ResourceWork = z.output<typeof workSchema>

export const policySchema = z
  .strictObject({
    folder: z.string().min(1).optional().describe('a policy folder, relative to this file'),
    set: z.record(z.string(), z.string()).default({}).describe('variables, as with --set'),
    select: condition.optional().describe('instead of a folder: which nodes it is for'),
    resources: z
      .record(z.string(), workSchema)
      .default({})
      .describe('how resources behave on a host, by key; "*" is for the others'),
    size: size.optional().describe('of the bundle, if another one than its folder makes'),
    onFork: z.enum(['newest', 'hold']).optional(),
    rollout: rolloutShape.optional().describe('with select: in which waves it reaches the nodes, as in a policy'),
  })
  .refine(
    ({ folder, rollout }) => folder === undefined || rollout === undefined,
    'rollout stands in the policy of the folder',
  )
  .refine(
    ({ folder, select }) => (folder === undefined) !== (select === undefined),
    'either folder or select is needed',
  )
export type PolicyPart = z.output<typeof policySchema>

export const publisherSchema = z.strictObject({
  region: name.optional().describe('where it hands in what it publishes'),
  policies: z.array(z.string().min(1)).min(1).default(['*']).describe('what it may publish'),
  nodes: condition.prefault('true').describe('for which nodes; labels only'),
})
export type PublisherPart = z.output<typeof publisherSchema>

export const headSchema = z.strictObject({
  scenario: z.string().min(1).max(120).describe('one line: what happens'),
  about: z.string().default('').describe('more about it'),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(1)
    .describe('everything random comes from it'),
  run: span.default(120_000).describe('virtual time at most; it ends earlier when everything has settled'),
  starts: timeOfDay.default(9 * 3_600_000).describe('time of day at the beginning, for laptops'),
  beacons: z
    .enum(['auto', 'on', 'off'])
    .default('auto')
    .describe('whether nodes tell each other how they are; auto: in fleets of up to 256, as everybody hears everybody'),
  sync: span
    .optional()
    .describe(
      'how often a node compares what it has with a neighbour; the daemon does every 30 s, long runs are quicker with more',
    ),
  network: z
    .enum(['model', 'exact'])
    .default('model')
    .describe('exact: the real GossipSub class, to some thousand nodes'),
})
export type Head = z.output<typeof headSchema>
