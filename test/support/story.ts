import fc from 'fast-check'
import {
  buildVersion,
  CoreError,
  enrollerOf,
  grantTo,
  isCertificate,
  isInvite,
  isRevoke,
  isVersion,
  Scene,
} from '../../node/core/index.ts'
import type { Envelope } from '../../node/core/index.ts'
import { actor, tools } from './tools.ts'

/** Random stories of a mesh in which three writers know different things: what property tests of the ledger run on. */
const POLICIES = ['web/site', 'base/users']
const PEOPLE = ['ann', 'bob', 'cat'].map(actor)
const ROOTS = ['root-1', 'root-2'].map(actor)
const RECOVERY = actor('recovery')
const TOKENS = ['token-1', 'token-2'].map(actor)
const PEERS = ['peer-1', 'peer-2', 'peer-3'].map(actor)

interface Turn {
  readonly writer: number
  readonly act: number
  readonly who: number
  readonly what: number
}

type Act = (scene: Scene, who: number, what: number, writers: readonly Scene[]) => void

const publish: Act = (scene, who, what) => {
  scene.publish(at(PEOPLE, who), at(POLICIES, what), { onFork: at(['newest', 'newest', 'hold'], what) })
}

/** A version with a parent or a seq that may be wrong: of another policy, not its own, one too high. */
const misnumber: Act = (scene, who, what) => {
  const parent = pick(scene.records.filter(isVersion), who)
  if (parent === undefined) return
  const person = at(PEOPLE, what)
  const { bundle, uses, meta } = parent.body
  const wish = {
    at: scene.tick(),
    policy: at(POLICIES, what),
    action: 'apply',
    selector: 'true',
    bundle,
    uses,
    meta,
  } as const
  const body = buildVersion(scene.ledger, person.key, { ...wish, parents: [parent.id] })
  scene.write({ ...body, seq: body.seq + (what % 3 === 0 ? 1 : 0) }, person)
}

const listen: Act = (scene, who, _what, writers) => {
  scene.take(...at(writers, who).records)
}

/** Takes a person's grant and enrolling away, or gives them. */
const regrant: Act = (scene, who, what) => {
  const person = at(PEOPLE, who)
  const body = scene.ledger.charters.current?.body
  if (body === undefined) return
  const has = body.grants.some((grant) => grant.key === person.key)
  const rest = body.grants.filter((grant) => grant.key !== person.key)
  const narrow = grantTo(person.key, { policies: ['web/*'], selector: 'web' })
  const grants = has && what % 3 > 0 ? rest : [...rest, what % 2 > 0 ? grantTo(person.key) : narrow]
  const enrollers = what % 4 === 0 ? [enrollerOf(person.key)] : body.enrollers
  scene.charter(ROOTS, { grants, enrollers, merge: what % 2 > 0 ? 'union' : 'base' })
}

const ACTS: readonly Act[] = [
  publish,
  publish,
  publish,
  listen,
  listen,
  (scene, who) => scene.invite(at(PEOPLE, who), at(TOKENS, who), { labels: { role: 'web' } }),
  (scene, who, what) => {
    const invite = pick(scene.records.filter(isInvite), what)
    if (invite === undefined) return
    const token = TOKENS.find((one) => one.key === invite.body.invite)
    if (token !== undefined) scene.join(at(PEERS, who), invite, token, `node-${what % 2}`)
  },
  (scene, who, what) =>
    scene.certify(at(PEOPLE, what), at(PEERS, who).key, { labels: { role: at(['web', 'db'], what) } }),
  (scene, who) => scene.certify(at(PEOPLE, who), at(PEOPLE, who).key, { name: at(PEOPLE, who).name }),
  (scene, who) => scene.leave(at(PEERS, who)),
  (scene, who, what) =>
    scene.revoke(at(ROOTS, what), { what: 'feed', target: at(PEOPLE, who).key, heads: at(['now', 'none'], what) }),
  (scene, who, what) =>
    scene.revoke(at(ROOTS, what), {
      what: at(['member', 'invite'], what),
      target: at([...PEERS, ...TOKENS], who).key,
    }),
  regrant,
  regrant,
  regrant,
  misnumber,
  (scene, who) => {
    const roots = { keys: [at(ROOTS, who).key], threshold: 1 }
    scene.charter([RECOVERY], { by: 'recovery', roots })
  },
  (scene, who, what) => {
    const revoke = pick(scene.records.filter(isRevoke), what)
    if (revoke !== undefined) scene.charter([at(ROOTS, who)], { lifts: [revoke.id], merge: 'union' })
  },
  // A copy of the key at work elsewhere: the same chain goes on from an older head.
  (scene, who, what, writers) => {
    const older = scene.fork()
    publish(older, who, what, writers)
    at(writers, what).take(...older.records.slice(-1))
  },
  (scene, _who, what) => {
    const certificate = pick(scene.records.filter(isCertificate), what)
    if (certificate !== undefined) scene.certify(at(PEOPLE, 0), certificate.body.peer, { name: `renamed-${what}` })
  },
]

const small = fc.nat({ max: 11 })
export const turns: fc.Arbitrary<readonly Turn[]> = fc.array(
  fc.record({ writer: fc.nat({ max: 2 }), act: fc.nat({ max: ACTS.length - 1 }), who: small, what: small }),
  { minLength: 5, maxLength: 60 },
)

/** Every record of the story, in the order in which it was written. */
export function play(story: readonly Turn[]): { readonly first: Scene; readonly records: readonly Envelope[] } {
  const [root] = ROOTS
  const first = Scene.open(
    tools,
    root ?? RECOVERY,
    RECOVERY,
    {
      enrollers: [enrollerOf(at(PEOPLE, 0).key)],
      grants: PEOPLE.slice(0, 2).map((person) => grantTo(person.key)),
    },
    (selector, { labels }) => selector === 'true' || labels['role'] === selector,
  )
  const writers = [first.fork(), first.fork(), first.fork()]
  const records = new Map(first.records.map((envelope) => [envelope.id, envelope]))
  for (const { writer, act, who, what } of story) {
    const scene = at(writers, writer)
    // Different writers write at different times, so that equal acts are different records.
    scene.now += writer * 7
    try {
      at(ACTS, act)(scene, who, what, writers)
    } catch (error) {
      // The builder refused: the story goes on.
      if (!(error instanceof CoreError)) throw error
    }
    for (const envelope of scene.records) records.set(envelope.id, envelope)
  }
  return { first, records: [...records.values()] }
}

function at<T>(items: readonly T[], index: number): T {
  const item = items[index % items.length]
  if (item === undefined) throw new RangeError('an empty list has no element')
  return item
}

function pick<T>(items: readonly T[], index: number): T | undefined {
  return items.length === 0 ? undefined : at(items, index)
}
