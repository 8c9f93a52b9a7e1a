import { z } from 'zod'
import { didYouMean } from '../expr/suggest.ts'
import { narrowed } from '../resources/narrowed.ts'
import { COMMON_ATTRIBUTES } from './common.ts'

/** One thing that is wrong with the attributes of a resource. */
export interface AttributeProblem {
  /** The attribute, or undefined if it concerns several. */
  readonly attr: string | undefined
  readonly message: string
  readonly hint?: string
}

/**
 * Checks attributes against a schema. What is returned has the defaults of the schema filled in.
 *
 * @param attrs evaluated attributes, without those common to all types
 */
export function checkAttributes(
  schema: z.ZodObject,
  attrs: Readonly<Record<string, unknown>>,
): { readonly attrs: Record<string, unknown> } | { readonly problems: readonly AttributeProblem[] } {
  const unknown = unknownAttributes(schema, Object.keys(attrs))
  const result = narrowed(schema, attrs).safeParse(attrs)
  if (result.success && unknown.length === 0) return { attrs: result.data }
  const found = result.success ? [] : result.error.issues.flatMap((issue) => describeIssue(issue, attrs))
  return { problems: [...unknown, ...found] }
}

/**
 * As `checkAttributes` where some attributes are not evaluated yet: each known one is checked by itself, what is
 * required must be there, and rules between attributes wait.
 */
export function checkPartly(
  schema: z.ZodObject,
  known: Readonly<Record<string, unknown>>,
  dynamic: readonly string[],
): readonly AttributeProblem[] {
  const problems = [...unknownAttributes(schema, [...Object.keys(known), ...dynamic])]
  for (const [attr, part] of Object.entries(schema.shape)) {
    if (dynamic.includes(attr)) continue
    const result = z.safeParse(part, known[attr])
    if (result.success) continue
    problems.push(
      ...result.error.issues.flatMap((issue) => describeIssue({ ...issue, path: [attr, ...issue.path] }, known)),
    )
  }
  return problems
}

function unknownAttributes(schema: z.ZodObject, given: readonly string[]): AttributeProblem[] {
  const strange = given.filter((attr) => !Object.hasOwn(schema.shape, attr))
  if (strange.length === 0) return []
  const names = [...Object.keys(schema.shape), ...Object.keys(COMMON_ATTRIBUTES.shape)]
  return strange.map((attr) => ({ attr, message: `there is no attribute '${attr}'.${didYouMean(attr, names)}` }))
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  record: 'a map',
  null: 'null',
}

/** What is wrong, in words: one problem, or none for what another check says better. */
export function describeIssue(issue: z.core.$ZodIssue, attrs: Readonly<Record<string, unknown>>): AttributeProblem[] {
  const [attr] = issue.path
  const name = issue.path.join('.')
  const value = issue.path.reduce<unknown>((from, key) => fieldOf(from, key), attrs)
  const problem = (message: string, hint?: string): AttributeProblem[] => [
    { attr: attr === undefined ? undefined : String(attr), message, ...(hint === undefined ? {} : { hint }) },
  ]
  switch (issue.code) {
    case 'invalid_type': {
      const wanted = KINDS[issue.expected] ?? issue.expected
      if (value === undefined) return problem(`${name} is missing; it must be ${wanted}`)
      return problem(`${name} must be ${wanted}, not ${show(value)}`, typeHint(name, issue.expected, value))
    }
    case 'invalid_value': {
      const choices = issue.values.map(String)
      const meant = typeof value === 'string' ? didYouMean(value, choices) : ''
      return problem(`${name} must be one of ${choices.join(', ')}, not ${show(value)}.${meant}`)
    }
    case 'unrecognized_keys':
      // The attributes of the resource itself are compared with the schema before, with better suggestions.
      if (issue.path.length === 0) return []
      return problem(`${name} has no field ${issue.keys.map((key) => `'${key}'`).join(', ')}`)
    case 'invalid_union': {
      const first = issue.errors.toSorted((a, b) => deepest(b) - deepest(a))[0]?.[0]
      if (value === undefined || first === undefined || issue.errors.every((side) => deepest(side) === 0)) {
        const kinds = issue.errors
          .flat()
          .flatMap((side) => (side.code === 'invalid_type' ? [KINDS[side.expected] ?? side.expected] : []))
        if (kinds.length === 0) return problem(`${name}: ${lower(issue.message)}`)
        return problem(
          value === undefined
            ? `${name} is missing`
            : `${name} must be ${[...new Set(kinds)].join(' or ')}, not ${show(value)}`,
        )
      }
      return describeIssue({ ...first, path: [...issue.path, ...first.path] }, attrs)
    }
    case 'too_small':
    case 'too_big':
      return problem(
        issue.message.startsWith('Too ') ? `${name} must ${boundOf(issue)}` : `${name} must be ${issue.message}`,
      )
    default:
      if (issue.path.length === 0) return problem(issue.message)
      // Schemas of resource types say what a value must be: 'an octal mode in quotes'.
      return problem(
        /^an? /.test(issue.message) ? `${name} must be ${issue.message}` : `${name}: ${lower(issue.message)}`,
      )
  }
}

function boundOf(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  const [way, limit] = issue.code === 'too_small' ? ['at least', issue.minimum] : ['at most', issue.maximum]
  if (issue.origin === 'number' || issue.origin === 'int') return `be ${way} ${limit}`
  const unit = issue.origin === 'string' ? 'character' : 'item'
  return `have ${way} ${limit} ${unit}${Number(limit) === 1 ? '' : 's'}`
}

function deepest(side: readonly z.core.$ZodIssue[]): number {
  return Math.max(0, ...side.map((issue) => issue.path.length))
}

function typeHint(name: string, expected: string, value: unknown): string | undefined {
  if (/(^|\.)mode$|Mode$/.test(name) && typeof value === 'number') {
    return `Write the mode in quotes, with a leading 0: "${String(value).padStart(4, '0')}".`
  }
  if (expected === 'string' && (typeof value === 'number' || typeof value === 'boolean'))
    return `Put it in quotes: "${value}".`
  if (expected === 'array' && typeof value === 'string' && value.length < 100)
    return `Write a list: [${value.trim().split(/\s+/).join(', ')}].`
  if (expected === 'boolean' && typeof value === 'string')
    return 'Write true or false, without quotes; yes and no are texts.'
  return undefined
}

function fieldOf(from: unknown, key: PropertyKey): unknown {
  return typeof from === 'object' && from !== null && Object.hasOwn(from, key) ? Reflect.get(from, key) : undefined
}

function show(value: unknown): string {
  if (typeof value === 'string') return value.length > 40 ? `'${value.slice(0, 37)}...'` : `'${value}'`
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' && value !== null ? 'a map' : String(value)
}

function lower(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1)
}
