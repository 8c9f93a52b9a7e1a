import type { ASTNode } from '@marcbachmann/cel-js'
import { PolicyError } from '../errors.ts'
import type { NodeContext, Value } from '../model.ts'
import { expression, expressionOf, parseExpression } from './expression.ts'
import type { Scope } from './run.ts'
import { nodeScope } from './selector.ts'
import { isMap, toValue, type ExprValue } from './value.ts'

/** One part of a condition and what it gives for a node. */
export interface Term {
  readonly text: string
  readonly holds: boolean
  /** Why it cannot be told; such a term does not hold. */
  readonly error?: PolicyError
  /** How the terms below make up this one: all of them, any, or the opposite of one. Absent for a term by itself. */
  readonly joins?: 'all' | 'any' | 'not'
  readonly terms: readonly Term[]
  /** What the names in a term by itself are for this node: `labels.role`; undefined if the node has none. */
  readonly values: readonly { readonly name: string; readonly value: Value | undefined }[]
}

/**
 * Takes a condition apart at `&&`, `||` and `!`, and says of each part whether it holds for a node: why a policy is not
 * for it, or is.
 *
 * @throws PolicyError E_EXPR, E_EXPR_LIMIT if it does not compile
 */
export function whyNot(select: string, context: NodeContext): Term {
  return termsOf(select, nodeScope(context))
}

/** As `whyNot`, for a condition that uses more than the names of a node: the `when` of a resource. */
export function termsOf(condition: string, scope: Scope): Term {
  expression(condition, 'condition')
  return termOf(parseExpression(condition), condition, scope)
}

function termOf(node: ASTNode, text: string, scope: Scope): Term {
  const own = evaluated(node, text, scope)
  if (node.op === '&&' || node.op === '||') {
    const terms = partsOf(node, node.op).map((part) => termOf(part, text, scope))
    return { ...own, joins: node.op === '&&' ? 'all' : 'any', terms, values: [] }
  }
  if (node.op === '!_') return { ...own, joins: 'not', terms: [termOf(node.args, text, scope)], values: [] }
  return own
}

/** `a && b && c` as three parts, in whatever way they are nested. */
function partsOf(node: ASTNode, op: '&&' | '||'): readonly ASTNode[] {
  if (node.op !== '&&' && node.op !== '||') return [node]
  return node.op === op ? node.args.flatMap((side) => partsOf(side, op)) : [node]
}

function evaluated(node: ASTNode, whole: string, scope: Scope): Term {
  const text = textOf(node, whole)
  const compiled = expressionOf(node, whole, 'condition')
  const names = new Map(compiled.references.map(({ root, field }) => [`${root}.${field ?? ''}`, { root, field }]))
  const values = [...names.values()].map(({ root, field }) => ({
    name: field === undefined ? root : `${root}.${field}`,
    value: valueAt(scope, root, field),
  }))
  try {
    return { text, holds: compiled.test(scope), terms: [], values }
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    return { text, holds: false, error, terms: [], values }
  }
}

/** A term as it is written. The parser leaves out parentheses at its ends: those that belong to it are put back. */
function textOf({ start, end }: ASTNode, whole: string): string {
  let open = 0
  let missing = 0
  let quote = ''
  for (let at = start; at < end; at++) {
    const char = whole[at] ?? ''
    if (quote !== '') {
      if (char === '\\') at++
      else if (char === quote) quote = ''
    } else if (char === "'" || char === '"') quote = char
    else if (char === '(') open++
    else if (char === ')' && open-- === 0) {
      missing++
      open = 0
    }
  }
  return '('.repeat(missing) + whole.slice(start, end) + ')'.repeat(open)
}

function valueAt(scope: Scope, root: string, field: string | undefined): Value | undefined {
  const from: ExprValue | undefined = Object.hasOwn(scope, root) ? scope[root] : undefined
  if (from === undefined || field === undefined) return from === undefined ? undefined : toValue(from)
  const value = isMap(from) && Object.hasOwn(from, field) ? from[field] : undefined
  return value === undefined ? undefined : toValue(value)
}
