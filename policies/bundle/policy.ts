import { z } from 'zod'
import { PolicyError } from '../errors.ts'
import { isPolicyName } from '../language/work.ts'
import { LIMITS } from '../limits.ts'
import type { CompiledPolicy, Value } from '../model.ts'
import { decodeCanonical, encodeCanonical } from './cbor.ts'

/** Levels of a compiled policy above the values that a policy file holds: policy, resources, resource, attrs. */
const POLICY_DEPTH = LIMITS.depth + 8

function isValue(value: unknown): value is Value {
  if (value === null || typeof value === 'boolean') return true
  if (typeof value === 'string') return value.isWellFormed()
  if (typeof value === 'number') return Number.isSafeInteger(value)
  if (Array.isArray(value)) return value.every(isValue)
  if (typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return false
  return Object.entries(value).every(([key, item]) => key !== '__proto__' && isValue(item))
}

const value = z.custom<Value>(isValue, 'must be a plain value')
const values = z.record(z.string(), value)

const instance = z.strictObject({
  within: z.string().exactOptional(),
  when: z.string().min(1).max(LIMITS.exprChars).exactOptional(),
  each: value.exactOptional(),
  params: z.record(
    z.string(),
    z.strictObject({
      type: z.enum(['text', 'number', 'boolean', 'list', 'map', 'any']),
      value,
      oneOf: z.array(value).exactOptional(),
    }),
  ),
})

const secret = z.union([
  z.strictObject({ age: z.string() }),
  z.strictObject({ file: z.string() }),
  z.strictObject({ exec: z.array(z.string()).min(1).max(LIMITS.argvWords) }),
])

/** What is in the bundle. Places stay out: a comment added to a policy must not change what it is. */
const encodedPolicy = z.strictObject({
  v: z.literal(1),
  policy: z.string().refine(isPolicyName, 'must be the name of a policy'),
  select: z.string().min(1).max(LIMITS.exprChars),
  after: z.array(z.string().refine(isPolicyName, 'must be the name of a policy')),
  vars: values,
  data: z.array(z.string()),
  layers: values.refine((layers) => Object.keys(layers).length <= LIMITS.layers + 1, 'has too many layers'),
  templates: z.record(z.string(), z.string()),
  resources: z
    .array(z.strictObject({ key: z.string(), type: z.string(), attrs: values, instance: z.string().exactOptional() }))
    .max(LIMITS.resources),
  extra: values,
  instances: z.record(z.string(), instance).exactOptional(),
  secrets: z.record(z.string(), secret).exactOptional(),
})

/** The bytes of a compiled policy: equal for equal policies. @throws PolicyError E_TOO_LARGE */
export function encodePolicy(policy: CompiledPolicy): Uint8Array {
  const resources = policy.resources.map(({ at: _place, ...resource }) => resource)
  const bytes = encodeCanonical({ ...policy, resources })
  if (bytes.length <= LIMITS.policyBytes) return bytes
  throw new PolicyError(
    'E_TOO_LARGE',
    `the compiled policy has ${bytes.length} bytes, the limit is ${LIMITS.policyBytes}`,
    {
      hint: 'Split the policy, or move large content into files.',
    },
  )
}

/**
 * Reads a compiled policy from a bundle. Its resources have no place in a file any more: line and column are 0.
 *
 * @throws PolicyError E_TOO_LARGE, E_MALFORMED, E_POLICY_SCHEMA
 */
export function readPolicy(bytes: Uint8Array): CompiledPolicy {
  const decoded = decodeCanonical(bytes, 'the policy', LIMITS.policyBytes, POLICY_DEPTH)
  const result = encodedPolicy.safeParse(decoded)
  if (!result.success) {
    const issue = result.error.issues[0]
    const place = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `
    throw new PolicyError('E_POLICY_SCHEMA', `the policy in the bundle does not fit: ${place}${issue?.message ?? ''}`)
  }
  const at = { file: 'policy.yaml', line: 0, column: 0 }
  return { ...result.data, resources: result.data.resources.map((resource) => ({ ...resource, at })) }
}

/**
 * Resource types that a policy uses, sorted: the `uses` of its feed entry. A secret that a command prints counts as `exec`:
 * it needs the same rights.
 */
export function usesOf(policy: CompiledPolicy): readonly string[] {
  const commands =
    Object.values(policy.secrets ?? {}).some((source) => 'exec' in source) ||
    policy.extra['onChange'] !== undefined ||
    JSON.stringify(policy.extra['health'] ?? null).includes('"exec":')
  return [...new Set([...policy.resources.map((resource) => resource.type), ...(commands ? ['exec'] : [])])].sort()
}
