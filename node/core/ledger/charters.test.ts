import { describe, expect, it } from 'vitest'
import { actor, tools } from '../../../test/support/tools.ts'
import { addSignatures, seal } from '../records/codec.ts'
import type { Charter, Envelope } from '../records/types.ts'
import { enrollerOf, grantTo, Scene } from '../testing/actors.ts'
import { nextCharter } from './build-charter.ts'
import { emptyLedger } from './ledger.ts'
import type { AddResult } from './types.ts'

const [root, second, third, recovery] = [actor('root'), actor('second'), actor('third'), actor('recovery')]
const [spare, ann, bob] = [actor('spare'), actor('ann'), actor('bob')]

const open = (init: Parameters<typeof Scene.open>[3] = {}) =>
  Scene.open(tools, root, recovery, { enrollers: [enrollerOf(ann.key)], grants: [grantTo(ann.key)], ...init })

/** The next charter with some fields forced, signed, and what the ledger says of it. */
function offer(
  scene: Scene,
  but: Partial<Charter>,
  signers = [root],
  by: Charter['by'] = 'roots',
): AddResult | undefined {
  const body = { ...nextCharter(scene.ledger, { issuedAt: scene.tick(), by }), ...but }
  return scene.ledger.add([seal(body, signers, tools.hasher)]).results[0]
}

describe('charter 1', () => {
  it('is the mesh: another first charter is refused', () => {
    const scene = open()
    const other = open({ name: 'other' }).records[0]
    expect(other).toBeDefined()
    if (other === undefined) return
    const [result] = scene.ledger.add([other]).results
    expect(result).toMatchObject({ state: 'refused', code: 'E_WRONG_MESH', final: true })
  })

  it('needs the threshold of its own roots', () => {
    const init = { roots: { keys: [root.key, second.key], threshold: 2 } }
    const scene = open(init)
    expect(scene.ledger.charters.inForce).toEqual([])
    const first = scene.records[0]
    if (first === undefined) throw new Error('no charter')
    scene.take(addSignatures(first, [second], tools.hasher))
    expect(scene.ledger.charters.current?.id).toBe(scene.ledger.env.mesh)
  })

  it('can come after its successors: they wait with what is missing', () => {
    const scene = open()
    const later = scene.charter([root], { name: 'renamed' })
    const empty = emptyLedger(scene.ledger.env)
    expect(empty.add([later]).results[0]).toMatchObject({ state: 'gap', missing: [scene.ledger.env.mesh] })
    const { ledger } = empty.add(scene.records.toReversed())
    expect(ledger.charters.current?.id).toBe(later.id)
  })
})

describe('a later charter', () => {
  it.each<[string, Partial<Charter>]>([
    ['an n that is not 1 + max', { n: 3 }],
    ['an epoch that rises without recovery', { epoch: 1 }],
    ['other roots without recovery', { roots: { keys: [ann.key], threshold: 1 } }],
    ['another recovery key without recovery', { recovery: { keys: [ann.key], threshold: 1 } }],
    ['a former enroller and publisher whom it does not name', { enrollers: [], grants: [], past: [] }],
  ])('is refused with %s', (_what, but) => {
    expect(offer(open(), but)).toMatchObject({ state: 'refused', code: 'E_CHARTER', final: true })
  })

  it('is refused without the threshold of the roots, and by anyone else', () => {
    const scene = open()
    expect(offer(scene, {}, [ann])).toMatchObject({ state: 'refused', code: 'E_THRESHOLD' })
    expect(offer(scene, {}, [recovery])).toMatchObject({ state: 'refused', code: 'E_THRESHOLD' })
    expect(offer(scene, {}, [root])).toMatchObject({ state: 'admitted' })
  })

  it('of another mesh is refused', () => {
    const scene = open()
    expect(offer(scene, { mesh: open({ name: 'x' }).ledger.env.mesh })).toMatchObject({ code: 'E_WRONG_MESH' })
  })

  it('by recovery may change roots and recovery, in the next epoch, with the threshold of every charter before', () => {
    const scene = open()
    const roots = { keys: [second.key, third.key], threshold: 2 }
    const wish = { by: 'recovery', roots, recovery: { keys: [spare.key], threshold: 1 } } as const
    expect(scene.fork().charter([root], wish).sigs).toHaveLength(1)
    const refused = scene.ledger.add([seal(nextCharter(scene.ledger, { issuedAt: 1, ...wish }), [root], tools.hasher)])
    expect(refused.results[0]).toMatchObject({ code: 'E_THRESHOLD' })
    const charter = scene.charter([recovery], wish)
    expect(charter.body.epoch).toBe(1)
    expect(scene.ledger.charters.current?.id).toBe(charter.id)
    // Two of two from now on, and the old root is nobody.
    expect(offer(scene, {}, [second])).toMatchObject({ code: 'E_THRESHOLD' })
    expect(offer(scene, {}, [root])).toMatchObject({ code: 'E_THRESHOLD' })
    expect(offer(scene, {}, [second, third])).toMatchObject({ state: 'admitted' })
    expect(scene.ledger.roleOf(root.key)).toBeNull()
  })

  it('keeps a removed key named in `past` for ever', () => {
    const scene = open({ grants: [grantTo(ann.key), grantTo(bob.key)] })
    scene.charter([root], { grants: [grantTo(ann.key)] })
    expect(scene.ledger.charters.current?.body.past).toMatchObject([{ key: bob.key, was: 'grant', heads: [] }])
    expect(offer(scene, { past: [] })).toMatchObject({ code: 'E_CHARTER' })
    scene.charter([root])
    expect(scene.ledger.charters.current?.body.past).toHaveLength(1)
  })
})

describe('what is in force', () => {
  it('are all tips of the highest epoch, whatever their depth', () => {
    const scene = open()
    const rival = scene.fork()
    const deep = scene.charter([root], { name: 'a' })
    const deeper = scene.charter([root], { name: 'b' })
    const shallow = rival.charter([root], { name: 'c' })
    scene.take(shallow)
    const inForce = scene.ledger.charters.inForce.map((charter) => charter.id)
    expect(inForce).toEqual([deeper.id, shallow.id].toSorted())
    expect(inForce).not.toContain(deep.id)
    expect(scene.ledger.charters.current?.id).toBe(deeper.id)
  })

  it('is one charter again as soon as one names the rivals in prev', () => {
    const scene = open()
    const rival = scene.fork()
    scene.charter([root], { grants: [grantTo(ann.key), grantTo(bob.key)] })
    scene.take(rival.charter([root], { name: 'c', grants: [grantTo(ann.key)] }))
    expect(scene.ledger.alarms(scene.now)).toContainEqual(expect.objectContaining({ kind: 'charterFork' }))
    expect(() => scene.charter([root])).toThrow(/union/)
    const merged = scene.charter([root], { merge: 'union' })
    expect(merged.body.prev).toHaveLength(2)
    expect(scene.ledger.charters.inForce.map((charter) => charter.id)).toEqual([merged.id])
    expect(scene.ledger.roleOf(bob.key)?.everywhere).toBe(true)
  })

  it('after a theft is what recovery says: two charters by the thief lose to the next epoch, however many follow', () => {
    const scene = open()
    const honest = scene.charter([root], { name: 'honest' })
    const thief = scene.fork()
    for (const name of ['mine', 'mine too'])
      thief.take(thief.charter([root], { name, grants: [grantTo(ann.key), grantTo(bob.key)] }))
    scene.take(...thief.records)
    expect(scene.ledger.roleOf(bob.key)).not.toBeNull()
    const rescued = scene.charter([recovery], {
      by: 'recovery',
      base: honest.id,
      roots: { keys: [second.key], threshold: 1 },
    })
    expect(scene.ledger.charters.inForce.map((charter) => charter.id)).toEqual([rescued.id])
    expect(scene.ledger.roleOf(bob.key)).toBeNull()
    scene.take(thief.charter([root], { name: 'again' }))
    expect(scene.ledger.charters.inForce.map((charter) => charter.id)).toEqual([rescued.id])
    // Shown, never in force.
    expect(scene.ledger.charters.all.length).toBe(6)
  })

  it('is at most 8 tips, the lowest CIDs', () => {
    const scene = open()
    const rivals: Envelope[] = []
    for (let i = 0; i < 12; i++) rivals.push(scene.fork().charter([root], { name: `rival-${i}` }))
    scene.take(...rivals)
    const lowest = rivals.map((rival) => rival.id).toSorted()
    expect(scene.ledger.charters.inForce.map((charter) => charter.id)).toEqual(lowest.slice(0, 8))
  })

  it('never holds more than 64 charters that lead to nothing in force, so that a retired root cannot fill disks', () => {
    const scene = open()
    const thief = scene.fork()
    const rescued = scene.charter([recovery], { by: 'recovery', roots: { keys: [second.key], threshold: 1 } })
    for (let i = 0; i < 70; i++) thief.charter([root], { name: `junk-${i}` })
    const { ledger, results } = scene.ledger.add(thief.records)
    expect(ledger.charters.all.length).toBe(2 + 64)
    expect(results[65]).toMatchObject({ state: 'refused', code: 'E_LIMIT', final: false })
    expect(results[66]).toMatchObject({ state: 'gap' })
    expect(ledger.charters.current?.id).toBe(rescued.id)
    const backwards = scene.ledger.add(thief.records.toReversed()).ledger
    expect(backwards.digest).toEqual(ledger.digest)
  })

  it('is not a charter with a crit that this build does not understand: the last one understood stays, and it is said', () => {
    const scene = open()
    const before = scene.ledger.charters.current
    const result = offer(scene, { crit: ['quorum'] })
    expect(result).toMatchObject({ state: 'admitted' })
    const body = { ...nextCharter(scene.ledger, { issuedAt: scene.tick() }), crit: ['quorum'] }
    scene.write(body, root)
    expect(scene.ledger.charters.current?.id).toBe(before?.id)
    expect(scene.ledger.alarms(scene.now)).toContainEqual(expect.objectContaining({ kind: 'needsNewer' }))
  })
})

it('one root and one recovery key are a weakness that is told', () => {
  const kinds = open()
    .ledger.alarms(0)
    .map((alarm) => alarm.kind)
  expect(kinds).toEqual(['weakRoots', 'weakRecovery'])
  const strong = { keys: [root.key, second.key], threshold: 1 }
  expect(open({ roots: strong, recovery: { keys: [recovery.key, spare.key], threshold: 2 } }).ledger.alarms(0)).toEqual(
    [],
  )
})
