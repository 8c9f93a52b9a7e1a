import type { BundleContent } from '../resources/type.ts'
import { breakCycles } from './cycles.ts'
import type { Prepared } from './prepare.ts'
import { idOf, type HostPolicy } from './types.ts'

/** `need`: if the first fails, the second is skipped. `auto`: the same, but dropped where it would close a circle. `order`: only first this, then that. `soft`: the same between types, dropped like `auto`. */
export type EdgeKind = 'need' | 'auto' | 'order' | 'soft'

export interface Edge {
  readonly from: number
  readonly to: number
  readonly kind: EdgeKind
}

export interface GraphNode {
  readonly index: number
  /** null: only a point in the order, the end of a policy. */
  readonly prepared: Prepared | null
  readonly policy: HostPolicy
  /** The resource that has claimed the same with the same attributes, and does the work for both. */
  readonly sameAs: number | null
  /** Says why this resource has no part in the run: claimed differently by another, in a circle, or not valid. */
  readonly refused: { readonly code: string; readonly reason: string } | null
  /** A resource with the same claim is sensitive, so this one's content is. */
  readonly sensitive: boolean
}

export interface Graph {
  readonly nodes: readonly GraphNode[]
  /** Edges by the node that they start from. */
  readonly next: readonly (readonly Edge[])[]
  /** Number of edges that lead to each node. */
  readonly before: readonly number[]
  /** Whom a real change of the node is told to. */
  readonly tells: readonly (readonly number[])[]
  readonly byId: ReadonlyMap<string, number>
  /** Claim to the node that holds it. */
  readonly holders: ReadonlyMap<string, number>
  /** Policies with a resource that is not valid, and its key: nothing of them is applied. */
  readonly broken: ReadonlyMap<string, string>
}

export interface PreparedPolicy extends HostPolicy {
  readonly prepared: readonly Prepared[]
}

type Draft = { -readonly [K in keyof GraphNode]: GraphNode[K] }

/**
 * Who comes before whom on this host, and who is told of whose change.
 *
 * @param policies sorted by priority and name: of two that claim the same, the first wins
 */
export function buildGraph(policies: readonly PreparedPolicy[]): Graph {
  const nodes: Draft[] = []
  const byId = new Map<string, number>()
  for (const policy of policies) {
    for (const prepared of policy.prepared) {
      byId.set(prepared.id, nodes.length)
      const { problem, resource } = prepared
      nodes.push({
        index: nodes.length,
        prepared,
        policy,
        sameAs: null,
        refused: problem,
        sensitive: resource.sensitive,
      })
    }
  }
  const holders = settleClaims(nodes)
  const broken = new Map<string, string>()
  for (const { prepared } of nodes) if (prepared?.problem) broken.set(prepared.resource.policy, prepared.resource.key)
  const edges: Edge[] = []
  const tells: number[][] = nodes.map(() => [])
  linkResources(nodes, byId, holders, edges, tells)
  linkTypes(nodes, edges)
  linkPolicies(policies, nodes, byId, edges)
  const { kept, circles } = breakCycles(nodes.length, edges)
  for (const circle of circles) refuseCircle(nodes, circle)
  const next: Edge[][] = nodes.map(() => [])
  const before = nodes.map(() => 0)
  for (const edge of kept) {
    next[edge.from]?.push(edge)
    before[edge.to] = (before[edge.to] ?? 0) + 1
  }
  return { nodes, next, before, tells, byId, holders, broken }
}

/** Of those that claim the same thing the first has it; equal ones are merged with it, others are refused. */
function settleClaims(nodes: readonly Draft[]): Map<string, number> {
  const holders = new Map<string, number>()
  for (const node of nodes) {
    const claims = node.prepared?.bound?.claims ?? []
    const claim = claims.find((one) => holders.has(one))
    const holder = claim === undefined ? undefined : nodes[holders.get(claim) ?? -1]
    if (holder === undefined) for (const one of claims) holders.set(one, node.index)
    else if (holder.prepared?.fingerprint === node.prepared?.fingerprint) {
      node.sameAs = holder.index
      holder.sensitive ||= node.sensitive
    } else {
      const { policy, key } = holder.prepared?.resource ?? { policy: '', key: '' }
      const reason = `${claim?.slice(claim.indexOf(':') + 1)} is claimed by ${key} of ${policy} too, with other attributes; that one is in force`
      node.refused = { code: 'E_CONFLICT', reason }
    }
  }
  for (const node of nodes) if (node.sameAs !== null) node.sensitive ||= nodes[node.sameAs]?.sensitive ?? false
  return holders
}

function linkResources(
  nodes: readonly Draft[],
  byId: ReadonlyMap<string, number>,
  holders: ReadonlyMap<string, number>,
  edges: Edge[],
  tells: number[][],
): void {
  const link = (from: number | undefined, to: number | undefined, kind: EdgeKind): void => {
    if (from !== undefined && to !== undefined && from !== to) edges.push({ from, to, kind })
  }
  for (const { index, prepared, sameAs } of nodes) {
    if (prepared === null) continue
    const { policy, require, before, notify, subscribe } = prepared.resource
    const find = (key: string): number | undefined => byId.get(idOf(policy, key))
    const tell = (from: number | undefined, to: number | undefined): void => {
      link(from, to, 'need')
      if (from !== undefined && to !== undefined && from !== to) tells[from]?.push(to)
    }
    for (const key of require) {
      link(find(key), index, 'need')
      // What does the work for both waits for what either of them requires.
      if (sameAs !== null) link(find(key), sameAs, 'auto')
    }
    for (const key of before) link(index, find(key), 'need')
    for (const key of notify) tell(index, find(key))
    for (const key of subscribe) tell(find(key), index)
    if (sameAs !== null) link(sameAs, index, 'need')
    for (const need of prepared.bound?.needs ?? []) link(holders.get(need), index, 'auto')
  }
}

/** Everything of one type before everything of another: packages before services. */
function linkTypes(nodes: readonly Draft[], edges: Edge[]): void {
  const byType = new Map<string, number[]>()
  for (const { index, prepared, sameAs } of nodes) {
    if (prepared === null || sameAs !== null) continue
    const known = byType.get(prepared.resource.type)
    if (known === undefined) byType.set(prepared.resource.type, [index])
    else known.push(index)
  }
  for (const { index, prepared, sameAs } of nodes) {
    if (sameAs !== null) continue
    for (const type of prepared?.bound?.afterTypes ?? [])
      for (const from of byType.get(type) ?? []) edges.push({ from, to: index, kind: 'soft' })
  }
}

/** `after` between policies: everything of one waits for a point that comes after everything of the other. */
function linkPolicies(
  policies: readonly PreparedPolicy[],
  nodes: Draft[],
  byId: ReadonlyMap<string, number>,
  edges: Edge[],
): void {
  const members = new Map(
    policies.map((policy) => [policy.policy, policy.prepared.flatMap((one) => byId.get(one.id) ?? [])]),
  )
  const ends = new Map<string, number>()
  for (const policy of policies) {
    for (const first of policy.after) {
      const earlier = members.get(first)
      if (earlier === undefined || first === policy.policy) continue
      let end = ends.get(first)
      if (end === undefined) {
        end = nodes.length
        ends.set(first, end)
        nodes.push({ index: end, prepared: null, policy, sameAs: null, refused: null, sensitive: false })
        for (const from of earlier) edges.push({ from, to: end, kind: 'order' })
      }
      for (const to of members.get(policy.policy) ?? []) edges.push({ from: end, to, kind: 'order' })
    }
  }
}

function refuseCircle(nodes: readonly Draft[], circle: readonly number[]): void {
  const members = circle.flatMap((index) => nodes[index] ?? []).filter((node) => node.prepared !== null)
  const policies = new Set(members.map((node) => node.policy.policy))
  const name = ({ policy, prepared }: Draft): string =>
    policies.size > 1 ? `${prepared?.resource.key} of ${policy.policy}` : (prepared?.resource.key ?? '')
  const [first] = members
  const names = [...members, ...(first === undefined ? [] : [first])].map(name).join(' -> ')
  for (const node of members)
    node.refused ??= { code: 'E_CYCLE', reason: `resources wait for each other in a circle: ${names}` }
}

/** Path to the ids of the resources that it belongs to. */
export function watchOf(nodes: readonly GraphNode[], content: BundleContent): Map<string, readonly string[]> {
  const watch = new Map<string, string[]>()
  for (const { prepared, refused, sameAs } of nodes) {
    if (prepared === null || refused !== null || sameAs !== null) continue
    const { policy } = prepared.resource
    const paths = prepared.bound?.watchPaths((source) => content.folder(policy, source).map((file) => file.path)) ?? []
    for (const path of paths) {
      const ids = watch.get(path)
      if (ids === undefined) watch.set(path, [prepared.id])
      else ids.push(prepared.id)
    }
  }
  return watch
}
