import type { ControlClient, NodePoliciesView, NodePolicyView, NodeRow } from '../../node/control/index.ts'
import {
  evaluateSelector,
  parseBundleRoot,
  PolicyError,
  readPolicy,
  resolve,
  RESOURCE_TYPES,
} from '../../policies/index.ts'
import type {
  BundlePaths,
  CompiledPolicy,
  NodeContext,
  Resolved,
  ResolvedResource,
  Value,
} from '../../policies/index.ts'
import { CliError } from '../errors.ts'
import { contextOf } from './select.ts'

/** A policy as it is on one node, as far as its bundle is here to be read. */
export interface PolicyOnNode {
  readonly view: NodePolicyView
  /** Null if its bundle is not held here, or nothing of it is in force there. */
  readonly policy: CompiledPolicy | null
  /** Whether its `select` chooses the node. */
  readonly selected: boolean
  readonly resolved: Resolved | null
}

/** A bundle without the content of its files. */
export interface PolicyOnly {
  readonly policy: CompiledPolicy
  readonly files: BundlePaths
}

/**
 * Reads the policy of a bundle and the names of its files; the rest of the bundle is not waited for.
 * @throws ControlError E_NOT_FOUND if it is not held whole
 */
export async function readPolicyOf(client: ControlClient, cid: string): Promise<PolicyOnly> {
  const parts = new Map<string, Uint8Array>()
  let root: ReturnType<typeof parseBundleRoot> | undefined
  for await (const block of client.bundle(cid)) {
    if (root === undefined) root = parseBundleRoot(block.bytes)
    else parts.set(block.cid, block.bytes)
    if (root.policy.chunks.every((chunk) => parts.has(chunk))) break
  }
  const chunks = root?.policy.chunks.map((chunk) => parts.get(chunk)) ?? [undefined]
  if (root === undefined || chunks.includes(undefined))
    throw new CliError('E_ARCHIVE', `the bundle ${cid} lacks its policy`)
  const policy = readPolicy(Buffer.concat(chunks.flatMap((chunk) => chunk ?? [])))
  return { policy, files: new Map(root.files.map((file) => [file.path, file])) }
}

/** Reads each policy once, for questions about many nodes. */
export class PolicyReader {
  readonly client: ControlClient
  readonly #read = new Map<string, Promise<PolicyOnly>>()

  constructor(client: ControlClient) {
    this.client = client
  }

  read(cid: string): Promise<PolicyOnly> {
    const known = this.#read.get(cid) ?? readPolicyOf(this.client, cid)
    this.#read.set(cid, known)
    return known
  }
}

/** Every policy of one node with what it resolves to there, by the facts that the node told. */
export async function policiesOn(
  reader: PolicyReader,
  node: NodeRow,
): Promise<{ readonly answer: NodePoliciesView; readonly policies: readonly PolicyOnNode[] }> {
  const answer = await reader.client.nodePolicies(node.key)
  const context = contextOf(answer.node)
  const policies: PolicyOnNode[] = []
  for (const view of answer.policies) {
    const read = view.bundle !== null && view.held ? await reader.read(view.bundle.cid) : null
    const selected = view.selector !== null && evaluateSelector(view.selector, context).selected
    const resolved = read !== null && selected ? resolveShown(read, context) : null
    policies.push({ view, policy: read?.policy ?? null, selected, resolved })
  }
  return { answer, policies }
}

/**
 * What a policy is on a node, with a name in place of each secret: `(secret tls_key)`. Where such a name does not fit (a
 * mode, a path), the resource is shown as waiting for it.
 */
export function resolveShown({ policy, files }: PolicyOnly, context: NodeContext): Resolved {
  if (policy.secrets === undefined) return resolve(policy, context, files, RESOURCE_TYPES)
  const named = resolve(policy, context, files, RESOURCE_TYPES, { secrets: (name) => ({ value: `(secret ${name})` }) })
  if (named.errors.length === 0) return named
  return resolve(policy, context, files, RESOURCE_TYPES, { secrets: () => ({ missing: 'not shown' }) })
}

/** Attributes of a resource as they may be shown: content as text, nothing of what the policy calls sensitive. */
export function shownAttributes({ attrs, sensitive }: ResolvedResource): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(attrs).map(([attr, value]) => [attr, sensitive && !OPEN.has(attr) ? masked(value) : shown(value)]),
  )
}

/** Of a sensitive resource these can be shown, as its outcomes show them too. */
const OPEN: ReadonlySet<string> = new Set(['path', 'mode', 'owner', 'group', 'state', 'name'])

/** A text made of the name of a secret alone says which one; anything else could be a value that is written in the policy. */
function masked(value: Value | Uint8Array): Value {
  return typeof value === 'string' && /^\(secret [A-Za-z0-9_]+\)\n?$/.test(value) ? value : '(sensitive)'
}

/** Characters of a text that are shown. */
const SHOWN_CHARS = 2000

function shown(value: Value | Uint8Array): Value {
  if (typeof value === 'string' && value.length > SHOWN_CHARS) return `${value.slice(0, SHOWN_CHARS)}…`
  if (!(value instanceof Uint8Array)) return value
  try {
    return shown(new TextDecoder('utf-8', { fatal: true }).decode(value))
  } catch {
    return `(${value.length} bytes)`
  }
}

/** What is wrong with evaluating something, as text. @throws whatever is no PolicyError */
export function problemOf(error: unknown): string {
  if (error instanceof PolicyError) return error.message
  throw error
}
