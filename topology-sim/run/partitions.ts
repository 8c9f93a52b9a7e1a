import type { World } from '../world/types.ts'

type Sides = readonly (readonly number[])[]

interface Cut {
  /** The side of each node; 0 is the rest. */
  readonly sides: Int32Array
  readonly ended: () => void
}

/** Partitions that overlap: two nodes reach each other if none of them lies between. Each ends for itself. */
export class Partitions {
  readonly #world: World
  readonly #cuts = new Set<Cut>()

  constructor(world: World) {
    this.#world = world
  }

  get none(): boolean {
    return this.#cuts.size === 0
  }

  /** @returns what ends this one; false if it is over already */
  cut(groups: Sides, ended: () => void): () => boolean {
    const sides = new Int32Array(this.#world.nodes)
    for (const [at, group] of groups.entries()) for (const node of group) sides[node] = at + 1
    const cut = { sides, ended }
    this.#cuts.add(cut)
    this.#apply()
    return () => {
      if (!this.#cuts.delete(cut)) return false
      this.#apply()
      ended()
      return true
    }
  }

  healAll(): void {
    const cuts = [...this.#cuts]
    this.#cuts.clear()
    this.#apply()
    for (const { ended } of cuts) ended()
  }

  #apply(): void {
    // Whoever is reachable again is dialled; those that are not lose each other once more, which changes nothing for them.
    this.#world.heal()
    if (this.#cuts.size > 0) this.#world.partition(this.#groups())
  }

  /** Nodes that are on the same side of every cut, together. */
  #groups(): Sides {
    const groups = new Map<string, number[]>()
    for (let node = 0; node < this.#world.nodes; node++) {
      const key = Array.from(this.#cuts, ({ sides }) => sides[node]).join(' ')
      const group = groups.get(key)
      if (group === undefined) groups.set(key, [node])
      else group.push(node)
    }
    return [...groups.values()]
  }
}
