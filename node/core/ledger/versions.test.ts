import { describe, expect, it } from 'vitest'
import { actor, tools } from '../../../test/support/tools.ts'
import type { Envelope, Grant, Version } from '../records/types.ts'
import { grantTo, Scene } from '../testing/actors.ts'
import type { Actor } from '../testing/actors.ts'

const [root, recovery, ann, bob] = [actor('root'), actor('recovery'), actor('ann'), actor('bob')]

/** Selectors here are `true` or the value of the label role. */
const selects = (selector: string, { labels }: { labels: Readonly<Record<string, string>> }) =>
  selector === 'true' || labels['role'] === selector

const open = (...grants: readonly Grant[]) =>
  Scene.open(
    tools,
    root,
    recovery,
    { grants: grants.length > 0 ? grants : [ann, bob].map((one) => grantTo(one.key)) },
    selects,
  )

const codeOf = (scene: Scene, version: Envelope<Version>) => scene.ledger.judge(version.id)?.code

/** Two writers who do not hear each other. */
function split(scene: Scene, but: Parameters<Scene['publish']>[2] = {}): [Envelope<Version>, Envelope<Version>] {
  const other = scene.fork()
  const mine = scene.publish(ann, 'web/site', but)
  const theirs = other.publish(bob, 'web/site')
  scene.take(theirs)
  return [mine, theirs]
}

describe('a version counts', () => {
  it.each<[string, Partial<Grant>, Parameters<Scene['publish']>[2], string | null]>([
    ['within its grant', {}, {}, null],
    ['under a pattern of its folder', { policies: ['web/*'] }, {}, null],
    ['not for a policy outside the patterns', { policies: ['db/*', 'web'] }, {}, 'E_SCOPE'],
    ['not without the verb publish', { verbs: ['retire', 'observe'] }, {}, 'E_VERB'],
    [
      'not as a retirement without the verb retire',
      { verbs: ['publish'] },
      { action: 'retire', bundle: null },
      'E_VERB',
    ],
    ['as a retirement with the verb retire', { verbs: ['retire'] }, { action: 'retire', bundle: null }, null],
    ['not with exec without the verb exec', { verbs: ['publish'] }, { uses: ['exec', 'file'] }, 'E_VERB'],
    ['not with a bundle above maxBlob', { maxBlob: 999 }, {}, 'E_SCOPE'],
    ['before its grant expires, by its own word', { expires: 1_735_689_700_000 }, {}, null],
    ['not after its grant has expired', { expires: 1_735_689_600_000 }, {}, 'E_SCOPE'],
  ])('%s', (_what, grant, version, code) => {
    const scene = open(grantTo(ann.key, grant))
    expect(codeOf(scene, scene.publish(ann, 'web/site', version))).toBe(code)
  })

  it('if any one of several grants covers it', () => {
    const scene = open(grantTo(ann.key, { policies: ['db/*'] }), grantTo(ann.key, { policies: ['web/*'] }))
    expect(codeOf(scene, scene.publish(ann, 'web/site'))).toBeNull()
    expect(codeOf(scene, scene.publish(ann, 'base/users'))).toBe('E_SCOPE')
  })

  it('void is kept, valid as a parent, shown by the log, and never wins', () => {
    const scene = open(grantTo(ann.key), grantTo(bob.key, { policies: ['db/*'] }))
    const good = scene.publish(ann, 'web/site')
    const void_ = scene.publish(bob, 'web/site')
    expect(scene.winner('web/site')).toBe(good.id)
    expect(scene.ledger.log('web/site').map((line) => [line.version.id, line.judgement.code])).toEqual([
      [void_.id, 'E_SCOPE'],
      [good.id, null],
    ])
    const child = scene.publish(ann, 'web/site', { parents: [void_.id] })
    expect(child.body.seq).toBe(3)
    expect(scene.winner('web/site')).toBe(child.id)
  })

  it('not with a seq other than 1 + max(parents), nor does anything that descends from it', () => {
    const scene = open()
    const good = scene.publish(ann, 'web/site')
    const next = scene.publish(ann, 'web/site')
    const wrong = scene.write({ ...next.body, feedSeq: 3, feedPrev: [next.id], parents: [next.id], seq: 9 }, ann)
    const child = scene.publish(bob, 'web/site', { parents: [wrong.id] })
    const grandchild = scene.publish(ann, 'web/site', { parents: [child.id] })
    for (const one of [wrong, child, grandchild]) expect(codeOf(scene, one)).toBe('E_SEQ')
    expect(scene.winner('web/site')).toBe(next.id)
    expect(codeOf(scene, good)).toBeNull()
    expect(scene.publish(ann, 'web/site').body.parents).toEqual([next.id])
  })

  it('not with a parent of another policy', () => {
    const scene = open()
    const other = scene.publish(ann, 'base/users')
    expect(codeOf(scene, scene.publish(ann, 'web/site', { parents: [other.id] }))).toBe('E_SEQ')
  })

  it('not yet known as wrong counts, and is void with its descendants when the parent comes', () => {
    const scene = open()
    const apart = scene.fork()
    const parent = apart.publish(bob, 'web/site')
    const child = scene.publish(ann, 'web/site', { parents: [parent.id] })
    const grandchild = scene.publish(ann, 'web/site', { parents: [child.id] })
    expect([child, grandchild].map((one) => [codeOf(scene, one), one.body.seq])).toEqual([
      [null, 1],
      [null, 2],
    ])
    expect(scene.ledger.policy('web/site')?.missing).toEqual([parent.id])
    const { changed } = scene.ledger.add([parent])
    expect(changed.policies).toEqual(['web/site'])
    scene.take(parent)
    expect([child, grandchild].map((one) => codeOf(scene, one))).toEqual(['E_SEQ', 'E_SEQ'])
    expect(scene.winner('web/site')).toBe(parent.id)
  })
})

describe('the winner', () => {
  it('is the newest of a line', () => {
    const scene = open()
    scene.publish(ann, 'web/site')
    const two = scene.publish(bob, 'web/site')
    expect(scene.winner('web/site')).toBe(two.id)
    expect(scene.ledger.winnerFor('web/site', { labels: {}, name: 'n' })).toMatchObject({
      held: false,
      types: null,
      paths: null,
    })
    expect(scene.winner('db/main')).toBeNull()
  })

  it('of a fork is the highest seq, then the lowest CID; the loser is shown', () => {
    const scene = open()
    const [one, two] = split(scene)
    const [lowest, other] = one.id < two.id ? [one, two] : [two, one]
    expect(scene.winner('web/site')).toBe(lowest.id)
    expect(scene.ledger.log('web/site').map((line) => line.forked)).toEqual([true, true])
    expect(scene.ledger.alarms(0)).toContainEqual(expect.objectContaining({ kind: 'conflict', subject: 'web/site' }))
    const longer = scene.publish(bob, 'web/site', { parents: [other.id] })
    expect(scene.winner('web/site')).toBe(longer.id)
    const merge = scene.publish(ann, 'web/site')
    expect(merge.body.parents).toEqual([lowest.id, longer.id].toSorted())
    expect(scene.winner('web/site')).toBe(merge.id)
  })

  it('of a fork in which one says hold is none, until someone merges', () => {
    const scene = open()
    const [one, two] = split(scene, { onFork: 'hold' })
    const winner = scene.ledger.winnerFor('web/site', { labels: {}, name: 'n' })
    expect(winner).toMatchObject({ version: null, held: true })
    expect(new Set(winner.heads.map((head) => head.id))).toEqual(new Set([one.id, two.id]))
    const merge = scene.publish(bob, 'web/site')
    expect(scene.winner('web/site')).toBe(merge.id)
  })

  it('must have all its parents here', () => {
    const scene = open()
    const one = scene.publish(ann, 'web/site')
    const apart = scene.fork()
    const unseen = apart.publish(bob, 'web/site')
    const child = apart.publish(ann, 'web/site', { parents: [unseen.id] })
    expect(scene.take(child)).toMatchObject([{ state: 'admitted', missing: [unseen.id] }])
    expect(scene.winner('web/site')).toBe(one.id)
    scene.take(unseen)
    expect(scene.winner('web/site')).toBe(child.id)
  })

  it('is by an author whose grant selects this node; elsewhere the version before stays', () => {
    const scene = open(grantTo(ann.key), grantTo(bob.key, { selector: 'web' }))
    const one = scene.publish(ann, 'web/site')
    const two = scene.publish(bob, 'web/site')
    expect(scene.winner('web/site', { role: 'web' })).toBe(two.id)
    expect(scene.winner('web/site', { role: 'db' })).toBe(one.id)
    expect(scene.winner('web/site')).toBe(one.id)
  })

  it('is not an older version that a void one hides from a descendant', () => {
    const scene = open(grantTo(ann.key), grantTo(bob.key, { policies: ['db/*'] }))
    const one = scene.publish(ann, 'web/site')
    const between = scene.publish(bob, 'web/site', { parents: [one.id] })
    const three = scene.publish(ann, 'web/site', { parents: [between.id] })
    expect(scene.ledger.winnerFor('web/site', { labels: {}, name: 'n' }).heads.map((head) => head.id)).toEqual([
      three.id,
    ])
  })

  it('is confined by the grant of its author: the widest of several lines', () => {
    const narrow = grantTo(ann.key, { types: ['file'], paths: ['/etc/*'] })
    const scene = open(narrow)
    scene.publish(ann, 'web/site')
    const node = { labels: {}, name: 'n' }
    expect(scene.ledger.winnerFor('web/site', node)).toMatchObject({ types: ['file'], paths: ['/etc/*'] })
    scene.charter([root], { grants: [narrow, grantTo(ann.key)] })
    expect(scene.ledger.winnerFor('web/site', node)).toMatchObject({ types: null, paths: null })
  })

  it('with a crit that this build does not understand wins, and says what is missing', () => {
    const scene = open()
    scene.publish(ann, 'web/site')
    const two = scene.publish(ann, 'web/site', { crit: ['canary'] })
    const winner = scene.ledger.winnerFor('web/site', { labels: {}, name: 'n' })
    expect(winner.version?.id).toBe(two.id)
    expect(winner.needsNewer).toEqual(['canary'])
  })
})

describe('a charter judges everything anew', () => {
  const narrowed = (scene: Scene, author: Actor, grant: Partial<Grant>) =>
    scene.charter([root], { grants: [grantTo(ann.key), grantTo(author.key, grant)] })

  it('what a narrowed grant allowed before stays valid; what comes later does not', () => {
    const scene = open()
    const before = scene.publish(bob, 'web/site')
    narrowed(scene, bob, { policies: ['db/*'] })
    expect(codeOf(scene, before)).toBeNull()
    expect(codeOf(scene, scene.publish(bob, 'web/site'))).toBe('E_SCOPE')
    expect(scene.winner('web/site')).toBe(before.id)
  })

  it('an entry that its author did not show before it was narrowed is void', () => {
    const scene = open()
    const apart = scene.fork()
    const hidden = apart.publish(bob, 'web/site')
    narrowed(scene, bob, { policies: ['db/*'] })
    scene.take(hidden)
    expect(codeOf(scene, hidden)).toBe('E_SCOPE')
  })

  it('a void version counts when a charter grants it', () => {
    const scene = open(grantTo(ann.key), grantTo(bob.key, { policies: ['db/*'] }))
    const early = scene.publish(bob, 'web/site')
    expect(scene.winner('web/site')).toBeNull()
    scene.charter([root], { grants: [grantTo(ann.key), grantTo(bob.key)] })
    expect(scene.winner('web/site')).toBe(early.id)
  })

  it('under rival charters counts what counts under each', () => {
    const scene = open()
    const rival = scene.fork()
    narrowed(scene, bob, { policies: ['db/*'] })
    scene.take(rival.charter([root], { name: 'rival' }))
    const byBob = scene.publish(bob, 'web/site')
    const byAnn = scene.publish(ann, 'web/site')
    expect(codeOf(scene, byBob)).toBe('E_SCOPE')
    expect(codeOf(scene, byAnn)).toBeNull()
    expect(scene.winner('web/site')).toBe(byAnn.id)
    scene.charter([root], { merge: 'union' })
    expect(codeOf(scene, byBob)).toBeNull()
  })

  it('merged to one side, nothing counts that only the rival allowed', () => {
    const scene = open(grantTo(ann.key))
    const thief = scene.fork()
    const mine = scene.charter([root], { name: 'mine' })
    thief.charter([root], { grants: [grantTo(ann.key), grantTo(bob.key)] })
    const evil = thief.publish(bob, 'web/site')
    scene.take(...thief.records)
    expect(codeOf(scene, evil)).toBe('E_SCOPE')
    const merged = scene.charter([root], { base: mine.id, merge: 'base' })
    expect(merged.body.past).toMatchObject([{ key: bob.key, was: 'grant', heads: [] }])
    expect(scene.ledger.has(evil.id)).toBe(false)
    expect(scene.ledger.alarms(0).map((alarm) => alarm.kind)).toEqual(['weakRoots', 'weakRecovery'])
  })
})
