import type { PolicyErrorCode } from '../errors.ts'
import type { HostPort } from '../host.ts'
import type { ResolvedResource, Value } from '../model.ts'
import type { BoundResource, ResourceType } from '../resources/type.ts'
import { idOf } from './types.ts'

/** A resource that is ready to be looked at, or what is wrong with it. */
export interface Prepared {
  readonly id: string
  readonly resource: ResolvedResource
  readonly bound: BoundResource | null
  readonly problem: { readonly code: PolicyErrorCode; readonly reason: string } | null
  /** Equal for equal attributes. */
  readonly fingerprint: string
}

const known = new WeakMap<ResolvedResource, Prepared>()

/** Checks a resource against its type, once for each object. */
export function prepare(
  resource: ResolvedResource,
  types: Readonly<Record<string, ResourceType>>,
  host: HostPort,
): Prepared {
  const before = known.get(resource)
  if (before !== undefined) return before
  const prepared = prepareNew(resource, types, host)
  known.set(resource, prepared)
  return prepared
}

function prepareNew(
  resource: ResolvedResource,
  types: Readonly<Record<string, ResourceType>>,
  host: HostPort,
): Prepared {
  const base = { id: idOf(resource.policy, resource.key), resource, fingerprint: fingerprint(resource, host) }
  const type = Object.hasOwn(types, resource.type) ? types[resource.type] : undefined
  if (type === undefined) {
    const reason = `this build has no resource type '${resource.type}'; a newer chorus may have it`
    return { ...base, bound: null, problem: { code: 'E_UNKNOWN_TYPE', reason } }
  }
  const bound = type.bind(resource)
  if (typeof bound !== 'string') return { ...base, bound: silent(resource, bound, host), problem: null }
  return { ...base, bound: null, problem: { code: 'E_ATTRIBUTE', reason: bound } }
}

/** A claim can hold the very line that is put into a file. Claims are remembered and shown: of a sensitive one, its hash. */
function silent({ sensitive }: ResolvedResource, bound: BoundResource, host: HostPort): BoundResource {
  if (!sensitive || !bound.claims.some((claim) => LINE.test(claim))) return bound
  const claims = bound.claims.map((claim) => {
    const [start] = LINE.exec(claim) ?? []
    return start === undefined ? claim : start + hex(host.sha256(new TextEncoder().encode(claim)).subarray(0, 16))
  })
  return { ...bound, claims }
}

const LINE = /^edit:\S+ line /

/** SHA-256 over type and attributes, 16 bytes of it in hex: it tells news from drift, and guards nothing. */
function fingerprint({ type, attrs }: ResolvedResource, host: HostPort): string {
  const digest = host.sha256(new TextEncoder().encode(type + canonical(attrs, host)))
  return hex(digest.subarray(0, 16))
}

function canonical(value: ResolvedResource['attrs'] | Value | Uint8Array, host: HostPort): string {
  if (value instanceof Uint8Array) return `bytes:${hex(host.sha256(value))}`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map((item: Value) => canonical(item, host)).join()}]`
  const parts = Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}:${canonical(item, host)}`)
  return `{${parts.sort().join()}}`
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

function hex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += HEX[byte] ?? ''
  return text
}
