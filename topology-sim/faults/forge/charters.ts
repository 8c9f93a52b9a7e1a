import { firstCharter, grantTo, nextCharter } from '../../../node/core/index.ts'
import type { Charter, Ledger } from '../../../node/core/index.ts'
import type { Ordeal } from '../ordeal.ts'
import { absent, forge, pack, preAuth, wireOf } from './tools.ts'
import type { Forgery } from './tools.ts'

/** Charters that no rule lets in. Each grants the forger everything, so that believing it would show. */
const usurping = (
  name: string,
  rule: string,
  bend: (body: Charter, ordeal: Ordeal, ledger: Ledger) => Charter,
  signers: (ordeal: Ordeal) => readonly string[] = (ordeal) => ordeal.roots,
): Forgery => ({
  name,
  section: 2,
  rule,
  make(ordeal, node) {
    const { ledger } = node.engine.view
    const grants = [...(ledger.charters.current?.body.grants ?? []), grantTo(ordeal.keyOf('thief'), { name: 'thief' })]
    const body = bend(nextCharter(ledger, { issuedAt: ordeal.nowMs, grants, merge: 'base' }), ordeal, ledger)
    return absent(ordeal, rule, forge(ordeal, wireOf(body), signers(ordeal)))
  },
})

const thiefs = (ordeal: Ordeal) => ({ keys: [ordeal.keyOf('thief')], threshold: 1 })

export const charterForgeries: readonly Forgery[] = [
  usurping('a number too high', 'n is one more than before', (body) => ({ ...body, n: body.n + 3 })),
  usurping('an epoch by roots', 'only recovery raises the epoch', (body) => ({ ...body, epoch: body.epoch + 1 })),
  usurping(
    'recovery without its epoch',
    'recovery raises the epoch',
    (body) => ({ ...body, by: 'recovery' }),
    () => ['recovery'],
  ),
  usurping('roots changed by roots', 'only recovery changes roots', (body, ordeal) => ({
    ...body,
    roots: thiefs(ordeal),
    // Named on, so that nothing else is wrong with it.
    past: [...body.past, ...body.roots.keys.map((key) => ({ key, was: 'root' as const, heads: [] }))],
  })),
  usurping('recovery changed by roots', 'only recovery changes recovery', (body, ordeal) => ({
    ...body,
    recovery: thiefs(ordeal),
  })),
  usurping(
    'signed by no root',
    "a charter is signed by the roots' threshold",
    (body) => body,
    () => ['thief'],
  ),
  usurping('recovery signed by roots', 'a charter by recovery is signed by the recovery keys', (body, ordeal) => ({
    ...body,
    by: 'recovery',
    epoch: body.epoch + 1,
    roots: thiefs(ordeal),
  })),
  usurping('names dropped', 'every key named before is named again', (body) => ({
    ...body,
    grants: [],
    past: [],
    enrollers: [],
  })),
  {
    name: 'one root of two, twice',
    section: 1,
    rule: 'each key signs once',
    make(ordeal, node) {
      if (ordeal.roots.length < 2) return []
      const root = ordeal.roots[0] ?? ''
      const body = nextCharter(node.engine.view.ledger, { issuedAt: ordeal.nowMs, merge: 'base', minVersion: '0.0.2' })
      const { bodyBytes } = forge(ordeal, wireOf(body), [])
      const sig = ordeal.stage.actor(root).sign(preAuth('charter', bodyBytes))
      const one = { key: ordeal.keyOf(root), sig }
      return absent(ordeal, this.rule, pack(ordeal, bodyBytes, [one, one]))
    },
  },
  {
    name: 'a first charter of its own',
    section: 2,
    rule: 'the first charter is the mesh',
    make(ordeal) {
      const body = firstCharter({
        name: 'prod',
        nonce: new Uint8Array(16).fill(7),
        roots: thiefs(ordeal),
        recovery: thiefs(ordeal),
        enrollers: [],
        grants: [],
        minVersion: '0.1.0',
        issuedAt: ordeal.nowMs,
        refreshBy: ordeal.nowMs,
      })
      return absent(ordeal, this.rule, forge(ordeal, wireOf(body), ['thief']))
    },
  },
  {
    name: 'a charter that is not understood',
    section: 2,
    rule: 'a charter with a critical field that is not understood is never in force',
    make(ordeal, node) {
      const { ledger } = node.engine.view
      // It stays a tip beside the one in force; later charters of the operator follow what is in force.
      const body = { ...nextCharter(ledger, { issuedAt: ordeal.nowMs, merge: 'base' }), crit: ['quantum'] }
      const charter = ordeal.sign(body, ...ordeal.roots)
      ordeal.truth.powerless.set(charter.id, this.rule)
      return [charter.bytes]
    },
  },
]
