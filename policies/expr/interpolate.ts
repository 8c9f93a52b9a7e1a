import { PolicyError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { Value } from '../model.ts'
import { BoundedCache } from './cache.ts'
import { expression, type Expression } from './expression.ts'
import type { Reference } from './nodes.ts'
import type { Scope } from './run.ts'
import { toText, toValue } from './value.ts'

/** A text with `${...}` in it, parsed: literal parts and expressions in order. */
export interface Interpolation {
  readonly text: string
  readonly parts: readonly (string | Expression)[]
  /** Names used by all its expressions, with offsets into `text`. */
  readonly references: readonly Reference[]
}

const cache = new BoundedCache<Interpolation>(LIMITS.exprCache)

/** Whether anything in `value`, however deep, is still to be evaluated. */
export function isDynamic(value: Value): boolean {
  if (typeof value === 'string') return value.includes('${')
  if (typeof value !== 'object' || value === null) return false
  return Object.values(value).some(isDynamic)
}

/**
 * Parses a text with `${...}`; `$${` stands for a literal `${`.
 *
 * @throws PolicyError E_EXPR with an offset into `text`
 */
export function interpolation(text: string): Interpolation {
  return cache.get(text, parseInterpolation)
}

function parseInterpolation(text: string): Interpolation {
  const parts: (string | Expression)[] = []
  const references: Reference[] = []
  let literal = ''
  let at = 0
  while (at < text.length) {
    const next = text.indexOf('${', at)
    if (next < 0) break
    if (text[next - 1] === '$' && next - 1 >= at) {
      literal += text.slice(at, next - 1) + '${'
      at = next + 2
      continue
    }
    literal += text.slice(at, next)
    if (literal !== '') parts.push(literal)
    literal = ''
    const end = findEnd(text, next + 2)
    const compiled = compileAt(text.slice(next + 2, end), next + 2)
    parts.push(compiled)
    references.push(...compiled.references.map((reference) => ({ ...reference, offset: reference.offset + next + 2 })))
    at = end + 1
  }
  literal += text.slice(at)
  if (literal !== '') parts.push(literal)
  return { text, parts, references }
}

/** Offset of the `}` that ends the expression starting at `from`; braces of maps and in texts do not count. */
function findEnd(text: string, from: number): number {
  let depth = 0
  let quote = ''
  for (let at = from; at < text.length; at++) {
    const char = text[at]
    if (quote !== '') {
      if (char === '\\') at++
      else if (char === quote) quote = ''
    } else if (char === "'" || char === '"') quote = char
    else if (char === '{') depth++
    else if (char === '}' && depth-- === 0) return at
  }
  throw new PolicyError('E_EXPR', `the expression that starts with '\${${text.slice(from, from + 20)}' has no end`, {
    offset: from - 2,
    hint: 'Close it with }, or write $${ for a literal ${.',
  })
}

function compileAt(text: string, offset: number): Expression {
  if (text.trim() === '') {
    throw new PolicyError('E_EXPR', 'there is nothing between ${ and }', {
      offset,
      hint: 'Write $${ for a literal ${.',
    })
  }
  try {
    return expression(text, 'value')
  } catch (error) {
    throw error instanceof PolicyError ? moved(error, offset) : error
  }
}

function moved(error: PolicyError, by: number): PolicyError {
  const hint = error.hint === undefined ? {} : { hint: error.hint }
  return new PolicyError(error.code, error.message, { offset: (error.offset ?? 0) + by, ...hint })
}

/**
 * The value of a text: what its only `${...}` gives, with its type; otherwise text with every expression converted.
 *
 * @throws PolicyError E_EXPR, E_EXPR_LIMIT
 */
export function evaluateText(text: string, scope: Scope): Value {
  if (!text.includes('${')) return text
  const { parts } = interpolation(text)
  const [first] = parts
  if (parts.length === 1 && first !== undefined && typeof first !== 'string') {
    return quoting(first, () => toValue(first.evaluate(scope)))
  }
  let result = ''
  for (const part of parts) {
    result += typeof part === 'string' ? part : quoting(part, () => toText(part.evaluate(scope)))
    if (result.length > LIMITS.exprTextChars) {
      throw new PolicyError('E_EXPR_LIMIT', `the text grows beyond ${LIMITS.exprTextChars} characters`)
    }
  }
  return result
}

/** As `evaluateText`, for what can only be text: names, keys, paths. */
export function evaluateToText(text: string, scope: Scope): string {
  return toText(evaluateText(text, scope))
}

/** Names the expression in its errors: where only a value was wanted, the reader sees no expression around. */
function quoting<T>(part: Expression, evaluate: () => T): T {
  try {
    return evaluate()
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    const fields = error.hint === undefined ? {} : { hint: error.hint }
    throw new PolicyError(error.code, `\${${shorten(part.text)}}: ${error.message}`, fields)
  }
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}

/** Evaluates every text in `value`, however deep. Keys stay as they are written. */
export function evaluateDeep(value: Value, scope: Scope): Value {
  if (typeof value === 'string') return evaluateText(value, scope)
  if (typeof value !== 'object' || value === null) return value
  if (isArray(value)) return value.map((item) => evaluateDeep(item, scope))
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, evaluateDeep(item, scope)]))
}

function isArray(value: readonly Value[] | { readonly [key: string]: Value }): value is readonly Value[] {
  return Array.isArray(value)
}
