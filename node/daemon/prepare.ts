import type {
  Grant,
  HostPolicy,
  NodeContext,
  Outcome,
  ResolvedResource,
  WaitingResource,
} from '../../policies/index.ts'
import { PolicyError, priorityOf, RESOURCE_TYPES, resolve, usesOf } from '../../policies/index.ts'
import type { PolicyToApply } from '../core/index.ts'
import { NodeError } from '../errors.ts'
import type { Bundles, LoadedBundle } from './bundles.ts'
import { redacted } from './redact.ts'
import type { NodeSecrets } from './secrets.ts'

/** A policy of a run: resolved for this host, or the reason why it cannot be. */
export type Prepared =
  | { readonly ok: true; readonly wanted: PolicyToApply; readonly bundle: LoadedBundle; readonly policy: HostPolicy }
  | { readonly ok: false; readonly wanted: PolicyToApply; readonly code: string; readonly outcomes: readonly Outcome[] }

interface Kept {
  readonly key: string
  readonly resources: readonly ResolvedResource[]
  readonly waiting: readonly WaitingResource[]
  readonly grant: Grant | null
}

/**
 * Loads and resolves the policies of a run. Everything is there and whole before the first change: a policy that is not
 * is left out, and what it manages stays as it is. Equal questions give the same objects, which makes the next run cheap.
 */
export class Preparer {
  readonly #bundles: Bundles
  readonly #secrets: Pick<NodeSecrets, 'of'>
  readonly #kept = new Map<string, Kept>()
  /** Secrets of each policy, to be kept out of what its runs say. */
  readonly #values = new Map<string, ReadonlyMap<string, string>>()

  constructor(bundles: Bundles, secrets: Pick<NodeSecrets, 'of'>) {
    this.#bundles = bundles
    this.#secrets = secrets
  }

  async all(wanted: readonly PolicyToApply[], context: NodeContext): Promise<Prepared[]> {
    const prepared: Prepared[] = []
    for (const policy of wanted) prepared.push(await this.one(policy, context))
    const names = new Set(wanted.map(({ policy }) => policy))
    for (const known of [this.#kept, this.#values])
      for (const name of known.keys()) if (!names.has(name)) known.delete(name)
    return prepared
  }

  /** The outcomes of a run without any value of a secret. */
  redacted(outcomes: readonly Outcome[]): readonly Outcome[] {
    return [...this.#values.values()].reduce((left, values) => redacted(left, values), outcomes)
  }

  async one(wanted: PolicyToApply, context: NodeContext): Promise<Prepared> {
    let bundle: LoadedBundle
    try {
      bundle = await this.#bundles.load(wanted.bundle.cid)
    } catch (error) {
      if (error instanceof PolicyError || error instanceof NodeError) return failed(wanted, [error])
      throw error
    }
    const lie = contradiction(wanted, bundle)
    if (lie !== undefined) return failed(wanted, [new PolicyError('E_POLICY_SCHEMA', lie)])
    const grant = grantOf(wanted)
    const { provider, mark, values } = await this.#secrets.of(bundle, context, grant)
    this.#values.set(wanted.policy, values)
    const key = JSON.stringify([wanted.version, wanted.bundle.cid, wanted.types, wanted.paths, context, mark])
    let kept = this.#kept.get(wanted.policy)
    if (kept?.key !== key) {
      const options = { secrets: provider }
      const { resources, waiting, errors } = resolve(bundle.policy, context, bundle.files, RESOURCE_TYPES, options)
      if (errors.length > 0) return failed(wanted, errors)
      kept = { key, resources, waiting, grant }
      this.#kept.set(wanted.policy, kept)
    }
    const [{ after }, priority] = [bundle.policy, priorityOf(bundle.policy)]
    const policy = { policy: wanted.policy, version: wanted.version, priority, after, ...resolvedPart(kept) }
    return { ok: true, wanted, bundle, policy }
  }
}

const resolvedPart = ({ resources, waiting, grant }: Kept): Pick<HostPolicy, 'resources' | 'waiting' | 'grant'> => ({
  resources,
  waiting,
  grant,
})

function grantOf({ types, paths }: PolicyToApply): Grant | null {
  return types === null && paths === null ? null : { types, paths }
}

/** What its record says of a bundle must be what the bundle says of itself. */
function contradiction(wanted: PolicyToApply, { policy }: LoadedBundle): string | undefined {
  if (policy.policy !== wanted.policy)
    return `The bundle holds ${policy.policy}, and was published as ${wanted.policy}.`
  const uses = usesOf(policy)
  const hidden = uses.filter((type) => !wanted.uses.includes(type))
  if (hidden.length > 0) return `The bundle uses ${hidden.join(', ')}, which its record does not name.`
  return undefined
}

/** Shown per resource as far as it is known which. */
function failed(wanted: PolicyToApply, errors: readonly (PolicyError | NodeError)[]): Prepared {
  const code = errors[0]?.code ?? 'E_POLICY_SCHEMA'
  const outcomes = errors.map((error): Outcome => ({
    policy: wanted.policy,
    key: (error instanceof PolicyError ? error.resource : undefined) ?? 'policy',
    state: 'failed',
    reason: error.message,
    code: error.code,
  }))
  return { ok: false, wanted, code, outcomes }
}
