import { buildCertificate, buildRevoke, CoreError, grantTo, nextCharter } from '../../node/core/index.ts'
import type { Charter, CharterChanges, Envelope, Grant } from '../../node/core/index.ts'
import type { EventKind } from './events.ts'
import type { Ordeal } from './ordeal.ts'
import { hasCharter } from './people-events.ts'

/** What roots, recovery and enrollers do, and what a thief does with a root's key. */
export const lawEvents: readonly EventKind[] = [
  {
    name: 'rotate',
    weight: 2,
    act(ordeal, { a, b }) {
      if (isDivided(ordeal, a)) return
      const without = b % 4 === 0 ? 'temp' : 'nobody'
      const extra = `ops${b % 2}`
      const grants = [
        ...grantsNow(ordeal).filter(({ name }) => name !== without && name !== extra),
        grantOf(ordeal, extra),
      ]
      proclaim(ordeal, a, { grants })
      ordeal.truth.rights.push({ key: ordeal.keyOf(extra), policies: ['ops/*'] })
    },
  },
  {
    name: 'narrow',
    weight: 1,
    act(ordeal, { a, b }) {
      // The rogue's grant goes away or shrinks: what it said up to now stays, what comes later is not taken, or void.
      const node = ordeal.any(a)
      // Once: of two that are rivals, one may leave it the role that the other takes away.
      if (isDivided(ordeal, a) || node === undefined || !hasCharter(node) || ordeal.truth.once.has('narrow')) return
      ordeal.truth.once.add('narrow')
      const old = ordeal.sign(ordeal.versionBy('rogue', node, 'dev/last', { uses: ['file'] }), 'rogue')
      ordeal.submit(node, old)
      ordeal.lab.later(300, () => {
        if (!node.up || !node.engine.view.ledger.has(old.id) || isDivided(ordeal, a)) return
        const others = grantsNow(ordeal).filter(({ name }) => name !== 'rogue')
        const shrunk = grantTo(ordeal.keyOf('rogue'), { name: 'rogue', policies: ['dev2/*'] })
        const gone = b % 2 === 0
        const charter = proclaim(ordeal, a, { grants: gone ? others : [...others, shrunk] })
        if (charter === null || ordeal.truth.gone.has(ordeal.keyOf('rogue'))) return
        ordeal.truth.unsure.add(ordeal.keyOf('rogue'))
        if (ordeal.operator.judge(old.id)?.counts === true)
          ordeal.truth.sound.set(old.id, { key: ordeal.keyOf('nobody'), rule: 'what a former role said stays valid' })
        const late = ordeal.sign(ordeal.versionBy('rogue', node, 'dev/late'), 'rogue')
        if (gone) ordeal.truth.absentAtEnd.set(late.id, 'a key without a role is not heard')
        else ordeal.truth.voidAtEnd.set(late.id, 'a former role covers only what lies below its heads')
        ordeal.lab.later(200, () => ordeal.submit(node, late))
      })
    },
  },
  {
    name: 'rivals',
    weight: 1,
    act(ordeal, { a, b }) {
      const [one, two] = [ordeal.any(a), ordeal.any(b)]
      if (one === undefined || two === undefined || isDivided(ordeal, a) || ordeal.truth.once.has('rivals')) return
      ordeal.truth.once.add('rivals')
      const before = ordeal.operator
      for (const [name, node] of [
        ['opA', one],
        ['opB', two],
      ] as const) {
        // Where only one of the two is known, its line is good.
        ordeal.truth.rights.push({ key: ordeal.keyOf(name), policies: ['ops/*'] })
        const body = nextCharter(before, {
          issuedAt: ordeal.nowMs,
          grants: [...grantsOf(before.charters.current), grantOf(ordeal, name)],
        })
        ordeal.submit(node, ordeal.sign(body, ...ordeal.roots))
        hand(ordeal, a, ordeal.sign(body, ...ordeal.roots))
      }
      ordeal.lab.later(1_500, () => {
        if (!one.up || !hasCharter(one)) return
        const version = ordeal.sign(ordeal.versionBy('opA', one, 'ops/rival'), 'opA')
        if (ordeal.operator.charters.inForce.length > 1)
          ordeal.truth.voidAtEnd.set(version.id, 'it must count under each charter in force')
        ordeal.submit(one, version)
      })
    },
  },
  {
    name: 'merge',
    weight: 1,
    act(ordeal, { a }) {
      if (!isDivided(ordeal, a) || ordeal.truth.once.has('thief')) return
      const rival = [...ordeal.truth.voidAtEnd].filter(([, rule]) => rule.startsWith('it must count under each'))
      if (proclaim(ordeal, a, { merge: 'union' }) === null) return
      for (const [id] of rival) ordeal.truth.voidAtEnd.delete(id)
    },
  },
  {
    name: 'steal',
    weight: 1,
    act(ordeal, { a }) {
      const node = ordeal.any(a)
      if (node === undefined || isDivided(ordeal, a) || ordeal.scenario.threshold > 1 || ordeal.truth.once.has('thief'))
        return
      ordeal.truth.once.add('thief')
      const base = ordeal.operator.charters.current
      proclaim(ordeal, a, { grants: [...grantsNow(ordeal), grantOf(ordeal, 'thief')] })
      ordeal.truth.rights.push({ key: ordeal.keyOf('thief'), policies: ['*'] })
      ordeal.lab.later(1_000, () => {
        if (!node.up || !hasCharter(node)) return
        const version = ordeal.sign(ordeal.versionBy('thief', node, 'web/p0'), 'thief')
        ordeal.truth.voidAtEnd.set(version.id, "nothing of a thief's charter counts after recovery")
        ordeal.submit(node, version)
      })
      // Recovery comes in any case: else the thief would just be a publisher.
      ordeal.lab.later(4_000, () => recover(ordeal, a, base))
    },
  },
  {
    name: 'revokeFeed',
    weight: 1,
    act(ordeal, { a, b }) {
      const node = ordeal.any(a)
      if (node === undefined || isDivided(ordeal, a)) return
      const key = ordeal.keyOf('ci')
      const kept = b % 2 === 0
      const known = [...(ordeal.learn(node).feed(key)?.heads ?? [])]
      const revoke = ordeal.announce(
        node,
        buildRevoke(ordeal.operator, ordeal.keyOf(ordeal.roots[0] ?? ''), {
          at: ordeal.nowMs,
          what: 'feed',
          target: key,
          heads: kept ? 'now' : 'none',
        }),
        ordeal.roots[0] ?? '',
      )
      ordeal.truth.unsure.add(key)
      if (!kept)
        for (const id of known) ordeal.truth.voidAtEnd.set(id, 'of a revoked feed only what its heads name counts')
      ordeal.truth.sound.set(revoke.id, { key: ordeal.keyOf('rootA'), rule: 'any one root revokes' })
      ordeal.lab.later(500, () => {
        if (!node.up || !node.engine.view.ledger.has(revoke.id)) return
        const late = ordeal.sign(ordeal.versionBy('ci', node, 'app/p0'), 'ci')
        ordeal.truth.absentAtEnd.set(late.id, 'a revoked feed takes nothing new')
        ordeal.submit(node, late)
      })
    },
  },
  {
    name: 'revokeMember',
    weight: 1,
    act(ordeal, { a }) {
      const node = ordeal.any(a)
      const name = `n${ordeal.scenario.nodes}`
      if (node === undefined || ordeal.scenario.nodes < 5 || node.name === name || isDivided(ordeal, a)) return
      const root = ordeal.roots[0] ?? ''
      const wish = { at: ordeal.nowMs, what: 'member', target: ordeal.keyOf(name) } as const
      ordeal.announce(node, buildRevoke(ordeal.learn(node), ordeal.keyOf(root), wish), root)
      ordeal.truth.gone.set(ordeal.keyOf(name), 'a revoked peer is no member')
    },
  },
  {
    name: 'relabel',
    weight: 2,
    act(ordeal, { a, b }) {
      const node = ordeal.any(a)
      const peer = ordeal.any(b)
      if (node === undefined || peer === undefined || !/^n\d+$/.test(peer.name)) return
      const { ledger } = node.engine.view
      if (ledger.certificateOf(peer.key, ordeal.nowMs).state !== 'member') return
      const labels = { env: b % 3 === 0 ? 'prod' : 'dev', role: 'web' }
      ordeal.submit(
        node,
        ordeal.sign(
          buildCertificate(ledger, ordeal.keyOf('clerk'), { at: ordeal.nowMs, peer: peer.key, labels }),
          'clerk',
        ),
      )
    },
  },
]

function recover(ordeal: Ordeal, a: number, base: Envelope<Charter> | null): void {
  const node = ordeal.any(a)
  if (node === undefined || base === null) return ordeal.lab.later(1_000, () => recover(ordeal, a, base))
  ordeal.learn(node)
  const body = nextCharter(ordeal.operator, {
    issuedAt: ordeal.nowMs,
    by: 'recovery',
    base: base.id,
    grants: [...base.body.grants, grantOf(ordeal, 'heir')],
    roots: { keys: [ordeal.keyOf('rootC')], threshold: 1 },
  })
  ordeal.truth.rights.push({ key: ordeal.keyOf('heir'), policies: ['ops/*'] })
  const charter = ordeal.sign(body, 'recovery')
  ordeal.roots = ['rootC']
  // Whom only the new charter grants something counts, whatever the thief's charters say.
  ordeal.lab.later(2_500, () => {
    const held = ordeal.up().find((one) => one.engine.view.ledger.has(charter.id))
    if (held === undefined) return
    const version = ordeal.sign(ordeal.versionBy('heir', held, 'ops/heir'), 'heir')
    ordeal.truth.sound.set(version.id, { key: ordeal.keyOf('heir'), rule: 'only the highest epoch is in force' })
    ordeal.submit(held, version)
  })
  hand(ordeal, a, charter)
}

function hand(ordeal: Ordeal, a: number, charter: Envelope<Charter>): void {
  ordeal.operator = ordeal.operator.add([charter]).ledger
  ordeal.insist(ordeal.any(a), charter)
}

/** Signs the next charter from what the operator knows, and hands it in. Null: it cannot be made. */
function proclaim(ordeal: Ordeal, a: number, changes: Omit<CharterChanges, 'issuedAt'>): Envelope<Charter> | null {
  try {
    const charter = ordeal.sign(nextCharter(ordeal.operator, { issuedAt: ordeal.nowMs, ...changes }), ...ordeal.roots)
    hand(ordeal, a, charter)
    return charter
  } catch (error) {
    if (error instanceof CoreError) return null
    throw error
  }
}

/** Learns from a node first. True also if nothing can be learned: then nothing can be signed. */
function isDivided(ordeal: Ordeal, a: number): boolean {
  const node = ordeal.any(a)
  // Between a theft and the recovery nobody else makes laws.
  const robbed = ordeal.truth.once.has('thief') && ordeal.roots[0] !== 'rootC'
  if (node === undefined || robbed) return true
  return ordeal.learn(node).charters.inForce.length !== 1
}

function grantsNow(ordeal: Ordeal): readonly Grant[] {
  return grantsOf(ordeal.operator.charters.current)
}

function grantsOf(charter: Envelope<Charter> | null): readonly Grant[] {
  return charter?.body.grants ?? []
}

function grantOf(ordeal: Ordeal, name: string): Grant {
  return grantTo(ordeal.keyOf(name), { name, policies: [name === 'thief' ? '*' : 'ops/*'] })
}
