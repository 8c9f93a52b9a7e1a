import type { NodeFacts, PolicyBundle } from '../world/types.ts'
import type { BlastRadius } from './result.ts'

interface Work {
  /** By node: when the host first worked on it. */
  readonly touched: Map<number, number>
  /** By node: when it first failed, and at which resource. */
  readonly failed: Map<number, { readonly atMs: number; readonly resource: string }>
  readonly resources: Map<string, { hosts: number; failed: number }>
}

/** Hosts on which a version failed that are named in a result; the rest is counted. */
const NAMED = 100

/** Watches which hosts worked on which version of a policy, and where it failed: the blast radius. */
export class BlastWatch {
  readonly #now: () => number
  readonly #nodeOf: (name: string) => number
  /** By bundle: what differs between two versions of a policy is their bundle. */
  readonly #work = new Map<string, Work>()
  readonly #failed = new Set<number>()

  constructor(now: () => number, nodeOf: (name: string) => number) {
    this.#now = now
    this.#nodeOf = nodeOf
  }

  /** Hosts on which anything failed. */
  get failed(): number {
    return this.#failed.size
  }

  worked(node: NodeFacts, policy: string, bundle: PolicyBundle, resource: string | null): void {
    const key = `${policy} ${bundle.cid}`
    let work = this.#work.get(key)
    if (work === undefined) {
      work = { touched: new Map(), failed: new Map(), resources: new Map() }
      this.#work.set(key, work)
    }
    const id = this.#nodeOf(node.name)
    if (!work.touched.has(id)) {
      work.touched.set(id, this.#now())
      for (const { key: name } of bundle.resourcesOf(node)) count(work, name).hosts++
    }
    if (resource === null || work.failed.has(id)) return
    this.#failed.add(id)
    work.failed.set(id, { atMs: this.#now(), resource })
    count(work, resource).failed++
  }

  /** Nodes on which the version with this bundle failed. */
  failedOn(policy: string, bundle: string): readonly number[] {
    return [...(this.#work.get(`${policy} ${bundle}`)?.failed.keys() ?? [])]
  }

  /** Who was hit by the version with this bundle. */
  radius(
    policy: string,
    bundle: string,
    selected: number,
    world: { nameOf(node: number): string; groupOf(node: number): string },
  ): BlastRadius {
    const work = this.#work.get(`${policy} ${bundle}`)
    if (work === undefined) return { ...UNTOUCHED, spared: selected }
    const groups = new Map<string, { touched: number; failed: number }>()
    for (const node of work.touched.keys()) {
      const name = world.groupOf(node)
      const group = groups.get(name) ?? { touched: 0, failed: 0 }
      group.touched++
      if (work.failed.has(node)) group.failed++
      groups.set(name, group)
    }
    const hosts = [...work.failed].toSorted(([a, { atMs: x }], [b, { atMs: y }]) => x - y || a - b).slice(0, NAMED)
    return {
      touched: work.touched.size,
      failed: work.failed.size,
      spared: Math.max(0, selected - work.touched.size),
      resources: [...work.resources].map(([key, counts]) => ({ key, ...counts })),
      groups: [...groups].map(([name, counts]) => ({ name, ...counts })),
      hosts: hosts.map(([node, { atMs, resource }]) => ({ name: world.nameOf(node), atMs, resource })),
    }
  }
}

const UNTOUCHED: BlastRadius = { touched: 0, failed: 0, spared: 0, resources: [], groups: [], hosts: [] }

function count(work: Work, key: string): { hosts: number; failed: number } {
  const known = work.resources.get(key)
  if (known !== undefined) return known
  const made = { hosts: 0, failed: 0 }
  work.resources.set(key, made)
  return made
}
