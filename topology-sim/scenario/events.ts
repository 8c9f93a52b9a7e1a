import { z } from 'zod'
import { condition } from './schema.ts'
import { duration, offset, share, span } from './units.ts'

const name = z.string().min(1)
const nodes = condition.describe('which nodes: a condition over labels, facts, node.name and region')
/** Of the nodes that a condition chooses. */
const some = {
  share: share.optional().describe('a share of them, at random'),
  count: z.int().min(1).optional().describe('so many of them, at random'),
}
const until = { for: duration.optional().describe('it ends by itself after this time') }
const by = name.optional().describe('the publisher; needed if there are several')

export const BEHAVIOURS = [
  'drop',
  'delay',
  'replay',
  'flood',
  'equivocate',
  'forge',
  'junk-signatures',
  'lie-about-blobs',
  'eclipse',
] as const
export type Behaviour = (typeof BEHAVIOURS)[number]

/**
 * Everything that can happen: an event is a map with `at`, exactly one of these, and what belongs to it. The value of the
 * first key is what it happens to.
 */
export const EVENTS = {
  publish: { help: 'a policy is published', value: name, more: { by, message: z.string().optional() } },
  retire: { help: 'a policy is withdrawn', value: name, more: { by } },
  partition: {
    help: 'the network falls apart: into the named sides, each a list of regions or groups (the rest is one more), or by a share at random',
    value: z.union([share, z.array(z.array(name).min(1)).min(1).max(16)]),
    more: until,
  },
  heal: { help: 'all partitions end', value: z.literal('all'), more: {} },
  crash: {
    help: 'nodes stop at once',
    value: nodes,
    more: {
      ...some,
      ...until,
      over: duration.default(0).describe('they come back spread over this time'),
      disk: z.enum(['keep', 'lose']).default('keep'),
    },
  },
  restart: {
    help: 'crashed nodes come back',
    value: nodes,
    more: { ...some, over: duration.default(0), disk: z.enum(['keep', 'lose']).default('keep') },
  },
  join: {
    help: 'nodes that are not there from the start join: a group',
    value: name,
    more: { over: duration.default(0) },
  },
  leave: { help: 'nodes leave the mesh for good', value: nodes, more: some },
  'slow-disk': { help: 'an fsync takes longer', value: nodes, more: { ...some, ...until, takes: span } },
  'skew-clock': { help: 'clocks jump', value: nodes, more: { ...some, ...until, by: offset } },
  'corrupt-disk': {
    help: 'the store is damaged: the node stops, and comes back 5 s later with its key and nothing else',
    value: nodes,
    more: some,
  },
  malicious: {
    help: 'members of the mesh turn against it',
    value: nodes,
    more: { ...some, ...until, do: z.enum(BEHAVIOURS), delay: duration.optional().describe('for delay') },
  },
  'steal-key': {
    help: "a thief has a publisher's key and publishes a policy with it",
    value: name.describe('the publisher'),
    more: {
      publishes: name.describe('a policy of this file'),
      from: nodes.optional().describe('the node that the thief sits on'),
    },
  },
  revoke: { help: "the root takes a publisher's key back", value: name, more: {} },
  'rotate-charter': { help: 'a new charter with a new root', value: z.literal('root'), more: {} },
  'restore-publisher': {
    help: "a publisher's machine is restored from a backup",
    value: name,
    more: {
      from: duration.describe('the time of the backup'),
      publishes: name.describe('what it publishes then, knowing nothing of what came after the backup'),
    },
  },
  clone: {
    help: 'a machine is copied: another one works with its key and its name',
    value: nodes,
    more: { ...some, ...until },
  },
} as const

export type EventKind = keyof typeof EVENTS
export const EVENT_KINDS = Object.keys(EVENTS) as readonly EventKind[] // of a literal object: its keys are these

type Shape<K extends EventKind> = z.output<
  z.ZodObject<{ [P in K]: (typeof EVENTS)[K]['value'] } & (typeof EVENTS)[K]['more'] & { at: typeof duration }>
>
/** One event: what, when (milliseconds), the rest of what was written, and its line in the file. */
export type ScenarioEvent = {
  [K in EventKind]: {
    readonly kind: K
    readonly atMs: number
    readonly line: number
    readonly what: z.output<(typeof EVENTS)[K]['value']>
    readonly more: Omit<Shape<K>, K | 'at'>
  }
}[EventKind]

/** The schema of one kind of event, as it is written. */
export function eventSchema(kind: EventKind): z.ZodObject {
  const { value, more } = EVENTS[kind]
  return z.strictObject({ at: duration.describe('when, from the start'), [kind]: value, ...more })
}
