import { RECORD_LIMITS as MAX } from './limits.ts'
import { NAME } from './names.ts'
import {
  blobLink,
  bool,
  bytes,
  int,
  key,
  link,
  list,
  literal,
  matching,
  nullable,
  object,
  plain,
  record,
  text,
  unique,
  wrong,
} from './shape.ts'
import type { ObjectShape, Shape } from './shape.ts'
import type {
  Beacon,
  Body,
  Certificate,
  Charter,
  Enroller,
  Family,
  Grant,
  Invite,
  KeySet,
  Leave,
  Past,
  Provisional,
  Revoke,
  UnknownFeed,
  UnknownLive,
  UnknownSet,
  Version,
} from './types.ts'

/** Every type that this build knows, as a table: adding a type is one shape and one line in `SHAPES`. */

const name = matching(NAME, 'a name (letters, digits, dot, dash, underscore)', MAX.name)
const policyName = matching(
  /^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/,
  'a policy name such as web/site',
  MAX.name,
)
const policyPattern = matching(/^[A-Za-z0-9*][A-Za-z0-9._*/-]*$/, 'a policy pattern such as web/*', MAX.name)
const word = text(MAX.word)
const words = list(word, MAX.list)
const millis = int()
const labels = record(text(MAX.word), MAX.labels, MAX.name)
const links = unique(link, MAX.parents)
const heads = unique(link, MAX.heads)

const crit: Shape<readonly string[]> = unique(text(MAX.word, 1), MAX.list)
const header = { v: literal(1), crit }
const feed = {
  ...header,
  mesh: link,
  key,
  feedSeq: int(1),
  feedPrev: links,
  charter: object({ n: int(1), cid: link }),
  at: millis,
}

const anyKeySet = object({ keys: unique(key, MAX.keySet, 1), threshold: int(1, MAX.keySet) })
const keySet: Shape<KeySet> = {
  read: (v) => reachable(anyKeySet.read(v)),
  write: (v) => anyKeySet.write(reachable(v)),
}
function reachable(set: KeySet): KeySet {
  if (set.threshold > set.keys.length) throw wrong('a threshold is above the number of its keys')
  return set
}

const enroller: Shape<Enroller> = object({
  key,
  labels: record(unique(text(MAX.word), MAX.labelValues), MAX.labels, MAX.name),
})
const grant: Shape<Grant> = object(
  {
    key,
    name: word,
    policies: list(policyPattern, MAX.list),
    verbs: unique(literal('publish', 'retire', 'rollout', 'secret', 'exec', 'observe'), MAX.list),
    selector: text(MAX.selector, 1),
    maxBlob: int(0, MAX.bundleBytes),
    rate: int(),
  },
  { types: words, paths: words, expires: millis },
)
const pastOf = {
  root: object({ key, was: literal('root'), heads }),
  enroller: object({ key, was: literal('enroller'), line: enroller, heads }),
  grant: object({ key, was: literal('grant'), line: grant, heads }),
}
const was = object({ was: literal('root', 'enroller', 'grant') })
const past: Shape<Past> = {
  read: (v) => pastOf[was.read(v).was].read(v),
  write(v) {
    if (v.was === 'root') return pastOf.root.write(v)
    return v.was === 'enroller' ? pastOf.enroller.write(v) : pastOf.grant.write(v)
  },
}

const charter: ObjectShape<Charter> = object(
  {
    ...header,
    type: literal('charter'),
    mesh: nullable(link),
    key: nullable(key),
    n: int(1),
    epoch: int(),
    by: literal('roots', 'recovery'),
    prev: links,
    name: text(MAX.name, 1),
    roots: keySet,
    recovery: keySet,
    enrollers: list(enroller, MAX.enrollers),
    grants: list(grant, MAX.grants),
    past: list(past, MAX.past),
    lifts: unique(link, MAX.lifts),
    minVersion: word,
    limits: record(int(), MAX.list, MAX.word),
    issuedAt: millis,
    refreshBy: millis,
  },
  { nonce: bytes(16) },
)

const version: ObjectShape<Version> = object({
  ...feed,
  type: literal('feed/version'),
  policy: policyName,
  seq: int(1),
  parents: links,
  action: literal('apply', 'retire'),
  selector: text(MAX.selector, 1),
  after: list(policyName, MAX.list),
  rollout: plain,
  onFork: literal('newest', 'hold'),
  bundle: nullable(object({ cid: blobLink, size: int(0, MAX.bundleBytes) })),
  uses: words,
  requires: object({ chorus: word }),
  meta: object({ by: word, message: text(MAX.text), repo: text(MAX.text), commit: word, dirty: bool }),
})

const revoke: ObjectShape<Revoke> = object({
  ...feed,
  type: literal('feed/revoke'),
  what: literal('feed', 'member', 'invite'),
  target: key,
  heads,
  keep: unique(link, MAX.keep),
})

const invite: ObjectShape<Invite> = object(
  { ...feed, type: literal('feed/invite'), invite: key, labels, expires: millis, uses: int(1, MAX.inviteUses) },
  { name },
)

const certificate: ObjectShape<Certificate> = object(
  { ...feed, type: literal('feed/certificate'), peer: key, name, serial: int(), labels, ageRecipient: word },
  { replaces: link, notAfter: millis },
)

const provisional: ObjectShape<Provisional> = object({
  ...header,
  type: literal('set/provisional'),
  mesh: link,
  key,
  invite: key,
  inviteId: link,
  name,
  labels,
  serial: literal(0),
  ageRecipient: word,
  at: millis,
})

const leave: ObjectShape<Leave> = object({
  ...header,
  type: literal('set/leave'),
  mesh: link,
  key,
  serial: int(),
  at: millis,
})

const health = literal('ok', 'behind', 'drift', 'failed', 'held', 'waiting', 'stale', 'unknown')
const beacon: ObjectShape<Beacon> = object(
  {
    ...header,
    type: literal('live/beacon'),
    mesh: link,
    key,
    at: millis,
    instance: word,
    seq: int(),
    agent: word,
    charters: links,
    policies: record(
      object({ version: link, state: health }, { code: word, since: millis, want: link }),
      MAX.beaconPolicies,
      MAX.name,
    ),
    health,
    presence: literal('always', 'intermittent'),
    addrs: list(text(MAX.text), MAX.list),
    facts: record(plain, MAX.list, MAX.word),
  },
  { lost: list(object({ key, at: millis }), MAX.list) },
)

const typeText = matching(/^(feed|set|live)\/[a-z0-9][a-z0-9-]*$/, 'a type such as feed/version', 64)

function unknown<T>(shape: ObjectShape<T>): ObjectShape<T & { readonly unknown: true }> {
  return { fields: shape.fields, read: (v) => ({ ...shape.read(v), unknown: true }), write: (v) => shape.write(v) }
}

// The family prefix was read from the very text that `typeText` checks, so the template literal types hold.
const feedType = typeText as Shape<`feed/${string}`>
const setType = typeText as Shape<`set/${string}`>
const liveType = typeText as Shape<`live/${string}`>
const unknownFeed: ObjectShape<UnknownFeed> = unknown(object({ ...feed, type: feedType }))
const unknownSet: ObjectShape<UnknownSet> = unknown(object({ ...header, type: setType, mesh: link, key }))
const unknownLive: ObjectShape<UnknownLive> = unknown(
  object({ ...header, type: liveType, mesh: link, key, at: millis }),
)

const SHAPES: ReadonlyMap<string, ObjectShape<Body>> = new Map<string, ObjectShape<Body>>([
  ['charter', charter],
  ['feed/version', version],
  ['feed/revoke', revoke],
  ['feed/invite', invite],
  ['feed/certificate', certificate],
  ['set/provisional', provisional],
  ['set/leave', leave],
  ['live/beacon', beacon],
])
const UNKNOWN: Readonly<Record<Exclude<Family, 'charter'>, ObjectShape<Body>>> = {
  feed: unknownFeed,
  set: unknownSet,
  live: unknownLive,
}

/** @throws CoreError E_MALFORMED for a text that names no family */
export function familyOf(type: string): Family {
  if (type === 'charter') return 'charter'
  typeText.read(type)
  if (type.startsWith('feed/')) return 'feed'
  return type.startsWith('set/') ? 'set' : 'live'
}

/** The shape of a type, or of its family for a type that this build does not know. */
export function shapeOf(type: string): ObjectShape<Body> {
  const known = SHAPES.get(type)
  if (known !== undefined) return known
  const family = familyOf(type)
  if (family === 'charter') return charter
  return UNKNOWN[family]
}

/** Names in `crit` that this build does not understand: such a record is kept, and not acted on. */
export function notUnderstood(body: Body): readonly string[] {
  if (body.crit.length === 0) return body.crit
  const { fields } = shapeOf(body.type)
  return body.crit.filter((field) => !fields.has(field))
}
