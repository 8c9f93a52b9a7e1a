import type { Effect, Hasher, Key } from '../../node/core/index.ts'
import type { Random } from '../kernel/random.ts'
import type { Lab } from './lab.ts'
import type { LabNode } from './lab-node.ts'

type Verdict = Extract<Effect, { type: 'verdict' }>

/** Gossip as a flood: each node passes on what it accepted to its other neighbours, once. */
export class Flood {
  readonly #lab: Lab
  readonly #hasher: Hasher
  readonly #wires: Random
  /** Under way at a node that has not judged it yet, by reference. */
  readonly #heard = new Map<number, { readonly bytes: Uint8Array; readonly from: Key }>()
  readonly #seen = new Map<string, Set<string>>()
  readonly #hashes = new WeakMap<Uint8Array, string>()
  #refs = 1

  constructor(lab: Lab, hasher: Hasher, wires: Random) {
    this.#lab = lab
    this.#hasher = hasher
    this.#wires = wires
  }

  judged(node: LabNode, { ref, result, code }: Verdict): void {
    const heard = this.#heard.get(ref)
    this.#heard.delete(ref)
    if (heard === undefined) {
      this.#lab.verdicts.push({ node: node.name, result, code })
      return
    }
    this.#lab.watch?.judged(node, heard.bytes, heard.from, result, code)
    if (result === 'accept' && node.malice?.relays !== false) this.spread(node, heard.bytes, heard.from)
  }

  spread(from: LabNode, bytes: Uint8Array, except: Key | null): void {
    const hash = this.#hash(bytes)
    this.#seenBy(from.name).add(hash)
    for (const to of this.#lab.neighboursOf(from)) {
      if (to.key === except || this.#wires.chance(this.#lab.gossipLoss)) continue
      const times = this.#wires.chance(this.#lab.gossipTwice) ? 2 : 1
      for (let i = 0; i < times; i++) this.#lab.carry(from, to, () => this.#hear(from, to, hash, bytes))
    }
  }

  #hear(from: LabNode, to: LabNode, hash: string, bytes: Uint8Array): void {
    if (!to.neighbours.has(from.name) || this.#seenBy(to.name).has(hash)) return
    this.#seenBy(to.name).add(hash)
    this.listen(from, to, bytes)
  }

  /** The engine hears it, whether or not it did before. */
  listen(from: LabNode, to: LabNode, bytes: Uint8Array): void {
    const ref = this.#refs++
    this.#heard.set(ref, { bytes, from: from.key })
    to.feed({ type: 'record', via: 'gossip', from: from.key, bytes, ref })
  }

  #seenBy(name: string): Set<string> {
    const seen = this.#seen.get(name) ?? new Set()
    this.#seen.set(name, seen)
    return seen
  }

  #hash(bytes: Uint8Array): string {
    const known = this.#hashes.get(bytes)
    if (known !== undefined) return known
    const short = this.#hasher.sha256(bytes).subarray(0, 16)
    const hash = Array.from(short, (byte) => byte.toString(16)).join('.')
    this.#hashes.set(bytes, hash)
    return hash
  }
}
