import { describe, expect, it } from 'vitest'
import { actor, tools } from '../../../test/support/tools.ts'
import type { Grant } from '../records/types.ts'
import { enrollerOf, grantTo, Scene } from '../testing/actors.ts'

const [root, recovery, ann, bob] = [actor('root'), actor('recovery'), actor('ann'), actor('bob')]
const web = grantTo(bob.key, { policies: ['web/*'] })
const open = (grants: readonly Grant[] = [grantTo(ann.key), web]) =>
  Scene.open(tools, root, recovery, { enrollers: [enrollerOf(ann.key, { role: ['web'] })], grants })

describe('the next charter', () => {
  it('writes no past line for a role that is only widened', () => {
    const scene = open()
    const grants = [grantTo(ann.key), grantTo(bob.key, { policies: ['web/*', 'db/*'] })]
    const enrollers = [enrollerOf(ann.key, { role: ['*'], env: ['dev'] })]
    expect(scene.charter([root], { grants, enrollers }).body.past).toEqual([])
  })

  it.each<[string, Partial<Grant>]>([
    ['fewer policies', { policies: ['web/site'] }],
    ['fewer verbs', { policies: ['web/*'], verbs: ['publish'] }],
    ['another selector', { policies: ['web/*'], selector: 'web' }],
    ['paths', { policies: ['web/*'], paths: ['/etc/*'] }],
    ['an end', { policies: ['web/*'], expires: 1 }],
    ['a smaller maxBlob', { policies: ['web/*'], maxBlob: 1 }],
  ])('writes the former line with the heads of now for a grant with %s', (_what, but) => {
    const scene = open()
    const last = scene.publish(bob, 'web/site')
    const charter = scene.charter([root], { grants: [grantTo(ann.key), grantTo(bob.key, but)] })
    expect(charter.body.past).toEqual([{ key: bob.key, was: 'grant', line: web, heads: [last.id] }])
  })

  it('takes other heads for a key that is not trusted up to now', () => {
    const scene = open()
    const honest = scene.publish(bob, 'web/site')
    const stolen = scene.publish(bob, 'web/site')
    scene.charter([root], { grants: [grantTo(ann.key)], heads: new Map([[bob.key, [honest.id]]]) })
    expect(scene.ledger.has(stolen.id)).toBe(false)
    expect(scene.winner('web/site')).toBe(honest.id)
  })

  it('that joins rivals keeps removed what the base removed, and keeps what either gave', () => {
    const cat = actor('cat')
    const scene = open()
    const rival = scene.fork()
    const base = scene.charter([root], { grants: [grantTo(ann.key)] })
    scene.take(rival.charter([root], { grants: [grantTo(ann.key), web, grantTo(cat.key)] }))
    const { body } = scene.charter([root], { base: base.id, merge: 'union' })
    expect(body.grants.map((grant) => grant.key)).toEqual([ann.key, cat.key])
    expect(body.past.map((line) => line.key)).toEqual([bob.key])
    expect(scene.ledger.charters.inForce).toHaveLength(1)
  })

  it('that joins rivals keeps other lines of a key that the base narrowed, and what the rival gave again', () => {
    const dan = actor('dan')
    const scene = open([grantTo(ann.key), web, grantTo(dan.key)])
    const [site, db] = [grantTo(bob.key, { policies: ['web/site'] }), grantTo(bob.key, { policies: ['db/*'] })]
    scene.charter([root], { grants: [grantTo(ann.key), web] })
    const rival = scene.fork()
    const base = scene.charter([root], { grants: [grantTo(ann.key), site] })
    scene.take(rival.charter([root], { grants: [grantTo(ann.key), web, db, grantTo(dan.key)] }))
    const { body } = scene.charter([root], { base: base.id, merge: 'union' })
    expect(body.grants).toEqual([grantTo(ann.key), site, db, grantTo(dan.key)])
    expect(scene.publish(bob, 'db/main').id).toBe(scene.winner('db/main'))
  })

  it('that joins rivals on one side names each role that ends, also of a key with another past line', () => {
    const scene = open()
    const db = grantTo(bob.key, { policies: ['db/*'] })
    const rival = scene.fork()
    const base = scene.charter([root], { grants: [grantTo(ann.key)] })
    scene.take(rival.charter([root], { grants: [grantTo(ann.key), web, db] }))
    const { body } = scene.charter([root], { base: base.id, merge: 'base' })
    expect(body.past.map((line) => (line.was === 'grant' ? [line.line.policies, line.heads] : []))).toEqual([
      [['web/*'], []],
      [['db/*'], []],
    ])
  })

  it('needs a base that is here', () => {
    expect(() => open().charter([root], { base: 'bafyunknown' })).toThrow(/sync with a member/)
  })
})
