import { describe, expect, it } from 'vitest'
import { actor, tools } from '../../../test/support/tools.ts'
import { seal } from '../records/codec.ts'
import type { Actor } from '../testing/actors.ts'
import { grantTo, Scene } from '../testing/actors.ts'
import { buildVersion } from './build-entries.ts'
import { emptyLedger } from './ledger.ts'

const [root, recovery, ann, bob, stranger] = [
  actor('root'),
  actor('recovery'),
  actor('ann'),
  actor('bob'),
  actor('eve'),
]

const open = (...publishers: readonly Actor[]) =>
  Scene.open(tools, root, recovery, { grants: publishers.map((one) => grantTo(one.key)) })

function remove(scene: Scene, key: string) {
  const grants = scene.ledger.charters.current?.body.grants ?? []
  return scene.charter([root], { grants: grants.filter((grant) => grant.key !== key) })
}

describe('an open feed', () => {
  it('takes entries oldest first, and a later one waits with what is missing', () => {
    const scene = open(ann)
    const empty = scene.fork()
    const [one, two] = [scene.publish(ann, 'web/site'), scene.publish(ann, 'web/site')]
    expect(empty.take(two)).toMatchObject([{ state: 'gap', code: 'E_FEED_GAP', missing: [one.id] }])
    expect(empty.ledger.has(two.id)).toBe(false)
    expect(empty.take(two, one)).toMatchObject([{ state: 'admitted' }, { state: 'admitted' }])
    expect(empty.take(one)).toMatchObject([{ state: 'known' }])
    expect(empty.ledger.feed(ann.key)).toMatchObject({ heads: [two.id], size: 2, maxSeq: 2, closed: false })
  })

  it('refuses for good a feedSeq that is not 1 + max, and a feedPrev of another feed', () => {
    const scene = open(ann, bob)
    const other = scene.publish(bob, 'web/site')
    const body = { ...scene.fork().publish(ann, 'web/site').body }
    const wrong = [
      { ...body, feedSeq: 2 },
      { ...body, feedPrev: [other.id], feedSeq: 2 },
    ]
    for (const one of wrong) {
      const [result] = scene.ledger.add([seal(one, [ann], tools.hasher)]).results
      expect(result).toMatchObject({ state: 'refused', code: 'E_SEQ', final: true })
    }
  })

  it('of another mesh is refused: a replay does nothing', () => {
    const other = Scene.open(tools, root, recovery, { name: 'other', grants: [grantTo(ann.key)] })
    const [result] = open(ann).ledger.add([other.publish(ann, 'web/site')]).results
    expect(result).toMatchObject({ state: 'refused', code: 'E_WRONG_MESH', final: true })
  })

  it('of a key without a role is not known here', () => {
    const scene = open(ann)
    const own = Scene.open(tools, root, recovery, { grants: [grantTo(stranger.key)] })
    const body = { ...own.publish(stranger, 'web/site').body, mesh: scene.ledger.env.mesh }
    const [result] = scene.ledger.add([seal(body, [stranger], tools.hasher)]).results
    expect(result).toMatchObject({ state: 'unknownKey', code: 'E_UNKNOWN_KEY', final: false })
  })

  it('forks without harm: all heads are kept and count, and the next entry names them', () => {
    const scene = open(ann)
    scene.publish(ann, 'web/site')
    const copy = scene.fork()
    const here = scene.publish(ann, 'web/site')
    const there = copy.publish(ann, 'base/users')
    scene.take(there)
    expect(scene.ledger.feed(ann.key)?.heads).toEqual([here.id, there.id].toSorted())
    expect(scene.ledger.alarms(scene.now)).toContainEqual(
      expect.objectContaining({ kind: 'feedFork', subject: ann.key }),
    )
    expect([here.id, there.id].map((id) => scene.ledger.judge(id)?.counts)).toEqual([true, true])
    const next = scene.publish(ann, 'web/site')
    expect(next.body.feedPrev).toEqual([here.id, there.id].toSorted())
    expect(next.body.feedSeq).toBe(3)
    expect(scene.ledger.feed(ann.key)?.heads).toEqual([next.id])
  })

  it('with more than 8 heads is joined 8 at a time, lowest CIDs first', () => {
    const scene = open(ann)
    const copies = Array.from({ length: 11 }, (_, i) => scene.fork().publish(ann, `p/${i}`))
    scene.take(...copies)
    const heads = copies.map((copy) => copy.id).toSorted()
    const next = scene.publish(ann, 'web/site')
    expect(next.body.feedPrev).toEqual(heads.slice(0, 8))
    expect(scene.ledger.feed(ann.key)?.heads).toEqual([...heads.slice(8), next.id].toSorted())
    expect(scene.publish(ann, 'web/site').body.feedPrev).toHaveLength(4)
    expect(scene.ledger.feed(ann.key)?.heads).toHaveLength(1)
  })

  it('of an unknown type is stored and chained, and not acted on', () => {
    const scene = open(ann)
    const {
      policy: _p,
      seq: _s,
      parents: _ps,
      ...rest
    } = buildVersion(scene.ledger, ann.key, {
      at: 1,
      policy: 'web/site',
      action: 'apply',
      selector: 'true',
      bundle: null,
      uses: [],
      meta: { by: '', message: '', repo: '', commit: '', dirty: false },
    })
    const odd = scene.write({ ...rest, type: 'feed/brake', unknown: true }, ann)
    const next = scene.publish(ann, 'web/site')
    expect(next.body.feedPrev).toEqual([odd.id])
    expect(scene.ledger.judge(odd.id)).toMatchObject({ counts: false, code: 'E_NEWER' })
    expect(scene.ledger.judge(next.id)).toMatchObject({ counts: true })
  })
})

describe('the feed of a removed publisher', () => {
  it('stays up to the heads that the charter names; what comes later is not taken', () => {
    const scene = open(ann, bob)
    const before = scene.publish(bob, 'web/site')
    const unaware = scene.fork()
    remove(scene, bob.key)
    const late = unaware.publish(bob, 'web/site')
    expect(scene.take(late)).toMatchObject([{ state: 'unknownKey', code: 'E_UNKNOWN_KEY' }])
    expect(scene.ledger.feed(bob.key)).toMatchObject({ heads: [before.id], closed: true })
    expect(scene.ledger.judge(before.id)?.counts).toBe(true)
    expect(scene.winner('web/site')).toBe(before.id)
  })

  it('loses what was taken before the charter came', () => {
    const scene = open(ann, bob)
    scene.publish(bob, 'web/site')
    const author = scene.fork()
    const charter = remove(author, bob.key)
    const late = scene.publish(bob, 'web/site')
    const added = scene.ledger.add([charter])
    expect(added.dropped).toEqual([late.id])
    expect(added.changed).toMatchObject({ charters: true, law: true })
    expect(added.ledger.has(late.id)).toBe(false)
  })

  it('is fetched backwards: each entry as it is proven by the one above it', () => {
    const scene = open(ann, bob)
    const [one, two, three] = [1, 2, 3].map(() => scene.publish(bob, 'web/site'))
    remove(scene, bob.key)
    if (one === undefined || two === undefined || three === undefined) throw new Error('nothing published')
    const charters = scene.records.filter((envelope) => envelope.family === 'charter')
    const late = new Map([one, two, three].map((envelope) => [envelope.id, envelope]))
    let { ledger } = emptyLedger(scene.ledger.env).add(charters)
    expect(ledger.add([one]).results).toMatchObject([{ state: 'unknownKey' }])
    const asked: string[] = []
    for (let ids = ledger.wanted(); ids.length > 0; ids = ledger.wanted()) {
      asked.push(...ids)
      ledger = ledger.add(ids.flatMap((id) => late.get(id) ?? [])).ledger
    }
    expect(asked).toEqual([three.id, two.id, one.id])
    expect(ledger.digest).toEqual(scene.ledger.digest)
    expect(ledger.feed(bob.key)).toEqual(scene.ledger.feed(bob.key))
  })

  it('also gives a parent of a version that is here, though nobody names it as a head', () => {
    const scene = open(ann, bob)
    const unaware = scene.fork()
    remove(scene, bob.key)
    const late = unaware.publish(bob, 'web/site')
    const child = unaware.publish(ann, 'web/site')
    expect(child.body.parents).toEqual([late.id])
    expect(scene.take(late)).toMatchObject([{ state: 'unknownKey' }])
    expect(scene.take(child)).toMatchObject([{ state: 'admitted', missing: [late.id] }])
    expect(scene.ledger.wanted()).toEqual([late.id])
    expect(scene.winner('web/site')).toBeNull()
    expect(scene.take(late)).toMatchObject([{ state: 'admitted' }])
    expect(scene.ledger.judge(late.id)).toMatchObject({ counts: false, code: 'E_SCOPE' })
    expect(scene.winner('web/site')).toBe(child.id)
  })
})

describe('a revoked feed', () => {
  it('keeps what the revoke names and all below, and nothing that comes later', () => {
    const scene = open(bob)
    const [one, two] = [scene.publish(bob, 'web/site'), scene.publish(bob, 'web/site')]
    const three = scene.publish(bob, 'web/site')
    const before = scene.ledger
    scene.revoke(root, { what: 'feed', target: bob.key, heads: [two.id] })
    const dropped = [one, two, three].map((e) => e.id).filter((id) => before.has(id) && !scene.ledger.has(id))
    expect(dropped).toEqual([three.id])
    expect(scene.take(three)).toMatchObject([{ state: 'unknownKey', code: 'E_REVOKED' }])
    expect(scene.winner('web/site')).toBe(two.id)
    expect(scene.ledger.roleOf(bob.key)).toBeNull()
  })

  it('revoked twice must pass both', () => {
    const scene = open(bob)
    const [one, two] = [scene.publish(bob, 'web/site'), scene.publish(bob, 'web/site')]
    scene.revoke(root, { what: 'feed', target: bob.key, heads: [two.id] })
    scene.revoke(root, { what: 'feed', target: bob.key, heads: [one.id] })
    expect(scene.ledger.judge(one.id)?.counts).toBe(true)
    expect(scene.ledger.judge(two.id)).toMatchObject({ counts: false, code: 'E_REVOKED' })
    expect(scene.winner('web/site')).toBe(one.id)
  })

  it('without heads has nothing left that counts', () => {
    const scene = open(bob)
    const one = scene.publish(bob, 'web/site')
    scene.revoke(root, { what: 'feed', target: bob.key })
    expect(scene.ledger.has(one.id)).toBe(false)
    expect(scene.winner('web/site')).toBeNull()
  })

  it('is open again when a charter lifts the revocation, and stays so under the charters that follow', () => {
    const scene = open(bob)
    const one = scene.publish(bob, 'web/site')
    const revoke = scene.revoke(root, { what: 'feed', target: bob.key })
    scene.charter([root], { lifts: [revoke.id] })
    scene.charter([root])
    expect(scene.take(one)).toMatchObject([{ state: 'admitted' }])
    expect(scene.ledger.judge(one.id)?.counts).toBe(true)
    expect(scene.ledger.judge(revoke.id)).toMatchObject({ counts: false, code: 'E_SCOPE' })
  })

  it('cannot be that of a root or recovery key, present or former', () => {
    const spare = actor('spare')
    const scene = open(bob)
    scene.charter([recovery], { by: 'recovery', roots: { keys: [spare.key], threshold: 1 } })
    for (const target of [root, recovery, spare]) {
      expect(() => scene.revoke(spare, { what: 'feed', target: target.key })).toThrow(/root or recovery/)
    }
    const honest = scene.fork().revoke(spare, { what: 'feed', target: bob.key })
    const forged = scene.write({ ...honest.body, target: root.key }, spare)
    expect(scene.ledger.judge(forged.id)).toMatchObject({ counts: false, code: 'E_SCOPE' })
  })

  it('is revoked by any one root, and by nobody else', () => {
    const scene = Scene.open(tools, root, recovery, {
      roots: { keys: [root.key, stranger.key], threshold: 1 },
      grants: [grantTo(ann.key), grantTo(bob.key)],
    })
    const one = scene.publish(bob, 'web/site')
    const byAnn = scene.revoke(ann, { what: 'feed', target: bob.key })
    expect(scene.ledger.judge(byAnn.id)).toMatchObject({ counts: false, code: 'E_SCOPE' })
    expect(scene.ledger.judge(one.id)?.counts).toBe(true)
    scene.revoke(stranger, { what: 'feed', target: bob.key })
    expect(scene.ledger.has(one.id)).toBe(false)
  })

  it('stays revoked when the root that revoked it is replaced, up to the heads that the charter names', () => {
    const spare = actor('spare')
    const scene = open(ann, bob)
    scene.publish(bob, 'web/site')
    scene.revoke(root, { what: 'feed', target: bob.key })
    scene.charter([recovery], { by: 'recovery', roots: { keys: [spare.key], threshold: 1 } })
    expect(scene.ledger.roleOf(bob.key)).toBeNull()
    const forgetful = scene.ledger.charters.current
    expect(forgetful?.body.past).toMatchObject([{ key: root.key, was: 'root' }])
    const unaware = scene.fork()
    unaware.charter([recovery], {
      by: 'recovery',
      base: scene.ledger.env.mesh,
      roots: { keys: [spare.key], threshold: 1 },
      heads: new Map([[root.key, []]]),
    })
    // A rival recovery of the same epoch without those heads: the revocation still holds under the other charter.
    expect(unaware.ledger.charters.inForce).toHaveLength(2)
    expect(unaware.ledger.roleOf(bob.key)?.everywhere).toBe(false)
  })
})

describe('between two sides of a feed', () => {
  it('lies what the other does not have, oldest first, whatever the branches', () => {
    const scene = open(ann)
    const shared = [scene.publish(ann, 'p/a'), scene.publish(ann, 'p/a')]
    const copy = scene.fork()
    const left = [scene.publish(ann, 'p/a'), scene.publish(ann, 'p/a')]
    const right = [copy.publish(ann, 'p/b')]
    scene.take(...right)
    const last = scene.publish(ann, 'p/a')
    const ids = (have: readonly string[], max?: number) => scene.ledger.between(ann.key, have, max).map((e) => e.id)
    expect(ids([])).toHaveLength(6)
    expect(new Set(ids([shared[1]?.id ?? '']))).toEqual(new Set([...left, ...right, last].map((e) => e.id)))
    expect(ids(copy.ledger.feed(ann.key)?.heads ?? [])).toEqual([...left, last].map((e) => e.id))
    expect(ids([last.id])).toEqual([])
    expect(ids(['bafyunknown', left[1]?.id ?? ''])).toEqual([...right, last].map((e) => e.id))
    expect(ids([], 2)).toEqual(shared.map((e) => e.id))
    expect(scene.ledger.between(stranger.key, [])).toEqual([])
  })
})
