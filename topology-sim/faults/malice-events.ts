import { isFeed } from '../../node/core/index.ts'
import type { SyncFrame } from '../../node/core/index.ts'
import type { LabNode } from '../lab/lab-node.ts'
import type { Malice } from '../lab/malice.ts'
import type { EventKind } from './events.ts'
import { forgedBeacon } from './forge/beacons.ts'
import { FORGERIES } from './forge/index.ts'
import { pack } from './forge/tools.ts'
import { intruderEvents } from './intruder-events.ts'
import { pick } from './ordeal.ts'
import type { Ordeal } from './ordeal.ts'

/** A member that lies, in all the ways that a member can. */
export const maliceEvents: readonly EventKind[] = [
  {
    name: 'malice',
    weight: 4,
    act(ordeal, { a }) {
      const mallory = ordeal.mallory()
      if (mallory !== undefined) mallory.malice = (pick(WAYS, a) ?? honest)(ordeal)
    },
  },
  {
    name: 'forge',
    weight: 22,
    act(ordeal, { a, b, c }) {
      const node = ordeal.any(b)
      const forgery = pick(FORGERIES, a)
      if (node === undefined || forgery === undefined || node.engine.view.ledger.charters.current === null) return
      if (node.engine.view.ledger.charters.inForce.length > 1) return
      for (const bytes of forgery.make(ordeal, node, c)) spread(ordeal, node, bytes, c)
    },
  },
  {
    name: 'replay',
    weight: 3,
    act(ordeal, { a, b }) {
      // Everything that it has heard so far, again, long after gossip forgot that it had seen it.
      const mallory = ordeal.mallory()
      const victim = mallory === undefined ? undefined : pick(ordeal.lab.neighboursOf(mallory), a)
      if (mallory === undefined || victim === undefined) return
      const records = [...mallory.engine.view.ledger.records()].filter(isFeed)
      for (let i = 0; i < 10; i++) {
        const record = pick(records, b + i * 7)
        if (record !== undefined) ordeal.lab.inject(mallory, victim, record.bytes)
      }
      for (const name of ordeal.lab.nodes.keys()) {
        const heard = mallory.engine.view.heard(ordeal.keyOf(name.replace("'", '')))
        if (heard !== undefined) ordeal.lab.later(12_000, () => ordeal.lab.inject(mallory, victim, heard.beacon.bytes))
      }
    },
  },
  {
    name: 'eclipse',
    weight: 1,
    act(ordeal, { a }) {
      // All that the victim reaches is the liar.
      const mallory = ordeal.mallory()
      const victim = ordeal.any(a)
      if (mallory === undefined || victim === undefined) return
      const alone = new Set([victim.name, mallory.name])
      ordeal.lab.passes = (x, y) => x === mallory.name || y === mallory.name || alone.has(x) === alone.has(y)
      ordeal.lab.cut()
      ordeal.lab.connect(victim.name, mallory.name)
    },
  },
  {
    name: 'equivocate',
    weight: 2,
    act(ordeal, { a, b }) {
      // Two entries after one, told to different nodes: no crime, all heads are kept.
      const [one, two] = [ordeal.any(a), ordeal.any(b)]
      if (one === undefined || two === undefined || one === two) return
      const { ledger } = one.engine.view
      if (ledger.charters.inForce.length !== 1 || ledger.roleOf(ordeal.keyOf('rogue')) === null) return
      ordeal.submit(one, ordeal.sign(ordeal.versionBy('rogue', one, 'dev/fork'), 'rogue'))
      const onFork = b % 2 === 0 ? 'hold' : 'newest'
      ordeal.submit(two, ordeal.sign(ordeal.versionBy('rogue', one, 'dev/fork', { onFork }), 'rogue'))
    },
  },
  {
    name: 'flood',
    weight: 0.6,
    act(ordeal, { a }) {
      const mallory = ordeal.mallory()
      const victim = mallory === undefined ? undefined : pick(ordeal.lab.neighboursOf(mallory), a)
      if (mallory === undefined || victim === undefined || !once(ordeal, 'flood')) return
      const { bodyBytes } = forgedBeacon(ordeal, victim, 'n2', 'n2', {})
      for (let i = 0; i < FLOOD; i++) {
        const sig = new Uint8Array(64)
        new DataView(sig.buffer).setUint32(0, i)
        const { bytes } = pack(ordeal, bodyBytes, [{ key: ordeal.keyOf('n2'), sig }])
        ordeal.lab.inject(mallory, victim, bytes)
      }
    },
  },
  {
    name: 'hoard',
    weight: 0.6,
    act(ordeal, { a }) {
      // Sound entries of a key that nobody knows: each is held for a while, a few at a time.
      const mallory = ordeal.mallory()
      const victim = mallory === undefined ? undefined : pick(ordeal.lab.neighboursOf(mallory), a)
      if (mallory === undefined || victim?.engine.view.ledger.charters.current === null || victim === undefined) return
      if (!once(ordeal, 'hoard')) return
      for (let i = 0; i < HOARD; i++) {
        const { bytes } = ordeal.sign(
          ordeal.versionBy('stranger', victim, `web/h${i}`, { bundle: null, action: 'retire' }),
          'stranger',
        )
        ordeal.lab.inject(mallory, victim, bytes)
      }
    },
  },
  ...intruderEvents,
]

function once(ordeal: Ordeal, what: string): boolean {
  if (ordeal.truth.once.has(what)) return false
  ordeal.truth.once.add(what)
  return true
}

/** More than a burst of a neighbour's rate; more than the holding pool. */
const FLOOD = 1_600
const HOARD = 300

/** By gossip, smuggled into an answer of sync, or handed in at a node's own socket. */
function spread(ordeal: Ordeal, node: LabNode, bytes: Uint8Array, c: number): void {
  const mallory = ordeal.mallory()
  const way = c % 3
  if (way === 0 && mallory !== undefined && ordeal.lab.neighboursOf(mallory).length > 0) {
    for (const victim of ordeal.lab.neighboursOf(mallory)) ordeal.lab.inject(mallory, victim, bytes)
    return
  }
  if (way === 1 && mallory !== undefined) {
    ordeal.smuggled.push(bytes)
    mallory.malice = smuggles(ordeal)
    return
  }
  ordeal.submit(node, { bytes })
}

const honest = (): Malice | null => null

const WAYS: readonly ((ordeal: Ordeal) => Malice | null)[] = [
  honest,
  /** A black hole. */
  () => ({ frames: () => [], relays: false, liesAboutBundles: true }),
  () => ({ delayMs: 7_000 }),
  () => ({ relays: false }),
  () => ({ liesAboutBundles: true }),
  /** Says that it holds what it does not, and shows heads that do not exist. */
  (ordeal) => ({ frames: (_to, frame) => lie(ordeal, frame) }),
  /** Answers what nobody asked, and everything twice. */
  () => ({ frames: (_to, frame) => [frame, frame, { ...frame, id: frame.id + 1000 }] }),
  (ordeal) => smuggles(ordeal),
]

function lie(ordeal: Ordeal, frame: SyncFrame): readonly SyncFrame[] {
  if (frame.type === 'ask') {
    if (frame.ask.kind !== 'digest') return [frame]
    return [{ ...frame, ask: { ...frame.ask, digest: { ...frame.ask.digest, feeds: OTHER } } }]
  }
  const { answer } = frame
  if (answer.kind === 'digest') return [{ ...frame, answer: { ...answer, digest: { ...answer.digest, feeds: OTHER } } }]
  if (answer.kind !== 'feeds' && answer.kind !== 'same') return [frame]
  const keys = ['n1', 'n2', 'n3', 'ci', 'rogue', 'temp', 'clerk', 'devclerk', 'rootA', 'rootB']
  const feeds = keys.map((name) => ({
    key: ordeal.keyOf(name),
    size: 999,
    count: 8,
    hash: OTHER.hash,
    heads: Array.from({ length: 8 }, () => ordeal.phantom()),
  }))
  return [{ ...frame, answer: { kind: 'feeds', feeds } }]
}

/** Makes everyone ask for charters, and puts one foreign record into each answer. */
function smuggles(ordeal: Ordeal): Malice {
  let turn = 0
  return {
    frames(_to, frame) {
      if (frame.type === 'ask') {
        if (frame.ask.kind !== 'digest') return [frame]
        return [{ ...frame, ask: { ...frame.ask, digest: { ...frame.ask.digest, charters: OTHER } } }]
      }
      const { answer } = frame
      if (answer.kind === 'digest')
        return [{ ...frame, answer: { ...answer, digest: { ...answer.digest, charters: OTHER } } }]
      const extra = ordeal.smuggled[turn++ % Math.max(1, ordeal.smuggled.length)]
      if (answer.kind !== 'records' || extra === undefined) return [frame]
      return [{ ...frame, answer: { ...answer, envelopes: [...answer.envelopes, extra] } }]
    },
  }
}

const OTHER = { hash: 'ff'.repeat(32), count: 99 }
