import { encode } from '@ipld/dag-cbor'
import { fromHex } from '../../../node/core/index.ts'
import type { LabNode } from '../../lab/lab-node.ts'
import type { Ordeal } from '../ordeal.ts'
import { absent, forge, pack, preAuth, wireOf } from './tools.ts'
import type { Forgery, Wire } from './tools.ts'

/** Wrong by its bytes: encoding, size, signatures, mesh, wire version. All but the flaw is as n1 or the rogue would write it. */
const version = (ordeal: Ordeal, node: LabNode, name = 'rogue'): Wire =>
  wireOf(ordeal.versionBy(name, node, name === 'rogue' ? 'dev/x' : 'web/p0'))

const wrongBytes = (
  name: string,
  section: number,
  rule: string,
  bend: (wire: Wire, ordeal: Ordeal) => Wire | Uint8Array,
  signers: readonly string[] = ['rogue'],
): Forgery => ({
  name,
  section,
  rule,
  make: (ordeal, node) => absent(ordeal, rule, forge(ordeal, bend(version(ordeal, node), ordeal), signers)),
})

export const byteForgeries: readonly Forgery[] = [
  {
    name: 'junk signature',
    section: 6,
    rule: 'signatures must be valid',
    make(ordeal, node, c) {
      const { bodyBytes } = forge(ordeal, version(ordeal, node, 'n1'), [])
      const sig = new Uint8Array(64).fill(c % 256)
      return absent(ordeal, this.rule, pack(ordeal, bodyBytes, [{ key: ordeal.keyOf('n1'), sig }]))
    },
  },
  {
    name: 'junk signature first',
    section: 1,
    rule: 'a body with a junk signature does not keep the good one out',
    make(ordeal, node) {
      // Whoever refuses by the body's id never takes the good one. Its author says nothing else, so it waits for nothing.
      if (ordeal.truth.once.has('junk first')) return []
      ordeal.truth.once.add('junk first')
      const good = ordeal.sign(ordeal.versionBy('quiet', node, 'quiet/first'), 'quiet')
      const junk = pack(ordeal, good.bodyBytes, [{ key: ordeal.keyOf('quiet'), sig: new Uint8Array(64) }])
      ordeal.truth.unrelayed.set(junk.bytes, this.rule)
      ordeal.truth.sound.set(good.id, { key: ordeal.keyOf('quiet'), rule: this.rule, must: true })
      for (const other of ordeal.up()) ordeal.submit(other, junk)
      ordeal.lab.later(50, () => ordeal.insist(node, good))
      return [junk.bytes]
    },
  },
  {
    name: 'signature for another purpose',
    section: 1,
    rule: 'a signature covers what it is for',
    make(ordeal, node) {
      const { bodyBytes } = forge(ordeal, version(ordeal, node, 'n1'), [])
      return absent(ordeal, this.rule, forge(ordeal, bodyBytes, ['n1'], bodyBytes))
    },
  },
  {
    name: 'signed by another',
    section: 1,
    rule: 'a record is signed by its own key',
    make: (ordeal, node) =>
      absent(ordeal, 'a record is signed by its own key', forge(ordeal, version(ordeal, node, 'n1'), ['rogue'])),
  },
  wrongBytes('one signature too many', 1, 'a single-signer record has exactly one signature', (wire) => wire, [
    'rogue',
    'stranger',
  ]),
  wrongBytes('unsorted keys', 1, 'encoding is canonical', (wire) => unsorted(wire)),
  wrongBytes('a float', 1, 'no floats', (wire) => ({ ...wire, zz: 1.5 })),
  wrongBytes('too deep', 1, 'nesting is 16 at most', (wire) => ({ ...wire, zz: nested(40) })),
  wrongBytes('__proto__', 1, 'no __proto__ key', (wire) => protoIn(wire)),
  wrongBytes('wire version 2', 1, 'the wire version is 1', (wire) => ({ ...wire, v: 2 })),
  wrongBytes('40 KiB', 1, 'records are 32 KiB at most', (wire) => ({
    ...wire,
    rollout: Array.from({ length: 40 }, () => 'x'.repeat(1024)),
  })),
  wrongBytes('a field that is missing', 1, 'a record has the shape of its type', ({ seq: _seq, ...wire }) => wire),
  wrongBytes('another mesh', 6, 'a record is of this mesh', (wire, ordeal) => ({
    ...elsewhere(wire, ordeal),
    feedSeq: 1,
    feedPrev: [],
  })),
  {
    name: 'the same signature twice',
    section: 1,
    rule: 'each key signs once',
    make(ordeal, node) {
      const { bodyBytes } = forge(ordeal, version(ordeal, node), [])
      const key = ordeal.keyOf('rogue')
      const sig = ordeal.stage.actor('rogue').sign(preAuth('feed/version', bodyBytes))
      const bytes = encode({
        body: bodyBytes,
        sigs: [
          { key: fromHex(key), sig },
          { key: fromHex(key), sig },
        ],
      })
      return absent(ordeal, this.rule, { ...pack(ordeal, bodyBytes, []), bytes: new Uint8Array(bytes) })
    },
  },
]

/** The right entries of a map in the wrong order, which the encoder would never write. */
function unsorted(wire: Wire): Uint8Array {
  const parts = Object.entries(wire).map(([name, value]) => Uint8Array.from([...encode(name), ...encode(value)]))
  const header = parts.length < 24 ? [0xa0 + parts.length] : [0xb8, parts.length]
  return Uint8Array.from([...header, ...parts.toReversed().flatMap((part) => [...part])])
}

function protoIn(wire: Wire): Uint8Array {
  const inner = Uint8Array.from([0xa1, ...encode('__proto__'), ...encode(1)])
  const sound = new Uint8Array(encode({ ...wire, zzz: 'HERE' }))
  // `zzz` is among the shortest keys; its value, the text HERE (5 bytes), gives way to the map.
  const at = sound.findIndex((_, i) => String.fromCodePoint(...sound.slice(i, i + 5)) === 'dHERE')
  return Uint8Array.from([...sound.slice(0, at), ...inner, ...sound.slice(at + 5)])
}

function nested(depth: number): unknown {
  return depth === 0 ? 1 : [nested(depth - 1)]
}

/** The first entry of the same key in a mesh that this one is not; its own opening with other roots would do the same. */
function elsewhere(wire: Wire, ordeal: Ordeal): Wire {
  const other = ordeal.stage.opening(ordeal.scenario.threshold === 1 ? 2 : 1)
  const charter = other.records.find(({ family }) => family === 'feed')
  if (charter === undefined) return wire
  return { ...wire, mesh: wireOf(charter.body)['mesh'], parents: [], seq: 1 }
}
