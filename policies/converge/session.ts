import { PolicyError } from '../errors.ts'
import { byRank } from './claims.ts'
import { buildGraph, watchOf, type Graph } from './graph.ts'
import { prepare } from './prepare.ts'
import { folderOf } from '../resources/attributes.ts'
import { SeenTable } from './seen.ts'
import type { ConvergeRequest, HostPolicy } from './types.ts'

/**
 * What a resident daemon keeps between runs so that a run with nothing to do costs little more than an lstat a file: the
 * graph as long as its policies are the same objects, and which files are known to be right.
 */
export class Session {
  readonly seen: SeenTable
  #policies: readonly HostPolicy[] = []
  #graph: Graph | undefined
  #watch: ReadonlyMap<string, readonly string[]> | undefined
  #cleaned = false

  /** @param stamps keep also the states of files that were written */
  constructor(stamps = false) {
    this.seen = new SeenTable(stamps)
  }

  graphFor(request: ConvergeRequest): Graph {
    const { policies } = request
    if (this.#graph !== undefined && samePolicies(policies, this.#policies)) return this.#graph
    this.seen.clear()
    this.#graph = graphOf(request)
    this.#watch = undefined
    this.#policies = policies
    return this.#graph
  }

  /** Once: removes what a run that was killed left in the folders of managed paths. */
  clean(request: ConvergeRequest, watch: ReadonlyMap<string, unknown>): void {
    const { host, apply } = request
    if (this.#cleaned || !apply) return
    this.#cleaned = true
    // Not every path that is written is watched: the key of a repository only counts with what names it.
    const claimed = this.graphFor(request).nodes.flatMap(({ prepared }) => prepared?.bound?.claims ?? [])
    const paths = claimed.flatMap((claim) => (claim.startsWith('path:') ? [claim.slice(5)] : []))
    for (const folder of new Set([...watch.keys(), ...paths].map(folderOf))) {
      try {
        host.cleanTemporary(folder)
      } catch (error) {
        // A folder that cannot be cleaned cannot be written to either: the resource in it will say so.
        if (!(error instanceof PolicyError)) throw error
      }
    }
  }

  watchFor(request: ConvergeRequest): ReadonlyMap<string, readonly string[]> {
    this.#watch ??= watchOf(this.graphFor(request).nodes, request.content)
    return this.#watch
  }
}

function graphOf({ policies, types, host }: ConvergeRequest): Graph {
  const sorted = policies.toSorted(byRank)
  return buildGraph(
    sorted.map((policy) => ({ ...policy, prepared: policy.resources.map((one) => prepare(one, types, host)) })),
  )
}

function samePolicies(a: readonly HostPolicy[], b: readonly HostPolicy[]): boolean {
  return (
    a.length === b.length &&
    a.every((one, i) => {
      const other = b[i]
      return (
        one === other ||
        (one.policy === other?.policy &&
          one.resources === other.resources &&
          one.grant === other.grant &&
          one.version === other.version &&
          one.priority === other.priority &&
          one.after.join() === other.after.join())
      )
    })
  )
}
