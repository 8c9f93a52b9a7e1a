import type { ControlClient, NodeRow } from '../../node/control/index.ts'
import {
  evaluateSelector,
  expandCombinations,
  priorityOf,
  RESOURCE_TYPES,
  sharedClaims,
  usedNames,
  variablesFor,
  viewOf,
} from '../../policies/index.ts'
import type { BundlePaths, CompiledPolicy, ResolvedResource, SharedClaim, Value } from '../../policies/index.ts'
import { PolicyReader, policiesOn, resolveShown, shownAttributes } from '../mesh/resolved.ts'
import { contextOf } from '../mesh/select.ts'

/** What a policy is on nodes that are all the same to it, and what it would change there. */
export interface CombinationOutput {
  /** Those labels of theirs that it looks at. */
  readonly labels: Readonly<Record<string, string>>
  readonly nodes: readonly string[]
  readonly resources: number
  /** Its variables there; null if they cannot be told. */
  readonly vars: Readonly<Record<string, Value>> | null
  /** Beside the version that is in force on the first of the nodes. */
  readonly added: readonly string[]
  readonly changed: readonly string[]
  /** In force now and not in this version: left as it is, or taken back. */
  readonly unmanaged: readonly { readonly key: string; readonly onRemove: 'leave' | 'undo' }[]
  readonly waiting: readonly string[]
  readonly errors: readonly { readonly code: string; readonly message: string }[]
  /** What other policies claim there, too. */
  readonly claims: readonly ClaimOutput[]
}

/** `nodes`: those of them on which both are there. */
export type ClaimOutput = SharedClaim & { readonly nodes: readonly string[] }

export interface CombinationsOutput {
  readonly combinations: readonly CombinationOutput[]
  /** Nodes for which its select fails. */
  readonly unclear: readonly { readonly node: string; readonly message: string }[]
  /** Combinations that were not looked at. */
  readonly skipped: number
}

const COMBINATIONS_MAX = 50
/** Nodes that are asked for what else is in force on them. Each costs a question to the daemon: about 10 ms. */
const ASKED_MAX = 200

/**
 * What a new version of a policy is on every kind of node that is known here, beside what runs there now.
 *
 * @param bundle as it would be published
 */
export async function combinationsOf(
  client: ControlClient,
  { policy, files }: { readonly policy: CompiledPolicy; readonly files: BundlePaths },
  nodes: readonly NodeRow[],
): Promise<CombinationsOutput> {
  const heard = nodes.filter((node) => node.self || node.ageMs !== null)
  const byName = new Map(heard.map((node) => [node.name, node]))
  const expansion = expandCombinations(policy, heard.map(contextOf), files, RESOURCE_TYPES)
  const reader = new PolicyReader(client)
  const alike = await likeness(reader, heard[0])
  const combinations: CombinationOutput[] = []
  let left = ASKED_MAX
  for (const { labels, nodes: names } of expansion.combinations.slice(0, COMBINATIONS_MAX)) {
    const kinds = [
      ...Map.groupBy(
        names.flatMap((name) => byName.get(name) ?? []),
        alike,
      ).values(),
    ].slice(0, left)
    left -= kinds.length
    const found: Awaited<ReturnType<typeof onNode>>[] = []
    for (const [node] of kinds) if (node !== undefined) found.push(await onNode(reader, { policy, files }, node))
    const [first] = found
    if (first === undefined) continue
    const claims = found.flatMap((one, i) =>
      one.claims.map((claim) => ({ ...claim, nodes: (kinds[i] ?? []).map(({ name }) => name) })),
    )
    combinations.push({ labels, nodes: names, ...first, claims: together(claims) })
  }
  return {
    combinations,
    unclear: expansion.unclear.map(({ node, error }) => ({ node, message: error.message })),
    skipped: expansion.skipped + expansion.combinations.length - combinations.length,
  }
}

/** Names what else is in force on a node: equal for nodes on which it is all the same. */
async function likeness(reader: PolicyReader, any: NodeRow | undefined): Promise<(node: NodeRow) => string> {
  const { policies } = any === undefined ? { policies: [] } : await policiesOn(reader, any)
  const known = policies.map(({ view, policy }) => ({
    selector: view.selector,
    used: policy === null ? undefined : usedNames(policy),
  }))
  return (node) => {
    const context = contextOf(node)
    const seen = known.map(({ selector, used }) =>
      selector === null || !evaluateSelector(selector, context).selected
        ? null
        : used === undefined
          ? ''
          : viewOf(context, used),
    )
    return JSON.stringify(seen)
  }
}

/** The same claim on several kinds of nodes is one. */
function together(claims: readonly ClaimOutput[]): readonly ClaimOutput[] {
  const groups = Map.groupBy(claims, ({ nodes: _nodes, ...claim }) => JSON.stringify(claim))
  return [...groups.values()].flatMap(([first, ...others]) =>
    first === undefined ? [] : [{ ...first, nodes: [first, ...others].flatMap(({ nodes }) => nodes).sort() }],
  )
}

async function onNode(
  reader: PolicyReader,
  next: { readonly policy: CompiledPolicy; readonly files: BundlePaths },
  node: NodeRow,
): Promise<Omit<CombinationOutput, 'labels' | 'nodes' | 'claims'> & { readonly claims: readonly SharedClaim[] }> {
  const context = contextOf(node)
  const { resources, waiting, errors } = resolveShown(next, context)
  const { policies } = await policiesOn(reader, node)
  const before = policies.find(({ view }) => view.policy === next.policy.policy)?.resolved?.resources ?? []
  const others = policies.flatMap(({ policy, resolved }) =>
    policy === null || resolved === null || policy.policy === next.policy.policy
      ? []
      : [{ policy: policy.policy, priority: priorityOf(policy), resources: resolved.resources }],
  )
  const mine = { policy: next.policy.policy, priority: priorityOf(next.policy), resources }
  const had = new Map(before.map((resource) => [resource.key, contentOf(resource)]))
  const has = new Set([...resources.map(({ key }) => key), ...waiting.map(({ key }) => key)])
  return {
    resources: resources.length + waiting.length,
    vars: errors.length > 0 ? null : varsOf(next.policy, node),
    added: resources.filter(({ key }) => !had.has(key)).map(({ key }) => key),
    changed: resources.filter((one) => had.has(one.key) && had.get(one.key) !== contentOf(one)).map(({ key }) => key),
    unmanaged: before
      .filter(({ key }) => errors.length === 0 && !has.has(key))
      .map(({ key, onRemove }) => ({ key, onRemove })),
    waiting: waiting.map(({ key }) => key),
    errors: errors.map(({ code, message }) => ({ code, message })),
    claims: sharedClaims([mine, ...others], RESOURCE_TYPES).filter(({ winner, other }) =>
      [winner, other].some(({ policy }) => policy === mine.policy),
    ),
  }
}

function varsOf(policy: CompiledPolicy, node: NodeRow): Readonly<Record<string, Value>> {
  return variablesFor(policy, contextOf(node))
}

/** The values of secrets are not in it: a new value of one is no change that can be told here. */
function contentOf(resource: ResolvedResource): string {
  return JSON.stringify([shownAttributes({ ...resource, sensitive: false }), resource.require, resource.notify])
}
