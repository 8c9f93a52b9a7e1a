import type { ASTNode } from '@marcbachmann/cel-js'
import { PolicyError } from '../errors.ts'
import { didYouMean } from './suggest.ts'
import { isList, isMap, kindOf, type ExprValue } from './value.ts'

/** An error at the place of a node. */
export function failAt(node: ASTNode, message: string, hint?: string): PolicyError {
  return new PolicyError('E_EXPR', message, hint === undefined ? { offset: node.start } : { offset: node.start, hint })
}

/**
 * A field of a map by its own name, or an item of a list by its position; never anything inherited.
 *
 * @param absentIsNull what the null rule of conditions, and `has`, ask for
 * @param what the value as it is written, for the message
 * @throws PolicyError E_EXPR if it is not there
 */
export function readField(
  from: ExprValue,
  field: ExprValue,
  absentIsNull: boolean,
  node: ASTNode,
  what: string,
): ExprValue {
  if (isMap(from) && typeof field === 'string') {
    const value = Object.hasOwn(from, field) ? from[field] : undefined
    if (value !== undefined) return value
    if (absentIsNull) return null
    throw failAt(
      node,
      `${what} has no '${field}'.${didYouMean(field, Object.keys(from))}`,
      `Test with has(${what}.${field}).`,
    )
  }
  if (isList(from) && typeof field === 'number') {
    const value = from[field]
    if (value !== undefined) return value
    if (absentIsNull) return null
    throw failAt(node, `${what} has ${from.length} items, none at position ${field}`)
  }
  if (absentIsNull) return null
  throw failAt(node, `${what} is ${kindOf(from)} and has no '${typeof field === 'object' ? '?' : field}'`)
}
