import { z } from 'zod'
import { evaluateDeep } from '../expr/interpolate.ts'
import { nodeScope } from '../expr/selector.ts'
import { EXTRAS } from '../language/extras.ts'
import { variablesFor } from '../language/layers.ts'
import { PolicyError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { CompiledPolicy, NodeContext } from '../model.ts'
import { msOf } from '../resources/timing.ts'

/** One thing that must hold on this node after a change. */
export type HealthCheck = (
  | { readonly http: string; readonly status: number | null }
  | { readonly tcp: { readonly host: string; readonly port: number } }
  | { readonly exec: readonly string[] }
) & {
  /** It may take so long until it holds, ms. */
  readonly withinMs: number
}

/** What surrounds the resources of a policy on one node: all that is executed beside them. */
export interface Around {
  readonly health: readonly HealthCheck[]
  /** Commands before and after a run that changes something. */
  readonly before: readonly (readonly string[])[]
  readonly after: readonly (readonly string[])[]
  /** Whether a failed health check brings the last good version back. */
  readonly fallback: boolean
}

const shape = z.object(EXTRAS.shape).partial()
/** Checks that the values of expressions can break. */
const address = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:/]+)):([0-9]{1,5})$/

/**
 * Evaluates what a policy says beside its resources.
 *
 * @throws PolicyError E_VALUE if it comes to something that cannot be executed, and those of expressions
 */
export function aroundOf(policy: CompiledPolicy, context: NodeContext): Around {
  const { health, onChange, rollout } = policy.extra
  if (health === undefined && onChange === undefined && rollout === undefined) return NOTHING_AROUND
  const scope = { ...nodeScope(context), vars: variablesFor(policy, context) }
  const parts = Object.entries({ health, onChange }).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, evaluateDeep(value, scope)]],
  )
  const read = shape.safeParse({ ...Object.fromEntries(parts), ...(rollout === undefined ? {} : { rollout }) })
  if (!read.success) {
    const issue = read.error.issues[0]
    throw new PolicyError('E_VALUE', `${issue?.path.join('.') ?? 'health'}: ${issue?.message ?? 'cannot be executed'}`)
  }
  return {
    health: (read.data.health ?? []).map(checkOf),
    before: read.data.onChange?.before ?? [],
    after: read.data.onChange?.after ?? [],
    fallback: read.data.rollout?.fallback !== 'never',
  }
}

export const NOTHING_AROUND: Around = { health: [], before: [], after: [], fallback: true }

/** Whether it starts commands: then the grant of the author must allow that. */
export function runsCommands({ health, before, after }: Around): boolean {
  return before.length + after.length > 0 || health.some((check) => 'exec' in check)
}

type Written = NonNullable<z.output<typeof shape>['health']>[number]

function checkOf({ http, status, tcp, exec, within }: Written): HealthCheck {
  const withinMs = within === undefined ? LIMITS.healthMs : Math.min(msOf(within), LIMITS.healthMaxMs)
  if (http !== undefined) {
    if (!URL.canParse(http)) throw new PolicyError('E_VALUE', `health: '${http}' is no URL`)
    return { http, status: status ?? null, withinMs }
  }
  if (exec !== undefined) return { exec, withinMs }
  const [, six, host, port = ''] = address.exec(tcp ?? '') ?? []
  const number = Number(port)
  if (number < 1 || number > 65_535) throw new PolicyError('E_VALUE', `health: '${tcp}' is no address HOST:PORT`)
  return { tcp: { host: six ?? host ?? '', port: number }, withinMs }
}

/** As people read it. */
export function describeCheck(check: HealthCheck): string {
  if ('http' in check) return check.http
  return 'tcp' in check ? `${check.tcp.host}:${check.tcp.port}` : (check.exec[0] ?? '')
}
