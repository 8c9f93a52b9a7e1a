import type { NodePolicyView } from '../../node/control/index.ts'
import { PolicyError, RESOURCE_TYPES, priorityOf, sharedClaims, whyNot, whyResource } from '../../policies/index.ts'
import type { NodeContext, ResourceWhy, SharedClaim, Value } from '../../policies/index.ts'
import type { Context, Invocation } from '../command.ts'
import { CliError, EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { didYouMean } from '../input/suggest.ts'
import { daemonOf } from '../mesh/daemon.ts'
import { nodeNamed } from '../mesh/names.ts'
import { PolicyReader, policiesOn, problemOf } from '../mesh/resolved.ts'
import type { PolicyOnNode } from '../mesh/resolved.ts'
import { contextOf } from '../mesh/select.ts'
import { listed } from '../out/text.ts'
import { termOutput } from '../out/terms.ts'
import type { TermOutput } from '../out/terms.ts'
import { whyText } from '../out/why.ts'

/** `chorus why --json`. */
export interface WhyOutput {
  readonly node: { readonly name: string; readonly id: string; readonly labels: Readonly<Record<string, string>> }
  readonly state: string
  /** Hands off, and why; only the node that is asked tells. */
  readonly hold: string | null
  readonly policies: readonly PolicyWhy[]
  /** The resource that was asked for, in each policy that has it; null if none was asked for. */
  readonly resource: { readonly key: string; readonly found: readonly ResourceFound[] } | null
}

export interface PolicyWhy {
  readonly policy: string
  readonly seq: number | null
  readonly version: string | null
  readonly author: string | null
  /** The select term by term; null if no version is known. */
  readonly select: TermOutput | null
  readonly selected: boolean
  /** One sentence: in force, or what stands in the way. */
  readonly verdict: string
  readonly state: string
  readonly code: string | null
  readonly waiting: readonly { readonly key: string; readonly reason: string }[]
  readonly errors: readonly { readonly code: string; readonly message: string }[]
}

export interface ResourceFound {
  readonly policy: string
  readonly present: boolean
  readonly state: string | null
  readonly reason: string
  readonly when: TermOutput | null
  readonly written: string
  readonly attributes: readonly {
    readonly attr: string
    readonly written: Value
    readonly origins: readonly { readonly name: string; readonly value: Value | null; readonly from: string | null }[]
  }[]
  /** Other resources with the same claim, and whose word counts. */
  readonly claims: readonly SharedClaim[]
}

export async function run(context: Context, { args }: Invocation): Promise<Exit> {
  const client = await daemonOf(context)
  const row = nodeNamed((await client.nodes()).nodes, args[0] ?? '')
  const { answer, policies } = await policiesOn(new PolicyReader(client), row)
  const { name, id, labels, state } = answer.node
  const node = contextOf(answer.node)
  // A policy by its name is a question as natural as a resource; no resource is called like one.
  const asked = policies.filter(({ view }) => view.policy === args[1])
  const key = asked.length > 0 ? undefined : args[1]
  const data: WhyOutput = {
    node: { name, id, labels },
    state,
    hold: answer.hold,
    policies: (asked.length > 0 ? asked : policies).map((one) => policyWhy(one, node)),
    resource: key === undefined ? null : { key, found: foundIn(policies, node, key) },
  }
  if (data.resource !== null && data.resource.found.length === 0) throw notThere(policies, name, data.resource.key)
  context.out.result('why', data, whyText)
  return EXIT.done
}

function policyWhy({ view, policy, selected, resolved }: PolicyOnNode, node: NodeContext): PolicyWhy {
  const { selector } = view
  return {
    policy: view.policy,
    seq: view.seq,
    version: view.version,
    author: view.author?.name ?? null,
    select: selector === null ? null : selectTerm(selector, node),
    selected,
    verdict: verdictOf(view, selected, policy !== null),
    state: view.state,
    code: view.code,
    waiting: (resolved?.waiting ?? []).map(({ key, reason }) => ({ key, reason })),
    errors: (resolved?.errors ?? []).map(({ code, message }) => ({ code, message })),
  }
}

function selectTerm(selector: string, node: NodeContext): TermOutput {
  try {
    return termOutput(whyNot(selector, node))
  } catch (error) {
    return { text: selector, holds: false, error: problemOf(error), joins: null, values: [], terms: [] }
  }
}

/** The first thing that stands in the way, in the order in which a node asks. */
function verdictOf(view: NodePolicyView, selected: boolean, isRead: boolean): string {
  if (view.notInForce !== null) return `not in force: ${view.notInForce}`
  if (view.action === 'retire') return 'retired: nothing of it is wanted any more'
  if (!selected) return 'not for this node: its select does not choose it'
  if (view.needsNewer.length > 0) return `needs a newer chorus: ${view.needsNewer.join(', ')} is not understood here`
  if (!view.held) return 'its bundle is not whole on the node that was asked: it is being fetched'
  if (!isRead) return 'its bundle cannot be read here'
  if (view.inForce === null)
    return view.state === 'unknown' ? 'the node has not said yet that it runs it' : 'not applied yet'
  if (view.inForce !== view.version) return 'an earlier version is in force there until this one is applied'
  return view.state === 'ok' ? 'in force' : `in force, ${view.state}${view.reason === '' ? '' : `: ${view.reason}`}`
}

function foundIn(policies: readonly PolicyOnNode[], node: NodeContext, asked: string): readonly ResourceFound[] {
  const claims = sharedClaims(
    policies.flatMap(({ policy, resolved }) =>
      policy === null || resolved === null
        ? []
        : [{ policy: policy.policy, priority: priorityOf(policy), resources: resolved.resources }],
    ),
    RESOURCE_TYPES,
  )
  return policies.flatMap(({ view, policy, selected, resolved }) => {
    if (policy === null) return []
    // `web/site:file/motd` means that of one policy.
    const key = asked.startsWith(`${policy.policy}:`) ? asked.slice(policy.policy.length + 1) : asked
    const written = waysOf(policy, node, key)
    const outcome = view.outcomes.find((one) => one.key === key)
    const waits = resolved?.waiting.find((one) => one.key === key)
    const present = resolved?.resources.some((one) => one.key === key) === true || waits !== undefined
    return written.map(({ written: as, when, attributes }): ResourceFound => ({
      policy: policy.policy,
      present,
      state: outcome?.state ?? (waits === undefined ? null : 'waiting'),
      reason: outcome?.reason ?? waits?.reason ?? (selected ? '' : 'the policy is not for this node'),
      when: when === undefined ? null : termOutput(when),
      written: as,
      attributes: attributes.map(({ attr, written: value, origins }) => ({
        attr,
        written: value,
        origins: origins.map((one) => ({ name: one.name, value: one.value ?? null, from: one.from ?? null })),
      })),
      claims: claims.filter(({ winner, other }) =>
        [winner, other].some((one) => one.policy === policy.policy && one.key === key),
      ),
    }))
  })
}

function waysOf(policy: NonNullable<PolicyOnNode['policy']>, node: NodeContext, key: string): readonly ResourceWhy[] {
  try {
    return whyResource(policy, node, key)
  } catch (error) {
    // Its variables cannot be told on this node, which is said with the policy.
    if (error instanceof PolicyError) return []
    throw error
  }
}

function notThere(policies: readonly PolicyOnNode[], node: string, key: string): CliError {
  const keys = policies.flatMap(({ policy, resolved }) => [
    ...(resolved?.resources.map((one) => one.key) ?? []),
    ...(policy?.resources.map((one) => one.key) ?? []),
  ])
  return new CliError(
    'E_NOT_FOUND',
    `no policy of ${node} has a resource "${key}", or is called so${didYouMean(key, [...keys, ...policies.map(({ view }) => view.policy)])}`,
    keys.length === 0 ? undefined : `It has ${listed([...new Set(keys)])}.`,
  )
}
