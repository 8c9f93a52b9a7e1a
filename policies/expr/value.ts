import { PolicyError } from '../errors.ts'
import type { Value } from '../model.ts'
import { Version } from './version.ts'

/** What an expression works on: the values of the language, and versions, which exist only inside an expression. */
export type ExprValue =
  | null
  | boolean
  | number
  | string
  | Version
  | readonly ExprValue[]
  | { readonly [key: string]: ExprValue }

export type ExprMap = { readonly [key: string]: ExprValue }

export function isList(value: ExprValue): value is readonly ExprValue[] {
  return Array.isArray(value)
}

export function isMap(value: ExprValue): value is ExprMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Version)
}

/** The kind of a value, in the words of an error message. */
export function kindOf(value: ExprValue): string {
  if (value === null) return 'null'
  if (value instanceof Version) return 'a version'
  if (isList(value)) return 'a list'
  if (typeof value === 'object') return 'a map'
  return { boolean: 'a boolean', number: 'a number', string: 'a text' }[typeof value as 'boolean' | 'number' | 'string']
}

/** Number of values that a deep comparison or copy would visit, up to `max`. */
export function sizeOf(value: ExprValue, max: number): number {
  if (typeof value === 'string') return 1 + (value.length >> 6)
  if (typeof value !== 'object' || value === null || value instanceof Version) return 1
  let size = 1
  for (const item of isList(value) ? value : Object.values(value)) {
    size += sizeOf(item, max - size)
    if (size > max) return size
  }
  return size
}

/** Deep equality. Values of different kinds are unequal, as CEL's heterogeneous equality has it. */
export function equal(a: ExprValue, b: ExprValue): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (a instanceof Version || b instanceof Version) {
    return a instanceof Version && b instanceof Version && a.compare(b) === 0
  }
  if (isList(a) || isList(b)) {
    if (!isList(a) || !isList(b) || a.length !== b.length) return false
    return a.every((item, i) => equal(item, b[i] ?? null))
  }
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every((key) => Object.hasOwn(b, key) && equal(a[key] ?? null, b[key] ?? null))
}

/**
 * The result of an expression as a value of the language.
 *
 * @throws PolicyError E_EXPR for a version or a number that is not whole: neither has a canonical form in a policy
 */
export function toValue(value: ExprValue): Value {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw new PolicyError('E_EXPR', `the result ${value} is not a whole number up to 2^53-1`, {
      hint: 'Policies hold whole numbers only; keep others as text.',
    })
  }
  if (value instanceof Version) {
    throw new PolicyError('E_EXPR', `the result is a version, which can only be compared`, {
      hint: `Use the text itself, without version(...).`,
    })
  }
  if (isList(value)) return value.map(toValue)
  if (isMap(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toValue(item)]))
  return value
}

/**
 * The text of a value inside other text: `port ${vars.port}`.
 *
 * @throws PolicyError E_EXPR for null, lists, maps and versions, which have no one text that everybody would expect
 */
export function toText(value: ExprValue): string {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return value ? 'true' : 'false'
  if (typeof value === 'number') {
    toValue(value)
    return value.toString()
  }
  throw new PolicyError('E_EXPR', `${kindOf(value)} has no form inside text`, {
    hint: isList(value)
      ? `Join it: \${list.join(', ')}.`
      : value === null
        ? `Give a default: \${has(x.y) ? x.y : 'default'}.`
        : 'Name the field that you mean.',
  })
}
